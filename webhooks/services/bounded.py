"""Keeps what a vendor waits for within a time: each statement gets what is left of it.

PostgreSQL bounds a statement and a wait for a lock, and before version 17 not a transaction. So
no statement is begun once the time is over, and none may take longer than what is left.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection, transaction

_LOCK_TIMEOUT, _CANCELED = "55P03", "57014"
_SET = "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)"
_SHORTEST_MS = 20
# What undoes a broken statement is never kept from it.
_ALWAYS = ("ROLLBACK", "RELEASE", "SAVEPOINT")


class OutOfTime(Exception):
    """The time is over; what was begun is undone with its transaction."""


class Clock:
    """How much of `seconds` is left, from now on."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left_ms(self) -> int:
        return int((self._end - time.monotonic()) * 1000)


@contextmanager
def transaction_within(clock: Clock) -> Iterator[None]:
    """A transaction that ends before the clock runs out. Raises OutOfTime, with nothing done."""
    try:
        with transaction.atomic(), connection.execute_wrapper(_Bounded(clock)):
            yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") in (_LOCK_TIMEOUT, _CANCELED):
            raise OutOfTime from error
        raise


class _Bounded:
    """Sets the timeouts before the first statement, and again only as the time grows short."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._set_ms: int | None = None

    def __call__(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        if str(sql).startswith(_ALWAYS):
            # A rolled back savepoint takes the timeouts along that were set after it.
            self._set_ms = None
            return execute(sql, params, many, context)
        self._tighten(execute, context)
        return execute(sql, params, many, context)

    def _tighten(self, execute: Callable[..., Any], context: Any) -> None:
        left_ms = self._clock.left_ms()
        if left_ms < _SHORTEST_MS:
            raise OutOfTime
        if self._set_ms is not None and self._set_ms <= left_ms:
            return
        self._set_ms = max(left_ms // 2, _SHORTEST_MS)
        execute(_SET, [str(self._set_ms), str(self._set_ms)], False, context)
