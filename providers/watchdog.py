"""One thread that ends whatever has run out of time.

A timer of its own for each call would start a thread for each, which costs more than the rest of
a call. What ends in time is only marked; the thread meets it when its moment comes and goes on,
so that it is hardly ever woken.
"""

import heapq
import itertools
import os
import threading
import time
from typing import Protocol


class Watched(Protocol):
    """`is_over` says that nothing is left to be ended. `expire` must neither wait nor raise."""

    is_over: bool

    def expire(self) -> None: ...


class Watchdog:
    """Calls `expire` of what is not over in time. Starts its thread at first use."""

    _thread: threading.Thread | None

    def __init__(self) -> None:
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def watch(self, watched: Watched, *, ends_at: float) -> None:
        """`ends_at` is a moment of the monotonic clock. Raises `RuntimeError` without a thread."""
        with self._woken:
            heapq.heappush(self._waiting, (ends_at, next(self._order), watched))
            if self._thread is None or not self._thread.is_alive():
                self._start()
            elif ends_at < self._sleeps_until:
                self._woken.notify()

    def _start(self) -> None:
        """Also after a start that failed, or a thread that died: no call goes unwatched."""
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._thread.start()

    def _reset(self) -> None:
        """A child of a fork has no thread of its parent's."""
        self._woken = threading.Condition()
        self._waiting: list[tuple[float, int, Watched]] = []
        self._order = itertools.count()
        self._sleeps_until = float("inf")
        self._thread = None

    def _run(self) -> None:
        while True:
            for watched in self._due():
                watched.expire()

    def _due(self) -> list[Watched]:
        """What has run out of time, once there is something."""
        with self._woken:
            now = time.monotonic()
            if not self._waiting or self._waiting[0][0] > now:
                self._sleeps_until = self._waiting[0][0] if self._waiting else float("inf")
                left = self._sleeps_until - now
                self._woken.wait(None if left == float("inf") else min(left, threading.TIMEOUT_MAX))
                now = time.monotonic()
            self._sleeps_until = float("-inf")
            return self._take_due(now)

    def _take_due(self, now: float) -> list[Watched]:
        due = []
        while self._waiting and (self._waiting[0][0] <= now or self._waiting[0][2].is_over):
            watched = heapq.heappop(self._waiting)[2]
            if not watched.is_over:
                due.append(watched)
        return due


watchdog = Watchdog()
