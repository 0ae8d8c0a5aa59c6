"""What a provider's answer to a placement does to the coupon and to the hold."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bets import combinations
from bets.models import ODDS_LIMIT, BetItem, Coupon, CouponStatus, FlagKind, TimelineKind
from bets.services import plain_words
from bets.services.coupon import money
from bets.services.coupon.batch import Batch, Cause
from providers import services as providers
from providers.contract import Accepted, NotSent, Rejected, Unknown
from providers.models import ProviderAccount
from wallets.currencies import MAX_AMOUNT, check_amount, exponent
from wallets.services import LedgerError

ASK_AGAIN = timedelta(minutes=15)
_DEFAULT_RESULT_DUE_H = 72
_LONGEST_CODE = 100


def accept_now(coupon: Coupon, answer: Accepted, *, cause: Cause, reason: str = "") -> None:
    """Accept a locked coupon: its hold becomes our stake. Writes at once.

    The caller has locked the reference before the coupon, so that what comes in for the bet at
    this moment finds it.
    """
    batch = Batch(cause)
    leave_queue(batch, coupon)
    coupon.provider_reference = answer.reference
    notes = [*_take_taxes(coupon, answer), *_take_terms(coupon, answer)]
    coupon.accepted_at = cause.now
    coupon.resolve_after = cause.now + result_due(coupon.account)
    batch.transfers += money.capture(coupon, actor=cause.actor)
    told = " ".join(filter(None, (reason, *answer.notes, *notes)))
    batch.move(coupon, CouponStatus.ACCEPTED, TimelineKind.ACCEPTED, reason=told)
    batch.post()
    batch.write()


def leave_queue(batch: Batch, coupon: Coupon) -> None:
    """Who was flagged for want of an answer has no time any more at which to be asked about."""
    waits = coupon.status == CouponStatus.UNKNOWN and coupon.resolve_after is None
    batch.close_flags(coupon, FlagKind.UNKNOWN_OVERDUE, why="There is an answer.", only_if=waits)


def take_terms_now(coupon: Coupon, answer: Accepted, *, cause: Cause) -> None:
    """The provider's yes to a coupon that its wallet call has accepted already: no money moves.

    The terms are what only this answer tells. Taxes stay as they were booked.
    """
    batch = Batch(cause)
    notes = _take_terms(coupon, answer)
    batch.changed[coupon.pk] = coupon
    told = " ".join(("The provider's answer confirms the bet.", *answer.notes, *notes))
    batch.note(coupon, TimelineKind.NOTE, reason=told)
    batch.write()


def reject_now(coupon: Coupon, answer: Rejected | NotSent, *, cause: Cause) -> None:
    """Reject a locked coupon and give its hold back. Writes at once."""
    batch = Batch(cause)
    leave_queue(batch, coupon)
    coupon.rejection = rejection(answer)
    coupon.resolve_after = None
    batch.transfers.append(money.release(coupon, actor=cause.actor, reason=answer.message))
    batch.move(coupon, CouponStatus.REJECTED, TimelineKind.REJECTED, reason=answer.message)
    batch.post()
    batch.write()


def leave_unknown_now(coupon: Coupon, answer: Unknown, *, cause: Cause) -> None:
    """No clear answer: the stake stays held until there is one.

    Where asking the provider cannot help, it is for staff at once.
    """
    batch = Batch(cause)
    coupon.resolve_after = max(cause.now, first_asked_at(coupon) or cause.now + ASK_AGAIN)
    batch.move(coupon, CouponStatus.UNKNOWN, TimelineKind.UNKNOWN, reason=answer.reason)
    if answer.final:
        coupon.resolve_after = None
        batch.flag(coupon, FlagKind.UNKNOWN_OVERDUE, answer.reason)
    batch.write()


def flag_late_acceptance(coupon: Coupon, answer: Accepted, *, cause: Cause) -> None:
    """A yes for a coupon that is closed moves nothing; staff see the bet at the provider."""
    batch = Batch(cause)
    detail = f"The provider took the bet as {answer.reference}; the coupon is {coupon.status}."
    batch.flag(coupon, FlagKind.LATE_ACCEPTANCE, detail)
    batch.write()


def flag_contradiction(coupon: Coupon, answer: Rejected | NotSent, *, cause: Cause) -> None:
    """A no to a bet that the provider has taken moves nothing; staff find out which holds."""
    batch = Batch(cause)
    detail = (
        f"The provider's answer says that there is no bet ({answer.code}: {answer.message}), "
        f"but the coupon is {coupon.status}."
    )
    batch.flag(coupon, FlagKind.CONTRADICTION, detail)
    batch.write()


def first_asked_at(coupon: Coupon) -> datetime | None:
    """When the provider is first asked what became of a coupon; `None` if it cannot be."""
    after_s = providers.resolve_after_s(account=coupon.account)
    return None if after_s is None else coupon.placed_at + timedelta(seconds=after_s)


def rejection(answer: Rejected | NotSent) -> dict[str, Any]:
    """The reason of a rejection as it is stored and shown; odds and amounts are strings."""
    words = plain_words.for_partners(answer) if isinstance(answer, NotSent) else answer.message
    stored: dict[str, Any] = {
        "code": answer.code,
        "message": words,
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


def _take_taxes(coupon: Coupon, answer: Accepted) -> list[str]:
    """Keep what the provider says of the taxes in the stake, before it is captured."""
    if answer.excise and not _can_be_booked(answer.excise, coupon):
        return [f"The stated excise of {answer.excise} cannot be booked."]
    coupon.excise = answer.excise
    if answer.stake_at_risk and _can_be_booked(answer.stake_at_risk, coupon, whole=True):
        coupon.stake_at_risk = answer.stake_at_risk
    return []


def _can_be_booked(part: Decimal, coupon: Coupon, *, whole: bool = False) -> bool:
    """A part of the stake in the currency's decimals; all of it only if `whole`."""
    try:
        check_amount(part, coupon.currency)
    except LedgerError:
        return False
    stake = Decimal(coupon.stake)
    return part <= stake if whole else part < stake


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
    coupon.odds = terms.odds
    coupon.payout_limit = limit or coupon.payout_limit
    coupon.potential_payout = limit or terms.potential_payout
    coupon.provider_code = answer.provider_code[:_LONGEST_CODE] or coupon.provider_code
    return notes


@dataclass(frozen=True, slots=True)
class _Terms:
    """Odds are `None` where neither side names any."""

    item_odds: list[Decimal | None]
    odds: Decimal | None
    potential_payout: Decimal | None

    @property
    def can_be_kept(self) -> bool:
        odds = [each for each in (self.odds, *self.item_odds) if each is not None]
        if self.potential_payout is not None and self.potential_payout > MAX_AMOUNT:
            return False
        return all(1 <= each < ODDS_LIMIT for each in odds)


def _terms(coupon: Coupon, items: list[BetItem], answer: Accepted) -> _Terms:
    """The terms that an answer states, ours where it says nothing."""
    stated = answer.item_odds or (None,) * len(items)
    item_odds = [
        odds or item.accepted_odds or item.requested_odds
        for item, odds in zip(items, stated, strict=True)
    ]
    size = coupon.system_size
    all_odds = [odds for odds in item_odds if odds is not None]
    if answer.odds is not None:
        all_odds, size = [answer.odds], None
    elif not all_odds or len(all_odds) < len(items):
        return _Terms(item_odds, coupon.odds, coupon.potential_payout)
    return _Terms(
        item_odds=item_odds,
        odds=combinations.total_odds(odds=all_odds, system_size=size),
        potential_payout=combinations.potential_payout(
            stake=coupon.stake_at_risk or coupon.stake,
            odds=all_odds,
            system_size=size,
            decimals=exponent(coupon.currency),
        ),
    )
