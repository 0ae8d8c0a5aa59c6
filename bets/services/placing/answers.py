"""Booking what a provider answered about a placement, at once or when it was asked later.

A reference is locked before its coupon, as everywhere: a wallet call of the provider for the same
bet usually arrives while our own call is still open.
"""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from bets.models import Coupon, CouponStatus, FlagKind, Result, Tombstone
from bets.services.coupon import acceptance, locks, results, settlement
from bets.services.coupon.batch import Batch, Cause
from bets.services.coupon.settlement import Graded
from providers.contract import Accepted, NotSent, Placement, Rejected, Unknown

_OPEN = (CouponStatus.PENDING, CouponStatus.UNKNOWN)
_TAKEN = (CouponStatus.ACCEPTED, CouponStatus.SETTLED)


@transaction.atomic
def keep_reference(coupon_id: UUID, reference: str) -> bool:
    """Store the bet's id at the provider while its answer is open; False if it is not any more.

    A bet that the provider has cancelled meanwhile is not to be had either.
    """
    lock_reference(coupon_id, reference)
    coupon = locks.lock_coupon(coupon_id)
    if coupon.status not in _OPEN or _is_barred(coupon, reference):
        return False
    Coupon.objects.filter(pk=coupon_id).update(provider_reference=reference)
    return True


def book_answer(*, coupon_id: UUID, answer: Placement, actor: str) -> Coupon:
    """Book a provider's answer to a placement. Money moves only for a pending or unknown coupon.

    Call it inside a transaction. An answer that contradicts what the coupon has become moves
    nothing and is flagged; a yes to what a wallet call has accepted already tells the terms.
    """
    if isinstance(answer, Accepted):
        lock_reference(coupon_id, answer.reference)
    coupon = locks.lock_coupon(coupon_id)
    cause = Cause(actor=actor, now=timezone.now())
    if coupon.status not in _OPEN:
        _book_late(coupon, answer, cause)
    elif isinstance(answer, Accepted):
        return _book_yes(coupon, answer, cause)
    elif not isinstance(answer, Unknown):
        acceptance.reject_now(coupon, answer, cause=cause)
    elif coupon.status == CouponStatus.PENDING:
        acceptance.leave_unknown_now(coupon, answer, cause=cause)
        results.apply_kept(coupon=coupon, cause=cause)
    return locks.lock_coupon(coupon_id)


def lock_reference(coupon_id: UUID, reference: str) -> None:
    """Lock what a coupon's bet is called, before the coupon itself is locked."""
    account_id, game = Coupon.objects.values_list("account_id", "game").get(pk=coupon_id)
    locks.lock_references(account_id=account_id, keys=[(reference, game)])


def _is_barred(coupon: Coupon, reference: str) -> bool:
    """Whether the provider's own call said, before its answer came, that there is no such bet."""
    return Tombstone.objects.filter(
        account_id=coupon.account_id, game=coupon.game, reference=reference
    ).exists()


def _book_yes(coupon: Coupon, answer: Accepted, cause: Cause) -> Coupon:
    """A yes to a bet that was cancelled, or that is another coupon's, is for staff to judge."""
    if _is_barred(coupon, answer.reference):
        told = f"The provider has cancelled bet {answer.reference} already, or was refused it."
        return _leave_to_staff(coupon, answer, told, cause)
    try:
        with transaction.atomic():
            acceptance.accept_now(coupon, answer, cause=cause)
    except IntegrityError:
        told = f"Another coupon has the reference {answer.reference}."
        return _leave_to_staff(locks.lock_coupon(coupon.pk), answer, told, cause)
    results.apply_kept(coupon=coupon, cause=cause)
    return locks.lock_coupon(coupon.pk)


def _leave_to_staff(coupon: Coupon, answer: Accepted, told: str, cause: Cause) -> Coupon:
    acceptance.flag_late_acceptance(coupon, answer, cause=cause)
    if coupon.status == CouponStatus.PENDING:
        acceptance.leave_unknown_now(coupon, Unknown(reason=told), cause=cause)
    return coupon


def _book_late(coupon: Coupon, answer: Placement, cause: Cause) -> None:
    """An answer to a coupon that has become something else meanwhile."""
    taken = coupon.status in _TAKEN
    if isinstance(answer, Accepted):
        if taken and answer.reference == coupon.provider_reference:
            acceptance.take_terms_now(coupon, answer, cause=cause)
            _flag_paid_too_much(coupon, cause)
        else:
            acceptance.flag_late_acceptance(coupon, answer, cause=cause)
    elif taken and isinstance(answer, Rejected | NotSent):
        acceptance.flag_contradiction(coupon, answer, cause=cause)


def _flag_paid_too_much(coupon: Coupon, cause: Cause) -> None:
    """The result may have come before the terms that limit what it pays: staff must look."""
    if coupon.status != CouponStatus.SETTLED or coupon.payout is None:
        return
    above = settlement.too_high(coupon, Graded(Result(coupon.result), coupon.payout))
    if above:
        batch = Batch(cause)
        batch.flag(coupon, FlagKind.PAYOUT_TOO_HIGH, f"{above} It was paid before that was known.")
        batch.write()
