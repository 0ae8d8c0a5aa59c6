"""Answers kept for a moment, so that many readers of one thing cause one call.

Threads of a process share a value in memory and wait for the one of them that fetches it; the
processes share it by a row, and by a lease the right to fetch it. What failed is not kept: the
threads that waited get the error, other processes try for themselves.
"""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.db import connection

from providers import leases

_Value = TypeVar("_Value")

_READ = """
SELECT body, extract(epoch FROM clock_timestamp() - fetched_at)::float8
FROM providers_cacheentry
WHERE key = %s AND fetched_at > clock_timestamp() - make_interval(secs => %s)
"""
_WRITE = """
INSERT INTO providers_cacheentry (key, body, fetched_at)
VALUES (%s, %s, clock_timestamp())
ON CONFLICT (key) DO UPDATE SET body = excluded.body, fetched_at = excluded.fetched_at
"""
_PRUNE = """
DELETE FROM providers_cacheentry WHERE fetched_at < clock_timestamp() - make_interval(secs => %s)
"""
_LEASE_MARGIN_S = 5.0
_OLDEST_S = 1000.0
_MOST_REMEMBERED = 500


class CacheBusy(Exception):
    """Somebody else was fetching the same for as long as we were willing to wait."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    value: Any
    until: float


class Cache:
    """What one process remembers; the rows behind it are shared by all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._remembered: dict[str, _Remembered] = {}
        self._flights: dict[str, Future[Any]] = {}
        os.register_at_fork(after_in_child=self._forget)

    def fetch(
        self,
        *,
        key: str,
        max_age_s: float,
        wait_s: float,
        load: Callable[[], tuple[_Value, bytes]],
        read: Callable[[bytes], _Value],
    ) -> _Value:
        """A value that is at most `max_age_s` old; with 0 it is loaded afresh.

        `load` gives it with the bytes it was read from, and has to end within `wait_s`; `read`
        makes it from bytes that another process has loaded. What `load` raises passes through.
        Raises `CacheBusy`.
        """
        if max_age_s <= 0:
            return load()[0]
        found = self._look(key)
        if isinstance(found, _Remembered):
            return cast("_Value", found.value)
        if found is not None:
            return cast("_Value", _landed(found, wait_s))
        try:
            value, age_s = _shared(key, max_age_s, wait_s, load, read)
        except BaseException as error:
            self._land(key, None).set_exception(error)
            raise
        until = time.monotonic() + max_age_s - age_s
        self._land(key, _Remembered(value, until)).set_result(value)
        return value

    def _look(self, key: str) -> "_Remembered | Future[Any] | None":
        """What is remembered, or who is fetching it; `None`: from now on the caller is."""
        with self._lock:
            found = self._remembered.get(key)
            if found is not None and found.until > time.monotonic():
                return found
            flight = self._flights.get(key)
            if flight is None:
                self._flights[key] = Future()
            return flight

    def _land(self, key: str, remembered: _Remembered | None) -> "Future[Any]":
        """The fetch is over; who looks from now on finds its value, or fetches again."""
        with self._lock:
            self._remembered.pop(key, None)
            if remembered is not None:
                self._make_room()
                self._remembered[key] = remembered
            return self._flights.pop(key)

    def _make_room(self) -> None:
        if len(self._remembered) < _MOST_REMEMBERED:
            return
        now = time.monotonic()
        fresh = {key: kept for key, kept in self._remembered.items() if kept.until > now}
        self._remembered = fresh if len(fresh) < _MOST_REMEMBERED else {}

    def _forget(self) -> None:
        """The fetches that a fork interrupts go on in the parent alone."""
        self._lock = threading.Lock()
        self._remembered, self._flights = {}, {}


def prune() -> int:
    """Delete the rows that nobody reads any more; says how many."""
    with connection.cursor() as cursor:
        cursor.execute(_PRUNE, (_OLDEST_S,))
        return int(cursor.rowcount)


def _landed(flight: "Future[Any]", wait_s: float) -> Any:
    try:
        return flight.result(timeout=max(wait_s, 0))
    except TimeoutError:
        if flight.done():
            raise
        raise CacheBusy(f"the same was being fetched for more than {wait_s:g} s") from None


def _shared(
    key: str,
    max_age_s: float,
    wait_s: float,
    load: Callable[[], tuple[_Value, bytes]],
    read: Callable[[bytes], _Value],
) -> tuple[_Value, float]:
    """The value and its age: another process's, or our own."""
    found = _row(key, max_age_s)
    if found is None:
        wait_s = max(wait_s, 0)
        try:
            with leases.held(name=f"cache:{key}", seconds=wait_s + _LEASE_MARGIN_S, wait_s=wait_s):
                found = _row(key, max_age_s)
                if found is None:
                    return _loaded(key, load)
        except leases.LeaseBusy as error:
            raise CacheBusy(str(error)) from None
    body, age_s = found
    return read(body), age_s


def _loaded(key: str, load: Callable[[], tuple[_Value, bytes]]) -> tuple[_Value, float]:
    value, body = load()
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, (key, body))
    return value, 0.0


def _row(key: str, max_age_s: float) -> tuple[bytes, float] | None:
    with connection.cursor() as cursor:
        cursor.execute(_READ, (key, max_age_s))
        row = cursor.fetchone()
    return None if row is None else (bytes(row[0]), row[1])


cache = Cache()
