"""Asks providers what became of coupons without a clear answer.

A coupon is claimed in one transaction, asked about outside of any, and booked in another. Until
the answer is booked, its time to be asked again lies a little ahead: a process that dies in
between loses nothing, and nobody asks twice at once.
"""

import time
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F

from bets.models import Coupon, CouponStatus, Flag, FlagKind, TimelineKind
from bets.services.coupon import acceptance
from bets.services.coupon.batch import Batch, Cause
from bets.services.following_up import resolution
from bets.services.following_up.resolution import NotPossible
from bets.services.placing import answers
from bets.services.players import identities
from providers import leases
from providers import services as providers
from providers.contract import Capability, NotSent, OpenBet, Placement, Unknown

_RESOLVER = "resolver"
# A call ends before its lease, and the lease of a dead process before its claim.
_CALL_S = 10
_LEASE_S = 25
_CLAIMED_S = 30
_LONGEST_RUN_S = 20
_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15))
_SHORTEST_PAUSE = timedelta(seconds=5)
_GIVEN_UP_AFTER = timedelta(minutes=30)


def ask_due(*, now: datetime) -> int:
    """Ask about the coupons whose time has come; returns how many. Any number may run at once.

    Ends after a while, so that other jobs have their turn: the rest is found by the next run.
    Never call it inside a transaction.
    """
    started = time.monotonic()
    asked = 0
    while (elapsed := time.monotonic() - started) < _LONGEST_RUN_S:
        moment = now + timedelta(seconds=elapsed)
        coupon = _claim(moment)
        if coupon is None:
            break
        asked += _ask(coupon, actor=_RESOLVER, now=moment)
    return asked


def ask_now(*, coupon_id: UUID, actor: str, now: datetime) -> Coupon:
    """Staff want to know at once. Raises NotPossible.

    Never call it inside a transaction: it calls the provider.
    """
    coupon = Coupon.objects.select_related("player", "account").get(pk=coupon_id)
    if coupon.status != CouponStatus.UNKNOWN:
        raise NotPossible(f"Coupon {coupon.code} is {coupon.status}, not unknown.")
    if not providers.can(account=coupon.account, capability=Capability.RESOLVE):
        raise NotPossible(f"{coupon.account.code} cannot be asked about a bet.")
    if not _ask(coupon, actor=actor, now=now):
        raise NotPossible(f"{coupon.account.code} is being asked at this moment.")
    return Coupon.objects.get(pk=coupon_id)


def open_bet(*, coupon: Coupon) -> OpenBet:
    """A coupon as its provider is asked about it."""
    return OpenBet(
        coupon_id=coupon.pk,
        reference=coupon.provider_reference or "",
        player_id=coupon.player_id,
        player_uid=identities.uid_of(account=coupon.account, player=coupon.player),
        stake=coupon.stake,
        currency=coupon.currency,
        placed_at=coupon.placed_at,
        callback_url=f"{providers.callback_base(account=coupon.account)}/{coupon.callback_key}",
    )


@transaction.atomic
def _claim(now: datetime) -> Coupon | None:
    """The coupon that has waited longest, which is nobody else's for a while then."""
    coupon = (
        Coupon.objects.filter(
            status=CouponStatus.UNKNOWN,
            resolve_after__lte=now,
            account__provider__in=providers.providers_that(Capability.RESOLVE),
        )
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("player", "account")
        .order_by("resolve_after")
        .first()
    )
    if coupon is not None:
        Coupon.objects.filter(pk=coupon.pk).update(
            resolve_after=now + timedelta(seconds=_CLAIMED_S)
        )
    return coupon


def _ask(coupon: Coupon, *, actor: str, now: datetime) -> bool:
    """Ask and book the answer. False if somebody else is asking at this moment."""
    name, owner = f"resolve:{coupon.pk}", uuid4().hex
    if not leases.take(name=name, owner=owner, seconds=_LEASE_S):
        return False
    try:
        Coupon.objects.filter(pk=coupon.pk).update(times_asked=F("times_asked") + 1)
        bet = open_bet(coupon=coupon)
        answer = providers.resolve(account=coupon.account, bet=bet, deadline_s=_CALL_S)
        _book(coupon.pk, answer, actor=actor, now=now)
    finally:
        leases.release(name=name, owner=owner)
    return True


@transaction.atomic
def _book(coupon_id: UUID, answer: Placement, *, actor: str, now: datetime) -> None:
    if isinstance(answer, NotSent):
        # Only the question was not sent, which says nothing of the bet.
        answer = Unknown(reason=f"The provider could not be asked: {answer.message}")
    coupon = answers.book_answer(coupon_id=coupon_id, answer=answer, actor=actor)
    cause = Cause(actor=actor, now=now, reason="The provider was asked again.")
    if coupon.status != CouponStatus.UNKNOWN:
        resolution.close_flags(coupon, FlagKind.UNKNOWN_OVERDUE, cause)
    elif isinstance(answer, Unknown):
        _wait(coupon, answer, cause)
    else:
        _wait(coupon, Unknown(reason="What the provider said contradicts itself."), cause)


def _wait(coupon: Coupon, answer: Unknown, cause: Cause) -> None:
    """Ask again later, or leave it to staff."""
    batch = Batch(cause)
    batch.changed[coupon.pk] = coupon
    batch.note(coupon, TimelineKind.NOTE, reason=f"Still no clear answer. {answer.reason}")
    given_up = answer.final or cause.now >= _given_up_at(coupon)
    if given_up and not _is_in_queue(coupon):
        batch.flag(coupon, FlagKind.UNKNOWN_OVERDUE, answer.reason)
    is_over = answer.final or (given_up and answer.decided_in_s is None)
    coupon.resolve_after = None if is_over else cause.now + _pause(coupon, answer)
    batch.write()


def _pause(coupon: Coupon, answer: Unknown) -> timedelta:
    pause = _PAUSES[min(coupon.times_asked, len(_PAUSES)) - 1]
    if answer.decided_in_s is None:
        return pause
    return min(pause, max(timedelta(seconds=answer.decided_in_s), _SHORTEST_PAUSE))


def _given_up_at(coupon: Coupon) -> datetime:
    return (acceptance.first_asked_at(coupon) or coupon.placed_at) + _GIVEN_UP_AFTER


def _is_in_queue(coupon: Coupon) -> bool:
    return Flag.objects.filter(
        coupon=coupon, kind=FlagKind.UNKNOWN_OVERDUE, resolved_at__isnull=True
    ).exists()
