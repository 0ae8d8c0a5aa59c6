"""What a result does to a coupon: settle, settle again, withdraw, return, keep or flag.

The coupons are locked by the caller. Nothing is written here: changes and transfers are collected
in a `Batch`, so that one statement per table serves any number of coupons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext

from bets.models import (
    Coupon,
    CouponStatus,
    Disposition,
    FlagKind,
    Result,
    Settlement,
    TimelineKind,
)
from bets.services import money
from bets.services.batch import Batch
from providers.contract import Effect, Settle, Verdict
from wallets.currencies import MAX_AMOUNT, exponent, format_amount

_CLOSED = (CouponStatus.REJECTED, CouponStatus.RETURNED)


class PayoutUnreadable(Exception):
    """A result does not say what it pays in a way that the currency can express."""


@dataclass(frozen=True, slots=True)
class History:
    """The versions of one coupon's result so far, oldest first."""

    versions: Sequence[Settlement] = ()

    @property
    def next_version(self) -> int:
        return self.versions[-1].version + 1 if self.versions else 1

    @property
    def received_at(self) -> datetime | None:
        """When the result that stands came in."""
        times = [
            version.received_at
            for version in self.versions
            if version.received_at and version.disposition != Disposition.SUPERSEDED
        ]
        return max(times, default=None)

    @property
    def dated_at(self) -> datetime | None:
        """The date of the newest applied result."""
        dates = [
            version.dated_at
            for version in self.versions
            if version.dated_at and version.disposition == Disposition.APPLIED
        ]
        return max(dates, default=None)

    def and_then(self, version: Settlement) -> "History":
        return History((*self.versions, version))


@dataclass(frozen=True, slots=True)
class Graded:
    """A result and what it pays in all, in the coupon's currency."""

    result: Result
    payout: Decimal


def histories(coupons: Sequence[Coupon]) -> dict[object, History]:
    """The settlement versions of these coupons, in one query."""
    rows: dict[object, list[Settlement]] = {coupon.pk: [] for coupon in coupons}
    settled_before = [coupon.pk for coupon in coupons if coupon.settlement_version]
    if settled_before:
        found = Settlement.objects.filter(coupon_id__in=settled_before).order_by("version")
        for row in found:
            rows[row.coupon_id].append(row)
    return {key: History(versions) for key, versions in rows.items()}


def grade(coupon: Coupon, command: Settle) -> Graded:
    """Read the result and its payout out of a command.

    Raises PayoutUnreadable for an amount that is missing, negative, more than the ledger keeps,
    or has more decimals than the currency.
    """
    # The default precision cannot even round a stake multiplied by extreme odds.
    with localcontext(prec=80):
        return _grade(coupon, command)


def _grade(coupon: Coupon, command: Settle) -> Graded:
    result, payout = Result(command.verdict.value), _payout(coupon, command)
    if payout is None or not payout.is_finite() or payout < 0:
        raise PayoutUnreadable("the result does not say what it pays")
    if payout > MAX_AMOUNT:
        raise PayoutUnreadable(f"the payout {payout} is more than the ledger keeps")
    if payout != payout.quantize(_step(coupon.currency)):
        raise PayoutUnreadable(f"the payout {payout} has more decimals than {coupon.currency} has")
    if result is Result.PARTLY_REFUNDED and payout == coupon.stake:
        result = Result.REFUNDED
    if result is Result.REFUNDED and payout != coupon.stake:
        result = Result.PARTLY_REFUNDED
    return Graded(result, payout)


def _payout(coupon: Coupon, command: Settle) -> Decimal | None:
    """Half up is the one rounding that the wire asks for, where a fixed amount was sent."""
    if command.verdict is Verdict.LOST and command.payout is None:
        return Decimal(0)
    if command.verdict is Verdict.REFUNDED and command.payout is None:
        return Decimal(coupon.stake)
    step, stake = _step(coupon.currency), Decimal(coupon.stake)
    if command.payout_rule == "stake_times_odds":
        return (stake * Decimal(coupon.odds or 1)).quantize(step, rounding=ROUND_HALF_UP)
    if command.payout_rule == "scaled":
        if command.sent_payout is None or not command.sent_stake:
            return None
        exact = command.sent_payout * stake / command.sent_stake
        return exact.quantize(step, rounding=ROUND_HALF_UP)
    return command.payout


def _step(currency: str) -> Decimal:
    return Decimal(1).scaleb(-exponent(currency))


def refused_for(coupon: Coupon, command: Settle) -> tuple[FlagKind, str] | None:
    """Why a result must be seen by staff instead of being applied, if it must."""
    if coupon.status in _CLOSED:
        return (
            FlagKind.RESULT_FOR_CLOSED,
            f"A result ({command.verdict}) came for a coupon that is {coupon.status}.",
        )
    if command.flag or command.verdict is Verdict.UNCLEAR:
        return FlagKind.RESULT_UNCLEAR, f"The provider's result is unclear: {command.flag}."
    if command.currency and command.currency != coupon.currency:
        return (
            FlagKind.CURRENCY_MISMATCH,
            f"The result is in {command.currency}, the coupon in {coupon.currency}.",
        )
    return None


def too_high(coupon: Coupon, graded: Graded) -> str:
    """What to tell staff when a result pays more than the provider said it could."""
    limit = coupon.payout_limit
    if limit is None or graded.payout <= limit:
        return ""
    return (
        f"The result pays {format_amount(graded.payout, coupon.currency)} {coupon.currency}, "
        # Providers state limits with more decimals than the currency has.
        f"above the potential payout of {limit.normalize():f}."
    )


def settle(
    batch: Batch, coupon: Coupon, history: History, graded: Graded, command: Settle
) -> tuple[Effect, History]:
    """Apply a result to an accepted or settled coupon."""
    if coupon.status == CouponStatus.SETTLED and _is_same(coupon, graded):
        return Effect.REPEATED, _repeat(batch, coupon, history, graded, command)
    if _is_outdated(batch, history, command):
        return Effect.SUPERSEDED, _supersede(batch, coupon, history, graded, command)
    again = coupon.status == CouponStatus.SETTLED
    if again:
        batch.transfers += money.reverse(
            coupon, version=coupon.settlement_version, actor=batch.cause.actor
        )
    row = _version(batch, coupon, history, graded, command, Disposition.APPLIED)
    coupon.result, coupon.payout = graded.result, graded.payout
    coupon.settled_at, coupon.settlement_version = batch.cause.now, row.version
    coupon.resolve_after = None
    batch.transfers += money.credit(coupon, version=row.version, actor=batch.cause.actor)
    _tell(batch, coupon, graded, again=again)
    return Effect.APPLIED, history.and_then(row)


def _tell(batch: Batch, coupon: Coupon, graded: Graded, *, again: bool) -> None:
    paid = f"{graded.result.label}, pays {format_amount(graded.payout, coupon.currency)}"
    reason = f"{paid} {coupon.currency}"
    if again:
        batch.changed[coupon.pk] = coupon
        batch.note(coupon, TimelineKind.RESETTLED, reason=reason)
    else:
        batch.move(coupon, CouponStatus.SETTLED, TimelineKind.SETTLED, reason=reason)


def _is_outdated(batch: Batch, history: History, command: Settle) -> bool:
    """Older by the provider's date or, where the dates do not tell, by its arrival here."""
    if command.dated_at and history.dated_at and command.dated_at != history.dated_at:
        return command.dated_at < history.dated_at
    came, last = batch.cause.received_at, history.received_at
    return came is not None and last is not None and came < last


def _is_same(coupon: Coupon, graded: Graded) -> bool:
    return coupon.result == graded.result and coupon.payout == graded.payout


def _supersede(
    batch: Batch, coupon: Coupon, history: History, graded: Graded, command: Settle
) -> History:
    row = _version(batch, coupon, history, graded, command, Disposition.SUPERSEDED)
    batch.note(
        coupon,
        TimelineKind.SUPERSEDED,
        reason=f"An older result ({graded.result.label}) came late and moves nothing.",
    )
    return history.and_then(row)


def _repeat(
    batch: Batch, coupon: Coupon, history: History, graded: Graded, command: Settle
) -> History:
    """A repeat moves nothing, but a newer date must be known to judge what comes late."""
    if command.dated_at is None or (history.dated_at and command.dated_at <= history.dated_at):
        return history
    row = _version(batch, coupon, history, graded, command, Disposition.APPLIED)
    return history.and_then(row)


def _version(
    batch: Batch,
    coupon: Coupon,
    history: History,
    graded: Graded,
    command: Settle,
    disposition: Disposition,
) -> Settlement:
    row = Settlement(
        coupon=coupon,
        version=history.next_version,
        disposition=disposition,
        result=graded.result,
        payout=graded.payout,
        raw_result=command.raw_result[:80],
        details=dict(command.details),
        dated_at=command.dated_at,
        received_at=batch.cause.received_at,
        actor=batch.cause.actor,
        reason=batch.cause.reason,
        delivery_id=batch.cause.delivery_id,
        created_at=batch.cause.now,
    )
    batch.settlements.append(row)
    return row


def withdraw(batch: Batch, coupon: Coupon, history: History, *, reason: str) -> History:
    """Take a settled coupon's result back; it is accepted again and waits for another."""
    batch.transfers += money.reverse(
        coupon, version=coupon.settlement_version, actor=batch.cause.actor
    )
    row = Settlement(
        coupon=coupon,
        version=history.next_version,
        disposition=Disposition.WITHDRAWN,
        received_at=batch.cause.received_at,
        actor=batch.cause.actor,
        reason=reason,
        delivery_id=batch.cause.delivery_id,
        created_at=batch.cause.now,
    )
    batch.settlements.append(row)
    coupon.result, coupon.payout, coupon.settled_at = Result.NONE, None, None
    batch.move(coupon, CouponStatus.ACCEPTED, TimelineKind.ROLLED_BACK, reason=reason)
    return history.and_then(row)


def return_stake(batch: Batch, coupon: Coupon, *, reason: str) -> None:
    """Void an accepted or settled coupon: undo what it paid and give the stake back."""
    actor = batch.cause.actor
    if coupon.result != Result.REFUNDED:
        batch.transfers += money.reverse(coupon, version=coupon.settlement_version, actor=actor)
        batch.transfers.append(money.void(coupon, actor=actor, reason=reason))
    coupon.result, coupon.payout, coupon.resolve_after = Result.NONE, None, None
    batch.move(coupon, CouponStatus.RETURNED, TimelineKind.RETURNED, reason=reason)
