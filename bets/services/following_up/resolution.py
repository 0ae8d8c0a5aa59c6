"""Coupons that nothing happened to for too long, and what staff decide by hand."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from bets.models import Coupon, CouponStatus, Flag, FlagKind
from bets.services.coupon import acceptance, debts, locks, results, settlement
from bets.services.coupon.batch import Batch, Cause, TransitionRefused
from bets.services.placing import answers
from providers import services as providers
from providers.contract import Accepted, Capability, Rejected, Unknown
from wallets.services import LedgerError

_BATCH = 100
_SWEEPER = "sweep"


class NotPossible(Exception):
    """The coupon's state does not allow this."""


def sweep(*, now: datetime) -> int:
    """Look at every coupon whose time has come; returns how many. Any number may run at once.

    Coupons without a clear answer are left to `resolver` where their provider can be asked.
    """
    _close_answered()
    debts.close_paid(now=now)
    total = 0
    while swept := _sweep_batch(now):
        total += swept
    return total


@transaction.atomic
def _sweep_batch(now: datetime) -> int:
    due = list(
        Coupon.objects.filter(resolve_after__lte=now)
        .exclude(status=CouponStatus.UNKNOWN, account__provider__in=_asked_about())
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("player", "account")
        .order_by("id")[:_BATCH]
    )
    for coupon in due:
        _look_at(coupon, Cause(actor=_SWEEPER, now=now))
    return len(due)


def _close_answered() -> None:
    """Staff need not look for an answer that has come by itself."""
    waiting = Flag.objects.filter(resolved_at__isnull=True, coupon__isnull=False)
    waiting.filter(kind=FlagKind.RETURN_UNCLEAR, coupon__status=CouponStatus.RETURNED).update(
        resolved_at=Now(), resolution="The coupon is returned."
    )
    waiting.filter(kind=FlagKind.UNKNOWN_OVERDUE).exclude(
        coupon__status=CouponStatus.UNKNOWN
    ).update(resolved_at=Now(), resolution="The provider's answer came by itself.")


def _asked_about() -> list[str]:
    """The providers that `resolver` asks."""
    return providers.providers_that(Capability.RESOLVE)


def _look_at(coupon: Coupon, cause: Cause) -> None:
    if coupon.status == CouponStatus.PENDING:
        answer = Unknown(reason="No answer was booked: the process ended during the call.")
        acceptance.leave_unknown_now(coupon, answer, cause=cause)
        results.apply_kept(coupon=coupon, cause=cause)
        return
    batch = Batch(cause)
    coupon.resolve_after = None
    batch.changed[coupon.pk] = coupon
    if coupon.status == CouponStatus.UNKNOWN:
        batch.flag(coupon, FlagKind.UNKNOWN_OVERDUE, "The provider gave no clear answer.")
    elif coupon.status == CouponStatus.ACCEPTED:
        batch.flag(coupon, FlagKind.RESULT_OVERDUE, "The provider sent no result in time.")
    batch.write()


@transaction.atomic
def confirm_accepted(
    *, coupon_id: UUID, reference: str, actor: str, reason: str, now: datetime
) -> Coupon:
    """Staff found the bet at the provider. Raises NotPossible unless the coupon is unknown."""
    answers.lock_reference(coupon_id, reference)
    coupon = _unknown(coupon_id)
    cause = Cause(actor=actor, now=now, reason=reason)
    taken = Coupon.objects.filter(
        account_id=coupon.account_id, provider_reference=reference, game=coupon.game
    )
    if taken.exists():
        raise NotPossible(f"Another coupon has the reference {reference}.")
    acceptance.accept_now(coupon, Accepted(reference=reference), cause=cause, reason=reason)
    results.apply_kept(coupon=coupon, cause=cause)
    close_flags(coupon, FlagKind.UNKNOWN_OVERDUE, cause)
    return locks.lock_coupon(coupon_id)


@transaction.atomic
def confirm_rejected(*, coupon_id: UUID, actor: str, reason: str, now: datetime) -> Coupon:
    """The provider says there is no such bet: the hold is released.

    Raises NotPossible unless the coupon is unknown.
    """
    coupon = _unknown(coupon_id)
    cause = Cause(actor=actor, now=now, reason=reason)
    answer = Rejected(code="not_at_provider", message=reason)
    acceptance.reject_now(coupon, answer, cause=cause)
    close_flags(coupon, FlagKind.UNKNOWN_OVERDUE, cause)
    return coupon


@transaction.atomic
def return_coupon(*, coupon_id: UUID, actor: str, reason: str, now: datetime) -> Coupon:
    """Void an accepted or settled coupon and give the stake back.

    The lock decides against a result that arrives at the same moment: whichever comes second
    finds the coupon as the first left it. Returning a returned coupon changes nothing. Raises
    NotPossible for any other state.
    """
    coupon = locks.lock_coupon(coupon_id)
    if coupon.status == CouponStatus.RETURNED:
        return coupon
    batch = Batch(Cause(actor=actor, now=now, reason=reason))
    try:
        settlement.return_stake(batch, coupon, reason=reason)
    except TransitionRefused as error:
        raise NotPossible(str(error)) from error
    try:
        batch.post()
    except LedgerError as error:
        raise NotPossible(str(error)) from error
    batch.write()
    return coupon


def _unknown(coupon_id: UUID) -> Coupon:
    coupon = locks.lock_coupon(coupon_id)
    if coupon.status != CouponStatus.UNKNOWN:
        raise NotPossible(f"Coupon {coupon.code} is {coupon.status}, not unknown.")
    return coupon


def close_flags(coupon: Coupon, kind: FlagKind, cause: Cause) -> None:
    """What these flags asked of staff is done."""
    Flag.objects.filter(coupon=coupon, kind=kind, resolved_at__isnull=True).update(
        resolved_at=cause.now, resolution=f"{cause.actor}: {cause.reason}"
    )
