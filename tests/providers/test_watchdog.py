"""One thread ends whatever has run out of time, and only that."""

import os
import threading
import time

import pytest

from providers.watchdog import Watchdog


class Job:
    def __init__(self) -> None:
        self.is_over = False
        self.expired_at = 0.0
        self.ended = threading.Event()

    def expire(self) -> None:
        self.expired_at = time.monotonic()
        self.ended.set()


def test_each_is_ended_at_its_own_time_in_any_order():
    watchdog, started = Watchdog(), time.monotonic()
    jobs = {seconds: Job() for seconds in (0.3, 0.1, 0.2)}
    for seconds, job in jobs.items():
        watchdog.watch(job, ends_at=started + seconds)

    for seconds, job in jobs.items():
        assert job.ended.wait(5)
        assert seconds <= job.expired_at - started
    assert jobs[0.1].expired_at < jobs[0.2].expired_at < jobs[0.3].expired_at


def test_what_is_over_in_time_is_left_alone():
    watchdog, started = Watchdog(), time.monotonic()
    over, late = Job(), Job()
    watchdog.watch(over, ends_at=started + 0.5)
    watchdog.watch(late, ends_at=started + 0.6)
    over.is_over = True

    assert late.ended.wait(5)
    assert not over.ended.is_set()


def test_what_is_late_already_is_ended_at_once():
    job = Job()
    Watchdog().watch(job, ends_at=time.monotonic() - 1)

    assert job.ended.wait(1)


def test_what_ended_is_not_kept_for_ever():
    watchdog = Watchdog()
    for _ in range(1_000):
        job = Job()
        watchdog.watch(job, ends_at=time.monotonic() + 0.05)
        job.is_over = True
    last = Job()
    watchdog.watch(last, ends_at=time.monotonic() + 0.1)

    assert last.ended.wait(5)
    assert watchdog._waiting == []


def test_there_is_one_thread_for_all():
    def running() -> int:
        return sum(thread.name == "watchdog" for thread in threading.enumerate())

    watchdog, before = Watchdog(), running()
    for _ in range(50):
        watchdog.watch(Job(), ends_at=time.monotonic() + 60)

    assert running() == before + 1


def test_a_child_of_a_fork_has_a_thread_of_its_own():
    watchdog = Watchdog()
    watchdog.watch(Job(), ends_at=time.monotonic() + 60)

    child = os.fork()
    if child == 0:
        job = Job()
        watchdog.watch(job, ends_at=time.monotonic() + 0.05)
        os._exit(0 if job.ended.wait(5) else 1)

    assert os.waitpid(child, 0)[1] == 0


def test_a_thread_that_could_not_be_started_is_started_later(monkeypatch):
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    watchdog, job = Watchdog(), Job()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            watchdog.watch(Job(), ends_at=time.monotonic() + 60)
    watchdog.watch(job, ends_at=time.monotonic() + 0.05)

    assert job.ended.wait(5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_replaced():
    class Faulty(Job):
        def expire(self) -> None:
            raise ValueError("an expiry must not raise")

    watchdog, job = Watchdog(), Job()
    watchdog.watch(Faulty(), ends_at=time.monotonic())
    watchdog._thread.join(5)
    watchdog.watch(job, ends_at=time.monotonic() + 0.05)

    assert job.ended.wait(5)
