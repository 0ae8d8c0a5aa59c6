"""What both errands have in common: a job claims one, tells the provider, and books the answer.

All of them may be repeated: the provider is told the same again. So an unclear answer is a reason
to try again, and a process that dies in between loses nothing: its claim expires.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django_q.tasks import async_task

from bets.models import ErrandState, Player
from bets.models.limits import Errand
from bets.services import plain_words
from bets.services.plain_words import ACCESS_DENIED
from bets.services.players import identities
from providers import leases
from providers.contract import Deed, Done, NotSent, PlayerProfile, Rejected, Unknown
from providers.models import ProviderAccount

# A call ends before its lease, and the lease of a dead process before its claim.
CALL_S = 10
_LEASE_S = 25
_CLAIMED = timedelta(seconds=30)
_BUSY = timedelta(seconds=2)
_LONGEST_RUN_S = 20
_DRAINER_LOST_AFTER_S = 60
_PAUSES = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 900, 3600))
_MOST_ATTEMPTS = 20

Send = Callable[[Any], Deed]


def profile(*, player: Player, account: ProviderAccount) -> PlayerProfile:
    """A player as a provider account is told of one."""
    return PlayerProfile(
        player_id=player.pk,
        player_uid=identities.uid_of(account=account, player=player),
        external_id=player.external_id,
        username=player.username,
        currency=player.currency,
    )


def wake(*, job: str) -> None:
    """Have a job look for work, unless one is on its way. To be called after the commit."""
    if leases.wake(name=job, seconds=_DRAINER_LOST_AFTER_S):
        async_task(job, save=False)


def drain(*, model: type[Any], job: str, send: Send, now: datetime) -> int:
    """Do what is due; returns how much. Any number may run at once.

    Ends after a while, so that other jobs have their turn: the rest is found by the next run.
    Never call it inside a transaction.
    """
    leases.unwake(name=job)
    started = time.monotonic()
    done = 0
    while (elapsed := time.monotonic() - started) < _LONGEST_RUN_S:
        moment = now + timedelta(seconds=elapsed)
        errand = _claim(model, moment)
        if errand is None:
            break
        done += _do(errand, send, moment)
    return done


@transaction.atomic
def _claim(model: type[Any], now: datetime) -> Any:
    """The errand that has waited longest, which is nobody else's for a while then."""
    errand = (
        model.objects.filter(next_attempt_at__lte=now)
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("player", "account")
        .order_by("next_attempt_at")
        .first()
    )
    if errand is not None:
        errand.next_attempt_at = now + _CLAIMED
        errand.save(update_fields=["next_attempt_at"])
    return errand


def _do(errand: Any, send: Send, now: datetime) -> bool:
    """Tell the provider, one thing at a time of each player: the order is what counts."""
    kind = errand._meta.model_name
    name, owner = f"{kind}:{errand.account_id}:{errand.player_id}", uuid4().hex
    if not leases.take(name=name, owner=owner, seconds=_LEASE_S):
        type(errand).objects.filter(pk=errand.pk, next_attempt_at__isnull=False).update(
            next_attempt_at=now + _BUSY
        )
        return False
    try:
        if not _start(errand, now):
            return False
        _book(errand, send(errand), now)
    finally:
        leases.release(name=name, owner=owner)
    return True


@transaction.atomic
def _start(errand: Any, now: datetime) -> bool:
    """Say that it is sent, from before the first byte. False if there is nothing to send."""
    row = type(errand).objects.select_for_update(no_key=True).get(pk=errand.pk)
    if row.next_attempt_at is None:
        return False
    if _is_superseded(row):
        _finish(row, ErrandState.SUPERSEDED, "A newer one took its place.", None)
        return False
    row.state, row.sent_at, row.attempts = ErrandState.SENT, now, row.attempts + 1
    row.save(update_fields=["state", "sent_at", "attempts"])
    return True


@transaction.atomic
def _book(errand: Any, answer: Deed, now: datetime) -> None:
    row = type(errand).objects.select_for_update(no_key=True).get(pk=errand.pk)
    if row.state != ErrandState.SENT:
        return
    if isinstance(answer, Done):
        _finish(row, ErrandState.CONFIRMED, "", now)
    elif isinstance(answer, Rejected) and answer.code != ACCESS_DENIED:
        _finish(row, ErrandState.FAILED, answer.message, now)
    elif row.attempts >= _MOST_ATTEMPTS:
        _finish(row, ErrandState.FAILED, f"Given up: {_why(answer)}", now)
    else:
        # Who refused our credentials has not looked at what was asked.
        row.state = ErrandState.SENT if isinstance(answer, Unknown) else ErrandState.QUEUED
        row.error = _why(answer)
        row.next_attempt_at = now + _pause(row, answer)
        row.save(update_fields=["state", "error", "next_attempt_at"])


def _why(answer: Any) -> str:
    """For partners, who read it too; what exactly was wrong stands in the call log."""
    if isinstance(answer, Rejected):
        return plain_words.DENIED
    return plain_words.for_partners(answer)


def _pause(row: Errand, answer: Any) -> timedelta:
    pause = _PAUSES[min(row.attempts, len(_PAUSES)) - 1]
    asked = answer.retry_after_s if isinstance(answer, NotSent) else None
    return max(pause, timedelta(seconds=asked or 0))


def _finish(row: Any, state: ErrandState, error: str, answered_at: datetime | None) -> None:
    row.state, row.error, row.answered_at, row.next_attempt_at = state, error, answered_at, None
    row.save(update_fields=["state", "error", "answered_at", "next_attempt_at"])


def _is_superseded(row: Any) -> bool:
    newer = type(row).objects.filter(
        player_id=row.player_id, account_id=row.account_id, pk__gt=row.pk
    )
    return bool(newer.exists())
