"""Jobs of the house itself, and the one that runs every scheduled job."""

import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import Task

from config import heartbeat, schedules
from providers import leases
from providers import services as providers

# The cluster ends a job after this long (`timeout`), so a run that holds longer is dead.
_LONGEST_RUN_S = settings.JOB_TIMEOUT_S
_LONGEST_PURGE_S = 30
_BATCH = 5_000
SUCCESS_KEPT = timedelta(days=7)
FAILURE_KEPT = timedelta(days=90)
CALL_KEPT = timedelta(days=180)


def run_scheduled(name: str) -> str:
    """Run a scheduled job unless a former run of it has not ended yet."""
    schedule = schedules.named(name)
    leases.unwake(name=name)
    job: Callable[[], object] = import_string(schedule.job)
    try:
        with leases.held(name=f"run:{name}", seconds=_LONGEST_RUN_S, wait_s=0):
            return f"{name}: {job()}"
    except leases.LeaseBusy:
        return f"{name}: the former run goes on"


def canary() -> None:
    """Proves that the cluster takes tasks and ends them."""
    heartbeat.beat(heartbeat.CANARY, seconds=heartbeat.CANARY_LIFE_S)


def purge_tasks() -> int:
    """Delete a batch of ended tasks that are past their time; returns how many."""
    now = timezone.now()
    done = Task.objects.filter(success=True, stopped__lt=now - SUCCESS_KEPT)
    failed = Task.objects.filter(success=False, stopped__lt=now - FAILURE_KEPT)
    ids = [
        *done.values_list("pk", flat=True)[:_BATCH],
        *failed.values_list("pk", flat=True)[:_BATCH],
    ]
    deleted, _ = Task.objects.filter(pk__in=ids).delete()
    return deleted


def purge_calls() -> int:
    """Delete provider calls that are past their time, batch by batch; returns how many.

    What is left when its time is up, the next run deletes.
    """
    before, end, total = timezone.now() - CALL_KEPT, time.monotonic() + _LONGEST_PURGE_S, 0
    while time.monotonic() < end:
        deleted = providers.prune_calls(before=before, batch=_BATCH)
        total += deleted
        if deleted < _BATCH:
            break
    return total
