"""What runs by itself, and how often. The list is the only place: nothing of it is stored."""

from dataclasses import dataclass
from uuid import uuid4

from django.db import transaction
from django_q.tasks import async_task

from providers import leases

_RUNNER = "config.jobs.run_scheduled"
# A cluster that is killed takes along what it had fetched and not begun. Without one for an hour
# some thousand tasks wait, each of which finds nothing to do.
_TASK_LOST_AFTER_S = 20


@dataclass(frozen=True)
class Schedule:
    """`job` is the dotted path of a function without arguments; it ends within a job's time."""

    name: str
    job: str
    every_s: int


SCHEDULES = (
    Schedule("sweep_coupons", "bets.jobs.sweep_coupons", every_s=5),
    Schedule("resolve_coupons", "bets.jobs.resolve_coupons", every_s=5),
    Schedule("poll_results", "bets.jobs.poll_results", every_s=60),
    Schedule("send_limits", "bets.jobs.send_limits", every_s=10),
    Schedule("send_registrations", "bets.jobs.send_registrations", every_s=10),
    Schedule("watch_exchange", "bets.jobs.watch_exchange", every_s=2),
    Schedule("drain_inbox", "webhooks.jobs.drain", every_s=5),
    Schedule("keep_sessions_alive", "providers.jobs.keep_sessions_alive", every_s=60),
    Schedule("prune_cache", "providers.jobs.prune_cache", every_s=600),
    Schedule("seal_ledger", "wallets.jobs.seal_ledger", every_s=300),
    Schedule("canary", "config.jobs.canary", every_s=60),
    Schedule("purge_tasks", "config.jobs.purge_tasks", every_s=600),
    Schedule("purge_calls", "config.jobs.purge_calls", every_s=600),
    Schedule("purge_player_tokens", "bets.jobs.purge_player_tokens", every_s=600),
)


def named(name: str) -> Schedule:
    """Raises `KeyError`."""
    return {schedule.name: schedule for schedule in SCHEDULES}[name]


def enqueue_due(schedules: tuple[Schedule, ...] = SCHEDULES) -> list[str]:
    """Enqueue what is due and say which; any number of schedulers may call it at once."""
    return [schedule.name for schedule in schedules if _enqueue_if_due(schedule)]


def _enqueue_if_due(schedule: Schedule) -> bool:
    """The lease says when it is due again; its row and the task are committed together."""
    with transaction.atomic():
        due = leases.take(
            name=f"schedule:{schedule.name}", owner=uuid4().hex, seconds=schedule.every_s
        )
        if not due or not leases.wake(name=schedule.name, seconds=_TASK_LOST_AFTER_S):
            return False
        async_task(_RUNNER, schedule.name, task_name=schedule.name, save=False)
        return True
