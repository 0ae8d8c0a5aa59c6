"""Leases, with real threads on real connections."""

import threading
import time

import pytest
from django.db import connection

from providers import leases
from providers.leases import LeaseBusy

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_lease_has_one_owner_until_it_is_released():
    assert leases.take(name="work", owner="a", seconds=60)
    assert not leases.take(name="work", owner="b", seconds=60)
    assert leases.take(name="other", owner="b", seconds=60)

    assert not leases.release(name="work", owner="b")
    assert leases.release(name="work", owner="a")
    assert leases.take(name="work", owner="b", seconds=60)


def test_its_owner_renews_it():
    assert leases.take(name="work", owner="a", seconds=0.05)
    assert leases.take(name="work", owner="a", seconds=60)
    time.sleep(0.1)

    assert not leases.take(name="work", owner="b", seconds=60)


def test_an_expired_lease_is_taken_over_and_not_released_by_its_former_owner():
    leases.take(name="work", owner="dead", seconds=0.05)
    time.sleep(0.1)

    assert leases.take(name="work", owner="b", seconds=60)
    assert not leases.release(name="work", owner="dead")
    assert not leases.take(name="work", owner="c", seconds=60)


def test_of_many_threads_one_gets_it():
    barrier, won = threading.Barrier(8), []

    def one(owner: str) -> None:
        barrier.wait()
        if leases.take(name="work", owner=owner, seconds=60):
            won.append(owner)
        connection.close()

    _run([threading.Thread(target=one, args=(f"owner-{number}",)) for number in range(8)])

    assert len(won) == 1


def test_work_under_a_lease_never_overlaps():
    inside, most = [], []

    def one() -> None:
        with leases.held(name="work", seconds=30, wait_s=20):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()
        connection.close()

    _run([threading.Thread(target=one) for _ in range(6)])

    assert most == [1] * 6


def test_waiting_ends_in_time():
    leases.take(name="work", owner="other", seconds=60)
    started = time.monotonic()

    with pytest.raises(LeaseBusy), leases.held(name="work", seconds=5, wait_s=0.2):
        pytest.fail("the lease belongs to somebody else")

    assert 0.2 <= time.monotonic() - started < 10


def test_a_failure_gives_the_lease_back():
    with pytest.raises(ZeroDivisionError), leases.held(name="work", seconds=60, wait_s=0):
        raise ZeroDivisionError

    assert leases.take(name="work", owner="next", seconds=60)


def test_one_waiting_task_is_enough_until_the_drainer_is_awake():
    assert leases.wake(name="inbox", seconds=60)
    assert not leases.wake(name="inbox", seconds=60)
    assert leases.wake(name="outbox", seconds=60)

    leases.unwake(name="inbox")

    assert leases.wake(name="inbox", seconds=60)


def test_a_lost_task_stands_in_the_way_for_a_while_only():
    leases.wake(name="inbox", seconds=0.05)
    time.sleep(0.1)

    assert leases.wake(name="inbox", seconds=60)


def _run(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
