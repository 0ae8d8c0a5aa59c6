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
from bets.services.coupon import acceptance, money
from bets.services.coupon.batch import Batch
from providers.contract import Effect, Rollback, Settle, Verdict
from wallets.currencies import MAX_AMOUNT, exponent, format_amount, format_stated

_CLOSED = (CouponStatus.REJECTED, CouponStatus.RETURNED)
# The results that are winnings: a tax may be kept back from them.
_TAXED = (Result.WON, Result.PARTLY_REFUNDED)


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
        """The date of the newest result that was applied or withdrawal."""
        dates = [
            version.dated_at
            for version in self.versions
            if version.dated_at and version.disposition != Disposition.SUPERSEDED
        ]
        return max(dates, default=None)

    def was_withdrawn_at(self, dated_at: datetime | None) -> bool:
        """Whether a withdrawal of this very date is known, so that one like it is its repeat."""
        return dated_at is not None and any(
            version.disposition == Disposition.WITHDRAWN and version.dated_at == dated_at
            for version in self.versions
        )

    def and_then(self, version: Settlement) -> "History":
        return History((*self.versions, version))


@dataclass(frozen=True, slots=True)
class Graded:
    """A result, what it pays in all and the tax kept back, in the coupon's currency."""

    result: Result
    payout: Decimal
    withholding: Decimal = Decimal(0)


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
    result = Result(command.verdict.value)
    payout = _readable("payout", _payout(coupon, command), coupon.currency)
    if result is Result.PARTLY_REFUNDED and payout == coupon.stake:
        result = Result.REFUNDED
    if result is Result.REFUNDED and payout != coupon.stake:
        result = Result.PARTLY_REFUNDED
    if result not in _TAXED or command.withholding is None:
        return Graded(result, payout)
    kept_back = _readable("withholding tax", command.withholding, coupon.currency)
    return Graded(result, payout, kept_back)


def _readable(what: str, amount: Decimal | None, currency: str) -> Decimal:
    if amount is None or not amount.is_finite() or amount < 0:
        raise PayoutUnreadable(f"the result does not say what it pays: {what}")
    if amount > MAX_AMOUNT:
        raise PayoutUnreadable(f"the {what} {amount} is more than the ledger keeps")
    if amount != amount.quantize(_step(currency)):
        raise PayoutUnreadable(f"the {what} {amount} has more decimals than {currency} has")
    return amount


def _payout(coupon: Coupon, command: Settle) -> Decimal | None:
    """Half up is the one rounding that the wire asks for, where a fixed amount was sent."""
    if command.verdict is Verdict.LOST and command.payout is None:
        return Decimal(0)
    if command.verdict is Verdict.REFUNDED and command.payout is None:
        return Decimal(coupon.stake)
    if command.payout_rule == "payout":
        return command.payout
    stake = Decimal(coupon.stake)
    told = _told_stake(coupon, command)
    if command.sent_payout is None or told in (None, stake):
        return command.sent_payout
    if command.payout_rule == "stake_times_odds":
        exact = stake * Decimal(coupon.odds or 1)
    else:
        exact = command.sent_payout * stake / told
    return exact.quantize(_step(coupon.currency), rounding=ROUND_HALF_UP)


def _told_stake(coupon: Coupon, command: Settle) -> Decimal | None:
    """What the provider was told at the placement, and only else what it is told by now."""
    told: Decimal | None = coupon.told_stake
    return command.sent_stake if told is None else told


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
    return _other_stake(coupon, command)


def _other_stake(coupon: Coupon, command: Settle) -> tuple[FlagKind, str] | None:
    """A refund of another stake than was taken would pay what nobody has bet."""
    refunded = command.verdict is Verdict.REFUNDED and command.payout_rule == "payout"
    if not refunded or command.sent_stake in (None, coupon.stake):
        return None
    detail = f"The result refunds a stake of {command.sent_stake}, the coupon's is {coupon.stake}."
    return FlagKind.RESULT_UNCLEAR, detail


def too_high(coupon: Coupon, graded: Graded) -> str:
    """What to tell staff when a result pays more than the provider said it could."""
    limit = coupon.payout_limit
    if limit is None or graded.payout <= limit:
        return ""
    return (
        f"The result pays {format_amount(graded.payout, coupon.currency)} {coupon.currency}, "
        f"above the potential payout of {format_stated(limit, coupon.currency)} {coupon.currency}."
    )


def settle(
    batch: Batch, coupon: Coupon, history: History, graded: Graded, command: Settle
) -> tuple[Effect, History]:
    """Apply a result to an accepted or settled coupon, unless it is a repeat or outdated."""
    if coupon.status == CouponStatus.SETTLED and _is_same(coupon, graded):
        return Effect.REPEATED, _repeat(batch, coupon, history, graded, command)
    if is_outdated(batch, history, command):
        return Effect.SUPERSEDED, _supersede(batch, coupon, history, graded, command)
    return settle_anyway(batch, coupon, history, graded, command)


def settle_anyway(
    batch: Batch, coupon: Coupon, history: History, graded: Graded, command: Settle
) -> tuple[Effect, History]:
    """Apply a result whatever came before: staff's word, or the sum of wallet transactions.

    A result that the coupon has already is a repeat.
    """
    again = coupon.status == CouponStatus.SETTLED
    if again and _is_same(coupon, graded):
        return Effect.REPEATED, history
    if again:
        batch.transfers += money.reverse(
            coupon, version=coupon.settlement_version, actor=batch.cause.actor
        )
    row = _version(batch, coupon, history, graded, command, Disposition.APPLIED)
    _take_result(coupon, graded, version=row.version)
    coupon.settled_at = batch.cause.now
    batch.close_flags(
        coupon,
        FlagKind.RESULT_OVERDUE,
        why="The coupon is settled.",
        # Only the sweep takes the time away, and flags the coupon.
        only_if=coupon.resolve_after is None,
    )
    coupon.resolve_after = None
    batch.transfers += money.credit(coupon, version=row.version, actor=batch.cause.actor)
    _tell(batch, coupon, graded, again=again)
    return Effect.APPLIED, history.and_then(row)


def _take_result(coupon: Coupon, graded: Graded, *, version: int) -> None:
    coupon.result, coupon.payout = graded.result, graded.payout
    coupon.withholding = graded.withholding or None
    coupon.settlement_version = version


def _tell(batch: Batch, coupon: Coupon, graded: Graded, *, again: bool) -> None:
    paid = f"{graded.result.label}, pays {format_amount(graded.payout, coupon.currency)}"
    reason = f"{paid} {coupon.currency}"
    if again:
        batch.changed[coupon.pk] = coupon
        batch.note(coupon, TimelineKind.RESETTLED, reason=reason)
    else:
        batch.move(coupon, CouponStatus.SETTLED, TimelineKind.SETTLED, reason=reason)


def is_outdated(batch: Batch, history: History, command: Settle | Rollback) -> bool:
    """Older by the provider's date or, where the dates do not tell, by its arrival here."""
    if command.dated_at and history.dated_at and command.dated_at != history.dated_at:
        return command.dated_at < history.dated_at
    came, last = batch.cause.received_at, history.received_at
    return came is not None and last is not None and came < last


def _is_same(coupon: Coupon, graded: Graded) -> bool:
    standing = (coupon.result, coupon.payout, coupon.withholding or 0)
    return standing == (graded.result, graded.payout, graded.withholding)


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
        withholding=graded.withholding,
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


def withdraw(
    batch: Batch,
    coupon: Coupon,
    history: History,
    *,
    reason: str,
    dated_at: datetime | None = None,
) -> History:
    """Take a settled coupon's result back; it is accepted again and waits for another."""
    batch.transfers += money.reverse(
        coupon, version=coupon.settlement_version, actor=batch.cause.actor
    )
    row = _withdrawal(batch, coupon, history, reason, dated_at)
    _drop_result(coupon)
    coupon.settled_at = None
    coupon.resolve_after = batch.cause.now + acceptance.result_due(coupon.account)
    batch.move(coupon, CouponStatus.ACCEPTED, TimelineKind.ROLLED_BACK, reason=reason)
    return history.and_then(row)


def withdraw_unseen(
    batch: Batch, coupon: Coupon, history: History, *, reason: str, dated_at: datetime | None
) -> History:
    """Remember that the provider withdrew a result which an accepted coupon does not have yet.

    Its amounts may still be asked for, or it is on its way: it is outdated once it is here.
    """
    row = _withdrawal(batch, coupon, history, reason, dated_at)
    coupon.settlement_version = row.version
    batch.changed[coupon.pk] = coupon
    batch.note(coupon, TimelineKind.NOTE, reason=f"A result was withdrawn before it came. {reason}")
    return history.and_then(row)


def _withdrawal(
    batch: Batch, coupon: Coupon, history: History, reason: str, dated_at: datetime | None
) -> Settlement:
    row = Settlement(
        coupon=coupon,
        version=history.next_version,
        disposition=Disposition.WITHDRAWN,
        dated_at=dated_at,
        received_at=batch.cause.received_at,
        actor=batch.cause.actor,
        reason=reason,
        delivery_id=batch.cause.delivery_id,
        created_at=batch.cause.now,
    )
    batch.settlements.append(row)
    return row


def return_stake(batch: Batch, coupon: Coupon, *, reason: str) -> None:
    """Void an accepted or settled coupon: undo what it paid and give the stake back."""
    actor = batch.cause.actor
    if coupon.result != Result.REFUNDED:
        batch.transfers += money.reverse(coupon, version=coupon.settlement_version, actor=actor)
        batch.transfers += money.void(coupon, actor=actor, reason=reason)
    _drop_result(coupon)
    coupon.resolve_after = None
    batch.move(coupon, CouponStatus.RETURNED, TimelineKind.RETURNED, reason=reason)


def _drop_result(coupon: Coupon) -> None:
    coupon.result, coupon.payout, coupon.withholding = Result.NONE, None, None
