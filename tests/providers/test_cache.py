"""Many readers of one thing, one call."""

import threading
import time
from itertools import count

import pytest
from django.db import connection, connections

from providers import cache as caching
from providers.cache import Cache, CacheBusy
from providers.models import CacheEntry, Lease
from tests.providers.processes import run_together
from tests.providers.scripted import reply

pytestmark = pytest.mark.django_db(transaction=True)

READERS = 30


def fetch(cache: Cache, load, *, key="book", max_age_s=30.0, wait_s=10.0):
    return cache.fetch(
        key=key,
        max_age_s=max_age_s,
        wait_s=wait_s,
        load=load,
        read=lambda body: f"read {body.decode()}",
    )


def loader(body=b"1", *, takes_s=0.0):
    """Counts how often it was asked."""
    calls = count(1)

    def load():
        load.calls = next(calls)
        time.sleep(takes_s)
        return f"loaded {body.decode()}", body

    load.calls = 0
    return load


def in_threads(work, number=READERS):
    """What each thread got, or the error it met."""
    together = threading.Barrier(number)
    results = []

    def run():
        together.wait()
        try:
            results.append(work())
        except Exception as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


def test_many_threads_cause_one_call():
    cache, load = Cache(), loader(takes_s=0.2)

    results = in_threads(lambda: fetch(cache, load))

    assert results == ["loaded 1"] * READERS
    assert load.calls == 1


def test_what_one_process_loaded_another_reads():
    load = loader()

    first, second = fetch(Cache(), load), fetch(Cache(), load)

    assert (first, second) == ("loaded 1", "read 1")
    assert load.calls == 1


def test_processes_that_load_at_once_cause_one_call():
    """Caches of their own, as processes have them: the lease is what they share."""
    load = loader(takes_s=0.2)

    results = in_threads(lambda: fetch(Cache(), load), 6)

    assert sorted(results) == ["loaded 1"] + ["read 1"] * 5
    assert load.calls == 1
    assert not Lease.objects.exists()


READ_FIVE_TIMES = """
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from providers.cache import cache

def load():
    with urllib.request.urlopen(sys.argv[1]) as answer:
        body = answer.read()
    return body, body

def read(_):
    return cache.fetch(key="k", max_age_s=30, wait_s=20, load=load, read=lambda body: body)

with ThreadPoolExecutor(5) as threads:
    print(b",".join(threads.map(read, range(5))).decode())
"""


def test_real_processes_cause_one_call(server):
    def slowly(connection):
        time.sleep(0.3)
        return reply("42")(connection)

    server.on("/book", slowly)

    printed = run_together(READ_FIVE_TIMES, f"{server.url}/book", number=3)

    assert printed == ["42,42,42,42,42"] * 3
    assert len(server.requests("/book")) == 1


def test_an_old_value_is_loaded_again():
    cache, load = Cache(), loader()

    fetch(cache, load, max_age_s=0.1)
    time.sleep(0.15)

    assert fetch(cache, load, max_age_s=0.1) == "loaded 1"
    assert load.calls == 2


def test_the_memory_does_not_make_a_value_younger():
    """A row that is almost too old is remembered for what is left of its time, no longer."""
    load = loader()
    fetch(Cache(), load, max_age_s=2)
    time.sleep(1.2)
    cache = Cache()
    fetch(cache, load, max_age_s=2)
    time.sleep(1.2)

    fetch(cache, load, max_age_s=2)

    assert load.calls == 2


def test_other_keys_are_other_values():
    cache = Cache()

    assert fetch(cache, loader(b"1"), key="a") == "loaded 1"
    assert fetch(cache, loader(b"2"), key="b") == "loaded 2"


def test_without_an_age_nothing_is_kept():
    cache, load = Cache(), loader()

    for _ in range(3):
        fetch(cache, load, max_age_s=0)

    assert load.calls == 3
    assert not CacheEntry.objects.exists()


def test_a_failure_is_told_to_those_who_waited_and_not_kept():
    cache = Cache()
    calls = count(1)

    def fail():
        next(calls)
        time.sleep(1)
        raise LookupError("the exchange is down")

    results = in_threads(lambda: fetch(cache, fail), 8)

    assert [str(error) for error in results] == ["the exchange is down"] * 8
    assert next(calls) == 2
    assert fetch(cache, loader()) == "loaded 1"
    assert not Lease.objects.exists()


def test_nobody_waits_for_ever():
    cache, begun, release = Cache(), threading.Event(), threading.Event()

    def stuck():
        begun.set()
        release.wait(20)
        return "late", b"late"

    leader = threading.Thread(target=lambda: (fetch(cache, stuck), connections.close_all()))
    leader.start()
    assert begun.wait(20)
    with pytest.raises(CacheBusy):
        fetch(cache, loader(), wait_s=0.1)
    with pytest.raises(CacheBusy):
        fetch(Cache(), loader(), wait_s=0.1)
    release.set()
    leader.join(timeout=20)

    assert fetch(cache, loader()) == "late"


def test_the_memory_has_an_end(monkeypatch):
    monkeypatch.setattr(caching, "_MOST_REMEMBERED", 3)
    cache = Cache()

    for number in range(10):
        fetch(cache, loader(), key=str(number))

    assert len(cache._remembered) <= 3


def test_old_rows_are_pruned():
    fetch(Cache(), loader(), key="old")
    fetch(Cache(), loader(), key="new")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE providers_cacheentry SET fetched_at = fetched_at - interval '1 hour'"
            " WHERE key = 'old'"
        )

    assert caching.prune() == 1
    assert [entry.key for entry in CacheEntry.objects.all()] == ["new"]
