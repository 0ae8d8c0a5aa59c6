"""Pooled connections that know three things: where they lead, whether anything was sent, and
when their time is up.

A socket's own time-out starts again with every byte, so that a server that drips could hold a
call for hours. Here a watchdog ends the connection itself, whatever it is doing at that moment.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from providers import addresses
from providers.watchdog import watchdog

# Servers close idle connections after 5 s at the earliest. A request on one that is just being
# closed would be lost, and a lost placement costs a member of staff: do not come near that.
LONGEST_IDLE_S = 3.0
_CONNECT_S = 5.0


class DeadlinePassed(TimeoutError):
    """The time of the whole call is up."""


class Exchange:
    """One request and its answer. `sent` becomes true just before the first byte leaves."""

    def __init__(self, *, deadline_s: float) -> None:
        self.sent = False
        self.expired = deadline_s <= 0
        self.is_over = False
        self._ends_at = time.monotonic() + deadline_s
        self._lock = threading.Lock()
        self._lifeline: socket.socket | None = None

    @property
    def left_s(self) -> float:
        return max(0.001, self._ends_at - time.monotonic())

    @contextmanager
    def running(self) -> Iterator[None]:
        """The calls of this thread belong to this exchange, until its time is up."""
        before = _current.set(self)
        try:
            watchdog.watch(self, ends_at=self._ends_at)
            yield
        finally:
            self.is_over = True
            _current.reset(before)
            with self._lock:
                self._drop_lifeline()

    def watch(self, connection: socket.socket) -> None:
        """End this connection when the time is up.

        A descriptor of its own, because the connection's may be closed or wrapped meanwhile.
        """
        with self._lock:
            if self._lifeline is None:
                self._lifeline = socket.socket(fileno=os.dup(connection.fileno()))
            self.check_time()

    def about_to_send(self) -> None:
        """From here on nobody can say any more that nothing was sent."""
        with self._lock:
            self.check_time()
            self.sent = True

    def check_time(self) -> None:
        """Raises `DeadlinePassed`. A connection that we ended looks like a short, whole answer."""
        if self.expired:
            raise DeadlinePassed("the time of the call is up")

    def expire(self) -> None:
        """The time is up: end the connection, whatever it is doing. For the watchdog."""
        with self._lock:
            if self.is_over:
                return
            self.expired = True
            if self._lifeline is not None:
                try:
                    self._lifeline.shutdown(socket.SHUT_RDWR)
                except OSError:
                    # The other side was faster.
                    return

    def _drop_lifeline(self) -> None:
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None


_current: ContextVar[Exchange] = ContextVar("exchange")


def _open(host: str, port: int) -> socket.socket:
    exchange = _current.get()
    opened = addresses.connect(host, port, timeout_s=min(_CONNECT_S, exchange.left_s))
    try:
        opened.settimeout(exchange.left_s)
        exchange.watch(opened)
    except BaseException:
        opened.close()
        raise
    return opened


def _before_send(connection: HTTPConnection) -> None:
    if connection.sock is None:
        connection.connect()
    exchange = _current.get()
    if not exchange.sent and connection.sock is not None:
        exchange.watch(connection.sock)
    exchange.about_to_send()


def _check_open(connection: HTTPConnection) -> None:
    """A connection that was reset while we sent has no socket left to read an answer from."""
    if connection.sock is None:
        raise ConnectionResetError("the connection was reset while the request was sent")


class GuardedHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self.host, self.port)

    def send(self, data: Any) -> None:
        _before_send(self)
        super().send(data)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        _check_open(self)
        return super().getresponse()


class GuardedHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self.host, self.port)

    def send(self, data: Any) -> None:
        _before_send(self)
        super().send(data)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        _check_open(self)
        return super().getresponse()


class _ShortIdle(HTTPConnectionPool):
    """Reuses a connection only while the server certainly still keeps it."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)
        idle_since = getattr(connection, "idle_since", None)
        if idle_since is not None and time.monotonic() - idle_since > LONGEST_IDLE_S:
            connection.close()
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.idle_since = time.monotonic()
        super()._put_conn(conn)


class GuardedHTTPPool(_ShortIdle):
    ConnectionCls = GuardedHTTPConnection


class GuardedHTTPSPool(_ShortIdle, HTTPSConnectionPool):
    ConnectionCls = GuardedHTTPSConnection


POOLS = {"http": GuardedHTTPPool, "https": GuardedHTTPSPool}
