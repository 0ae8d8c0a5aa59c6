"""How long this process waits for a database that says nothing.

A server that is gone refuses connections or ends them, and a busy one is bounded by its own
time-outs. One that is cut off does neither: the network takes our bytes and gives none back, and
a connection waits for as long as that lasts. So every wait for the database has an end here, and
who answers a vendor in time has an earlier one. What was learnt so spares the next ones the wait:
else they would stand in line behind each other and answer too late.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import OperationalError as DjangoOperationalError
from psycopg import Connection, OperationalError
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg_pool import PoolTimeout

# No statement of a callback works for so long without a word, nor does any of a probe.
LONGEST_S = 10.0
_INTERVAL_S = 0.1
# So long after it said nothing nobody asks it; then whoever comes tries.
_NOT_ASKED_S = 0.5
# Who had less than this left was late for another reason, which says nothing of the database.
_SILENCE_S = 0.5

T = TypeVar("T")
_ends_at: ContextVar[float | None] = ContextVar("ends at", default=None)


class NoTimeLeft(OperationalError):
    """The time was over before the database could answer; the connection is given up."""


class DatabaseSilent(NoTimeLeft):
    """The database said nothing in time that is enough to judge it by."""


class _Memory:
    """Until when the database is not asked."""

    silent_until = 0.0


@contextmanager
def patience_of_a_vendor(seconds: float) -> Iterator[None]:
    """As `patience`; raises `OperationalError` at once where that has just run out."""
    if time.monotonic() < _Memory.silent_until:
        raise DjangoOperationalError("the database said nothing a moment ago")
    try:
        with patience(seconds):
            yield
    except DjangoOperationalError as error:
        if isinstance(error.__cause__, DatabaseSilent | PoolTimeout):
            _Memory.silent_until = time.monotonic() + _NOT_ASKED_S
        raise


@contextmanager
def patience(seconds: float | None) -> Iterator[None]:
    """What the block asks of the database is answered within `seconds` in all, or given up.

    `None` leaves each wait the longest that there is.
    """
    token = _ends_at.set(None if seconds is None else time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


@contextmanager
def waiting_for_the_sender() -> Iterator[None]:
    """What the block takes is not asked of the database, and not taken from its time either."""
    started = time.monotonic()
    try:
        yield
    finally:
        ends_at = _ends_at.get()
        if ends_at is not None:
            _ends_at.set(ends_at + time.monotonic() - started)


class ImpatientConnection(Connection[Any]):
    """Waits for the server no longer than the patience of whoever asks."""

    def wait(self, gen: PQGen[T], interval: float = _INTERVAL_S, timeout: float | None = None) -> T:
        """Raises `NoTimeLeft` or `DatabaseSilent`, with the connection closed."""
        left_s = _left_s()
        try:
            return super().wait(gen, interval, left_s if timeout is None else min(timeout, left_s))
        except OperationalError:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            # What may still be said would be taken for the answer to the next question.
            self.close()
            if left_s < _SILENCE_S:
                raise NoTimeLeft("no time was left for the database to answer") from None
            raise DatabaseSilent("the database said nothing in time") from None


def _left_s() -> float:
    ends_at = _ends_at.get()
    return LONGEST_S if ends_at is None else max(ends_at - time.monotonic(), 0.0)
