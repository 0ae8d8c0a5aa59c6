"""Exclusive work across processes, by one conditional statement on a row.

A lease needs no session state, so it works behind a pooling proxy, and it ends by itself when
its holder dies. The database's clock decides, never a process's own.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from django.db import connection

_TAKE = """
INSERT INTO providers_lease (name, owner, expires_at)
VALUES (%(name)s, %(owner)s, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
WHERE providers_lease.expires_at < clock_timestamp() OR providers_lease.owner = excluded.owner
"""
_RELEASE = "DELETE FROM providers_lease WHERE name = %s AND owner = %s"
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.25


class LeaseBusy(Exception):
    """Somebody else held the lease for as long as we were willing to wait."""


def take(*, name: str, owner: str, seconds: float) -> bool:
    """Hold `name` for `seconds`. False while another owner holds it; the same owner renews."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"name": name, "owner": owner, "seconds": seconds})
        return bool(cursor.rowcount == 1)


def release(*, name: str, owner: str) -> bool:
    """Give the lease up. False if this owner does not hold it any more."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, (name, owner))
        return bool(cursor.rowcount == 1)


@contextmanager
def held(*, name: str, seconds: float, wait_s: float) -> Iterator[str]:
    """Hold a lease for a block of work, waiting at most `wait_s` for it.

    Yields the owner's name. Raises `LeaseBusy`. The work must end within `seconds`: after that
    another process may take over.
    """
    owner = uuid4().hex
    _wait_for(name=name, owner=owner, seconds=seconds, wait_s=wait_s)
    try:
        yield owner
    finally:
        release(name=name, owner=owner)


def wake(*, name: str, seconds: float) -> bool:
    """Whether the caller should enqueue a task that wakes the drainer `name`.

    One waiting task is enough for any number of rows. Call it after the rows are committed; the
    drainer calls `unwake` before it reads them. Then every row is either seen by the drainer that
    is about to read, or wakes a new one. A task that got lost stands in the way for `seconds`.
    """
    return take(name=f"wake:{name}", owner=uuid4().hex, seconds=seconds)


def unwake(*, name: str) -> None:
    """The drainer is awake: what is committed from now on has to wake another."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM providers_lease WHERE name = %s", (f"wake:{name}",))


def _wait_for(*, name: str, owner: str, seconds: float, wait_s: float) -> None:
    end = time.monotonic() + wait_s
    pause = _FIRST_PAUSE_S
    while not take(name=name, owner=owner, seconds=seconds):
        left = end - time.monotonic()
        if left <= 0:
            raise LeaseBusy(f"{name} was held for more than {wait_s:g} s")
        time.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE_S)
