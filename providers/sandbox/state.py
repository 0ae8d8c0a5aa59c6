"""Keeps what is not settled yet in one JSON file, so that a restart still settles it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from providers.sandbox import wire


class StateError(Exception):
    """The state file is there but cannot be read."""


class StateFile:
    """A file that is replaced as a whole; without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._changed = threading.Event()
        self._writing = threading.Lock()

    def touch(self) -> None:
        """Say that something changed and is to be written at the next chance."""
        self._changed.set()

    def read(self) -> dict[str, Any]:
        """What was kept, or nothing. Raises StateError if the file is not ours to read."""
        if self._path is None or not self._path.exists():
            return {}
        try:
            kept = wire.loads(self._path.read_bytes())
        except (OSError, ValueError) as error:
            raise StateError(f"{self._path} cannot be read: {error}") from error
        if not isinstance(kept, dict):
            raise StateError(f"{self._path} is not a sandbox state file")
        return kept

    def save(self, snapshot: Callable[[], dict[str, Any]]) -> None:
        """Write the snapshot if anything changed since the last one."""
        if self._path is None or not self._changed.is_set():
            return
        with self._writing:
            self._changed.clear()
            _replace(self._path, wire.dumps(snapshot()).encode())


def _replace(path: Path, content: bytes) -> None:
    """Write beside the file, then rename: a reader sees the old state or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
