"""Returning a bet at its provider, on behalf of a partner or of staff.

The provider is asked first, outside any transaction. Before that the coupon is in the staff
queue, where it stays unless there is a clear answer: whichever line the process dies on, somebody
sees a bet that may be void at the provider and not here. To ask again is safe, because a bet that
is returned already cannot be returned to anybody twice.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from bets.models import Coupon, CouponStatus, Flag, FlagKind, TimelineKind
from bets.services import plain_words
from bets.services.coupon import locks
from bets.services.coupon.batch import Batch, Cause
from bets.services.following_up import resolution, resolver
from bets.services.following_up.resolution import NotPossible
from providers import leases
from providers import services as providers
from providers.contract import Capability, Deed, Done, NotSent, Rejected

_CALL_S = 15
_LEASE_S = 30
_RETURNABLE = (CouponStatus.ACCEPTED, CouponStatus.SETTLED)
ASKED = "The provider is asked to return it: "
_WAITS = "The provider has returned the bet; the stake comes back by its wallet call."


class ReturnNotSupported(NotPossible):
    """The provider takes no bet back."""


class ReturnRefused(NotPossible):
    """The provider said no, in so many words."""

    def __init__(self, answer: Rejected) -> None:
        super().__init__(answer.message)
        self.answer = answer


class ReturnNotSent(NotPossible):
    """The provider could not be asked. It may be asked again."""

    def __init__(self, answer: NotSent) -> None:
        super().__init__(answer.message)
        self.answer = answer


class ReturnInProgress(NotPossible):
    """Somebody else is returning the bet at this moment."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whether the coupon was in the queue before: then a no does not take it out."""

    coupon: Coupon
    was_unclear: bool


def return_at_provider(*, coupon_id: UUID, actor: str, reason: str, now: datetime) -> Coupon:
    """Void an accepted or settled coupon at the provider, then here. Returns it as it is then.

    It is not `returned` yet where the provider gave no clear answer, or gives the stake back by a
    wallet call that is still to come. A returned coupon is left as it is. Raises
    ReturnNotSupported, ReturnRefused, ReturnNotSent, ReturnInProgress or NotPossible. Never call
    it inside a transaction: it calls the provider.
    """
    try:
        with leases.held(name=f"return:{coupon_id}", seconds=_LEASE_S, wait_s=_CALL_S + 2):
            cause = Cause(actor=actor, now=now, reason=reason)
            asked = _begin(coupon_id, cause)
            if asked is None:
                return Coupon.objects.get(pk=coupon_id)
            answer = providers.return_bet(
                account=asked.coupon.account,
                bet=resolver.open_bet(coupon=asked.coupon),
                reason=reason,
                deadline_s=_CALL_S,
            )
            return _end(asked, _as_not_sent(answer), cause)
    except leases.LeaseBusy:
        raise ReturnInProgress("The coupon is being returned at this moment.") from None


@transaction.atomic
def _begin(coupon_id: UUID, cause: Cause) -> _Asked | None:
    """Note what is about to be done; `None` if it is done already."""
    coupon = locks.lock_coupon(coupon_id)
    if not providers.can(account=coupon.account, capability=Capability.RETURN):
        raise ReturnNotSupported(f"{coupon.account.code} takes no bet back.")
    if coupon.status == CouponStatus.RETURNED:
        return None
    if coupon.status not in _RETURNABLE:
        raise NotPossible(f"The coupon is {coupon.status}.")
    batch = Batch(cause)
    batch.note(coupon, TimelineKind.NOTE, reason=f"{ASKED}{cause.reason}")
    was_unclear = _open_flags(coupon).exists()
    batch.write()
    if not was_unclear:
        _flag(coupon, "The provider was asked to return the bet, and its answer was not booked.")
    return _Asked(coupon, was_unclear)


def _end(asked: _Asked, answer: Deed, cause: Cause) -> Coupon:
    coupon = asked.coupon
    if isinstance(answer, Done):
        return _done(coupon, cause)
    if isinstance(answer, Rejected | NotSent):
        return _not_done(asked, answer, cause)
    _tell(coupon, f"The provider gave no clear answer to the return. {answer.reason}", cause)
    return Coupon.objects.get(pk=coupon.pk)


def _done(coupon: Coupon, cause: Cause) -> Coupon:
    if providers.wallet_moves_money(account=coupon.account):
        _tell(coupon, _WAITS, cause)
        returned = Coupon.objects.get(pk=coupon.pk)
    else:
        returned = resolution.return_coupon(
            coupon_id=coupon.pk, actor=cause.actor, reason=cause.reason, now=cause.now
        )
    if returned.status == CouponStatus.RETURNED:
        resolution.close_flags(coupon, FlagKind.RETURN_UNCLEAR, cause)
    return returned


def _not_done(asked: _Asked, answer: Rejected | NotSent, cause: Cause) -> Coupon:
    """A no to a bet that a wallet call of the provider has returned meanwhile is none."""
    coupon = Coupon.objects.get(pk=asked.coupon.pk)
    returned = coupon.status == CouponStatus.RETURNED
    if returned or not asked.was_unclear:
        told = Cause(actor=cause.actor, now=cause.now, reason=answer.message)
        resolution.close_flags(coupon, FlagKind.RETURN_UNCLEAR, told)
    if returned:
        return coupon
    raise ReturnRefused(answer) if isinstance(answer, Rejected) else ReturnNotSent(answer)


def _as_not_sent(answer: Deed) -> Deed:
    """Who did not accept our credentials has not looked at the bet: it may be asked again."""
    if isinstance(answer, Rejected) and answer.code == plain_words.ACCESS_DENIED:
        return NotSent(code=answer.code, message=answer.message)
    return answer


@transaction.atomic
def _tell(coupon: Coupon, detail: str, cause: Cause) -> None:
    """Say what the coupon waits for, unless it has become returned meanwhile."""
    coupon = locks.lock_coupon(coupon.pk)
    if coupon.status == CouponStatus.RETURNED:
        return
    batch = Batch(cause)
    batch.note(coupon, TimelineKind.NOTE, reason=detail)
    batch.write()
    _open_flags(coupon).update(detail=detail)


def _flag(coupon: Coupon, detail: str) -> None:
    Flag.objects.bulk_create(
        [
            Flag(
                kind=FlagKind.RETURN_UNCLEAR,
                coupon=coupon,
                account_id=coupon.account_id,
                reference=coupon.provider_reference or "",
                detail=detail,
            )
        ],
        ignore_conflicts=True,
    )


def _open_flags(coupon: Coupon) -> QuerySet[Flag]:
    return Flag.objects.filter(
        coupon=coupon, kind=FlagKind.RETURN_UNCLEAR, resolved_at__isnull=True
    )
