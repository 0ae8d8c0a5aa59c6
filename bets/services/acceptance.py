"""What a provider's answer to a placement does to the coupon and to the hold."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from bets import combinations
from bets.models import BetItem, Coupon, CouponStatus, FlagKind, TimelineKind
from bets.services import locks, money
from bets.services.batch import Batch, Cause
from providers.contract import Accepted, NotSent, Rejected, Unknown
from providers.models import ProviderAccount
from wallets.currencies import exponent

ASK_AGAIN = timedelta(minutes=15)
_DEFAULT_RESULT_DUE_H = 72


def accept_now(coupon: Coupon, answer: Accepted, *, cause: Cause, reason: str = "") -> None:
    """Accept a locked coupon: its hold becomes our stake. Writes at once."""
    batch = Batch(cause)
    locks.lock_references(account_id=coupon.account_id, keys=[(answer.reference, coupon.game)])
    coupon.provider_reference = answer.reference
    _take_terms(coupon, answer)
    coupon.accepted_at = cause.now
    coupon.resolve_after = cause.now + result_due(coupon.account)
    batch.transfers.append(money.capture(coupon, actor=cause.actor))
    told = " ".join(filter(None, (reason, *answer.notes)))
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


def _take_terms(coupon: Coupon, answer: Accepted) -> None:
    """Read back what was really accepted: odds of each item, total odds, potential payout."""
    items = list(coupon.items.all())
    accepted = answer.item_odds or (None,) * len(items)
    for item, odds in zip(items, accepted, strict=False):
        item.accepted_odds = odds or item.requested_odds
    BetItem.objects.bulk_update(items, ["accepted_odds"])
    all_odds, size = [Decimal(item.accepted_odds or 1) for item in items], coupon.system_size
    if answer.odds is not None:
        all_odds, size = [answer.odds], None
    coupon.odds = combinations.total_odds(odds=all_odds, system_size=size)
    coupon.payout_limit = answer.potential_payout
    coupon.potential_payout = answer.potential_payout or combinations.potential_payout(
        stake=coupon.stake,
        odds=all_odds,
        system_size=size,
        decimals=exponent(coupon.currency),
    )
