"""What a provider's answer to a placement does to the coupon and to the hold."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bets import combinations
from bets.models import ODDS_LIMIT, BetItem, Coupon, CouponStatus, FlagKind, TimelineKind
from bets.services import locks, money
from bets.services.batch import Batch, Cause
from providers.contract import Accepted, NotSent, Rejected, Unknown
from providers.models import ProviderAccount
from wallets.currencies import MAX_AMOUNT, exponent

ASK_AGAIN = timedelta(minutes=15)
_DEFAULT_RESULT_DUE_H = 72


def accept_now(coupon: Coupon, answer: Accepted, *, cause: Cause, reason: str = "") -> None:
    """Accept a locked coupon: its hold becomes our stake. Writes at once."""
    batch = Batch(cause)
    locks.lock_references(account_id=coupon.account_id, keys=[(answer.reference, coupon.game)])
    coupon.provider_reference = answer.reference
    notes = _take_terms(coupon, answer)
    coupon.accepted_at = cause.now
    coupon.resolve_after = cause.now + result_due(coupon.account)
    batch.transfers.append(money.capture(coupon, actor=cause.actor))
    told = " ".join(filter(None, (reason, *answer.notes, *notes)))
    batch.move(coupon, CouponStatus.ACCEPTED, TimelineKind.ACCEPTED, reason=told)
    batch.post()
    batch.write()


def reject_now(coupon: Coupon, answer: Rejected | NotSent, *, cause: Cause) -> None:
    """Reject a locked coupon and give its hold back. Writes at once."""
    batch = Batch(cause)
    coupon.rejection = rejection(answer)
    coupon.resolve_after = None
    batch.transfers.append(money.release(coupon, actor=cause.actor, reason=answer.message))
    batch.move(coupon, CouponStatus.REJECTED, TimelineKind.REJECTED, reason=answer.message)
    batch.post()
    batch.write()


def leave_unknown_now(coupon: Coupon, answer: Unknown, *, cause: Cause) -> None:
    """No clear answer: the stake stays held until there is one."""
    batch = Batch(cause)
    coupon.resolve_after = cause.now + ASK_AGAIN
    batch.move(coupon, CouponStatus.UNKNOWN, TimelineKind.UNKNOWN, reason=answer.reason)
    batch.write()


def flag_late_acceptance(coupon: Coupon, answer: Accepted, *, cause: Cause) -> None:
    """A yes for a coupon that is closed moves nothing; staff see the bet at the provider."""
    batch = Batch(cause)
    detail = f"The provider took the bet as {answer.reference}; the coupon is {coupon.status}."
    batch.flag(coupon, FlagKind.LATE_ACCEPTANCE, detail)
    batch.write()


def rejection(answer: Rejected | NotSent) -> dict[str, Any]:
    """The reason of a rejection as it is stored and shown; odds and amounts are strings."""
    stored: dict[str, Any] = {
        "code": answer.code,
        "message": answer.message,
        "provider_code": "",
        "changed": [],
        "max_stake": None,
    }
    if isinstance(answer, Rejected):
        stored["provider_code"] = answer.provider_code
        stored["max_stake"] = None if answer.max_stake is None else f"{answer.max_stake:f}"
        stored["changed"] = [
            {
                "item": change.item,
                "requested": f"{change.requested:f}",
                "current": f"{change.current:f}",
            }
            for change in answer.changed
        ]
    return stored


def result_due(account: ProviderAccount) -> timedelta:
    """How long after its last event a coupon may be without a result."""
    try:
        return timedelta(hours=int(account.setting("result_due_h")))
    except KeyError:
        return timedelta(hours=_DEFAULT_RESULT_DUE_H)


def _take_terms(coupon: Coupon, answer: Accepted) -> list[str]:
    """Read back what was really accepted: odds of each item, total odds, potential payout.

    Gives a note for each stated term that could not be kept; ours stands in its place.
    """
    items, notes = list(coupon.items.all()), []
    terms = _terms(coupon, items, answer)
    if not terms.can_be_kept:
        notes.append("The accepted odds are beyond what is kept; the requested ones stand.")
        terms = _terms(coupon, items, Accepted(reference=answer.reference))
    for item, odds in zip(items, terms.item_odds, strict=True):
        item.accepted_odds = odds
    BetItem.objects.bulk_update(items, ["accepted_odds"])
    limit = answer.potential_payout
    if limit is not None and limit > MAX_AMOUNT:
        notes.append("The stated potential payout is beyond what is kept.")
        limit = None
    coupon.odds, coupon.payout_limit = terms.odds, limit
    coupon.potential_payout = limit or terms.potential_payout
    return notes


@dataclass(frozen=True, slots=True)
class _Terms:
    item_odds: list[Decimal]
    odds: Decimal
    potential_payout: Decimal

    @property
    def can_be_kept(self) -> bool:
        return (
            all(1 <= odds < ODDS_LIMIT for odds in (self.odds, *self.item_odds))
            and self.potential_payout <= MAX_AMOUNT
        )


def _terms(coupon: Coupon, items: list[BetItem], answer: Accepted) -> _Terms:
    """The terms that an answer states, ours where it says nothing."""
    stated = answer.item_odds or (None,) * len(items)
    item_odds = [
        odds or Decimal(item.requested_odds) for item, odds in zip(items, stated, strict=True)
    ]
    all_odds, size = item_odds, coupon.system_size
    if answer.odds is not None:
        all_odds, size = [answer.odds], None
    return _Terms(
        item_odds=item_odds,
        odds=combinations.total_odds(odds=all_odds, system_size=size),
        potential_payout=combinations.potential_payout(
            stake=coupon.stake,
            odds=all_odds,
            system_size=size,
            decimals=exponent(coupon.currency),
        ),
    )
