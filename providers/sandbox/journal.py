"""The last requests and callbacks, kept in memory so that a person or a test can look."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

LENGTH = 1000


class Journal:
    """Two bounded lists: what went over the wire, and what clients did wrong on it."""

    def __init__(self, *, echo: Callable[[str], None] | None = None) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=LENGTH)
        self._client_errors: deque[dict[str, Any]] = deque(maxlen=LENGTH)
        self._echo = echo
        self._lock = threading.Lock()

    def note(self, *, direction: str, status: int | str, **facts: Any) -> None:
        """Keep one exchange; `direction` is in or out, `status` the HTTP status or what failed."""
        entry = {"at": _clock(), "direction": direction, "status": status, **facts}
        with self._lock:
            self._entries.append(entry)
        if self._echo is not None:
            target = facts.get("url") or f"{facts.get('method')} {facts.get('path')}"
            self._echo(f"sandbox   {direction:3} {target} -> {status}")

    def client_error(self, *, provider: str, call: str, reason: str, body: str) -> None:
        """Keep what a client sent that the provider's document does not allow."""
        entry = {"at": _clock(), "provider": provider, "call": call, "reason": reason, "body": body}
        with self._lock:
            self._client_errors.append(entry)

    def last(self, number: int) -> list[dict[str, Any]]:
        """The newest exchanges, oldest of them first."""
        with self._lock:
            return list(self._entries)[-number:]

    def client_errors(self) -> list[dict[str, Any]]:
        """All client errors that are kept, oldest first."""
        with self._lock:
            return list(self._client_errors)


def _clock() -> str:
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03}Z"
