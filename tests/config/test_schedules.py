import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils.module_loading import import_string
from django_q.models import OrmQ

from config import jobs, schedules
from config.schedules import Schedule
from providers import leases
from providers.models import Lease

pytestmark = pytest.mark.django_db(transaction=True)

HOURLY = Schedule("hourly", "config.jobs.canary", every_s=3600)


def expire(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE providers_lease SET expires_at = clock_timestamp() - interval '1 second' "
            "WHERE name = %s",
            [name],
        )


def queued() -> list[str]:
    return [task.task["args"][0] for task in OrmQ.objects.order_by("id")]


def test_every_job_exists_and_no_name_is_used_twice():
    names = [schedule.name for schedule in schedules.SCHEDULES]

    assert len(names) == len(set(names))
    assert all(callable(import_string(schedule.job)) for schedule in schedules.SCHEDULES)


def test_a_schedule_is_enqueued_when_it_is_due_and_not_before():
    assert schedules.enqueue_due((HOURLY,)) == ["hourly"]
    assert schedules.enqueue_due((HOURLY,)) == []

    assert queued() == ["hourly"]


def test_no_second_task_waits_behind_one_that_was_not_begun():
    schedules.enqueue_due((HOURLY,))
    expire("schedule:hourly")

    assert schedules.enqueue_due((HOURLY,)) == []
    assert queued() == ["hourly"]


def test_a_task_that_a_killed_cluster_took_along_is_replaced_soon():
    schedules.enqueue_due((HOURLY,))
    expire("schedule:hourly")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE providers_lease SET expires_at = expires_at - interval '30 seconds'"
            " WHERE name = 'wake:hourly'"
        )

    assert schedules.enqueue_due((HOURLY,)) == ["hourly"]
    assert queued() == ["hourly", "hourly"]


def test_it_is_due_again_after_its_time():
    schedules.enqueue_due((HOURLY,))
    leases.unwake(name="hourly")
    expire("schedule:hourly")

    assert schedules.enqueue_due((HOURLY,)) == ["hourly"]


def test_many_schedulers_enqueue_it_once():
    start = threading.Barrier(8)

    def look(_: int) -> list[str]:
        start.wait()
        try:
            return schedules.enqueue_due((HOURLY,))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(look, range(8)))

    assert [name for names in found for name in names] == ["hourly"]
    assert queued() == ["hourly"]


def test_a_run_is_skipped_while_the_former_goes_on():
    leases.take(name="run:canary", owner="another worker", seconds=60)

    assert jobs.run_scheduled("canary") == "canary: the former run goes on"
    assert not Lease.objects.filter(name="alive:canary").exists()


def test_a_run_does_its_job_and_makes_way_for_the_next():
    leases.wake(name="canary", seconds=600)

    jobs.run_scheduled("canary")

    assert Lease.objects.filter(name="alive:canary").exists()
    assert leases.wake(name="canary", seconds=600)
    assert not Lease.objects.filter(name="run:canary").exists()
