"""What staff settle themselves: a result that the provider did not send, or sent wrong."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from bets.models import Coupon, CouponStatus, Flag, FlagKind, Result
from bets.services.coupon import locks, settlement
from bets.services.coupon.batch import Batch, Cause
from bets.services.coupon.settlement import Graded
from providers.contract import Effect, Settle, Verdict
from wallets.currencies import check_amount, format_amount, format_stated
from wallets.services import LedgerError

RESULTS = (Result.WON, Result.LOST, Result.REFUNDED, Result.PARTLY_REFUNDED)
_SETTLES = (CouponStatus.ACCEPTED, CouponStatus.SETTLED)
_ANSWERS = (FlagKind.RESULT_OVERDUE, FlagKind.RESULT_UNCLEAR, FlagKind.PAYOUT_TOO_HIGH)


class NotSettled(Exception):
    """The coupon's state, or the ledger, does not allow it. Nothing was changed."""


@dataclass
class InvalidResult(Exception):
    """A result that contradicts itself; `field` is `result`, `payout`, `confirmed` or `reason`."""

    field: str
    message: str

    def __str__(self) -> str:
        return self.message


@transaction.atomic
def settle_by_hand(
    *,
    coupon_id: UUID,
    result: Result,
    payout: Decimal | None,
    reason: str,
    user: Any,
    now: datetime,
    confirmed: Decimal | None = None,
) -> Coupon:
    """Settle an accepted coupon, or a settled one anew, as staff say.

    `payout` is what the player gets in all, in the coupon's currency; for a lost or refunded
    coupon it may be left out. More than the potential payout is paid only if `confirmed` names
    the same amount once more, and is flagged for somebody else than `user` to look at. A result
    of the provider that comes later is applied like any other. Raises Coupon.DoesNotExist,
    InvalidResult or NotSettled.
    """
    coupon = locks.lock_coupon(coupon_id)
    if coupon.status not in _SETTLES:
        raise NotSettled(f"Coupon {coupon.code} is {coupon.status}; it has no result.")
    if not reason.strip():
        raise InvalidResult("reason", "Say why.")
    graded = Graded(Result(result), _payout(coupon, result, payout))
    above = _above(coupon, graded)
    if above and confirmed != graded.payout:
        raise InvalidResult("confirmed", f"{above} Is it meant? Then enter the payout once more.")
    actor = f"staff:{user.get_username()}"
    batch = Batch(Cause(actor=actor, now=now, received_at=now, reason=reason))
    _settle(batch, coupon, graded, above, user)
    try:
        batch.post()
    except LedgerError as error:
        raise NotSettled(f"The ledger refused it: {error}") from error
    batch.write()
    return coupon


def _settle(batch: Batch, coupon: Coupon, graded: Graded, above: str, user: Any) -> None:
    history = settlement.histories([coupon])[coupon.pk]
    command = _command(coupon, graded)
    effect, _ = settlement.settle_anyway(batch, coupon, history, graded, command)
    # At once, so that the flag below, which may be of one of these kinds, is not closed with them.
    _close_answered(coupon, batch.cause, settled=effect is Effect.APPLIED)
    if above and effect is Effect.APPLIED:
        told = f"{above} It was paid by hand: somebody else should look at it."
        batch.flag(coupon, FlagKind.PAYOUT_TOO_HIGH, told, caused_by=user)


def _close_answered(coupon: Coupon, cause: Cause, *, settled: bool) -> None:
    """What these flags asked of staff is done. Saying the same again is no second pair of eyes."""
    answered = Flag.objects.filter(coupon=coupon, kind__in=_ANSWERS, resolved_at__isnull=True)
    if not settled:
        answered = answered.filter(caused_by__isnull=True)
    answered.update(resolved_at=cause.now, resolution=f"{cause.actor}: {cause.reason}")


def potential_payout(coupon: Coupon) -> Decimal | None:
    """The most that a coupon can pay as far as it is known, in its currency."""
    limit: Decimal | None = coupon.payout_limit
    return coupon.potential_payout if limit is None else limit


def _above(coupon: Coupon, graded: Graded) -> str:
    """What is said of a payout above the potential one; a returned stake is never that."""
    most = potential_payout(coupon)
    if most is None or graded.payout <= max(most, Decimal(coupon.stake)):
        return ""
    paid = f"{format_amount(graded.payout, coupon.currency)} {coupon.currency}"
    limit = f"{format_stated(most, coupon.currency)} {coupon.currency}"
    return f"{paid} is above the potential payout of {limit}."


def _payout(coupon: Coupon, result: Result, payout: Decimal | None) -> Decimal:
    stake = Decimal(coupon.stake)
    expected = {Result.LOST: Decimal(0), Result.REFUNDED: stake}.get(result)
    amount = expected if payout is None else payout
    if amount is None:
        raise InvalidResult("payout", "Say what the player gets in all.")
    if expected is not None and amount != expected:
        shown = format_amount(expected, coupon.currency)
        raise InvalidResult("payout", f"A {result.label} coupon pays {shown}.")
    if result not in RESULTS:
        raise InvalidResult("result", "A coupon is won, lost, refunded or partly refunded.")
    return _bookable(coupon, result, amount)


def _bookable(coupon: Coupon, result: Result, amount: Decimal) -> Decimal:
    if result is Result.LOST:
        return Decimal(0)
    if result is Result.PARTLY_REFUNDED and amount == coupon.stake:
        raise InvalidResult("result", "Who gets the whole stake back is refunded.")
    try:
        return check_amount(amount, coupon.currency)
    except LedgerError:
        message = f"It is a positive amount with the decimals of {coupon.currency}."
        raise InvalidResult("payout", message) from None


def _command(coupon: Coupon, graded: Graded) -> Settle:
    return Settle(
        reference=coupon.provider_reference or "",
        game=coupon.game,
        verdict=Verdict(graded.result.value),
        payout=graded.payout,
        raw_result="settled by hand",
    )
