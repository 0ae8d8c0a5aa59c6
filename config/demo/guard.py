"""Clears up if the demo itself is killed: it waits for the end of a pipe that the demo holds.

The demo writes `+1234` for a process group that it started, `-1234` for one that has ended,
`postgres` once the embedded server runs, and `done` when nothing is left to do.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from config import embedded
from config.environment import BASE_DIR

_GENTLE_STOP_S = 4


class Guard:
    """The demo's end of the pipe."""

    def __init__(self, data_dir: Path) -> None:
        log = data_dir / "logs" / "guard.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "config.demo.guard", str(data_dir)],
                cwd=BASE_DIR,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def tell(self, line: str) -> None:
        """A guard that is gone is no reason to stop."""
        pipe = self._process.stdin
        if pipe is not None:
            with suppress(OSError):
                pipe.write(f"{line}\n".encode())
                pipe.flush()

    def dismiss(self) -> None:
        """Nothing is left to clear up."""
        self.tell("done")
        with suppress(OSError, subprocess.TimeoutExpired):
            self._process.communicate(timeout=1)
        self._process.kill()
        self._process.wait()


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    postgres = False
    for line in map(str.strip, sys.stdin):
        if line == "done":
            return
        postgres = postgres or line == "postgres"
        if line.startswith("+"):
            groups.add(int(line[1:]))
        elif line.startswith("-"):
            groups.discard(int(line[1:]))
    _clear_up(groups)
    if postgres:
        embedded.stop(Path(sys.argv[1]))


def _clear_up(groups: Iterable[int]) -> None:
    for group in groups:
        with suppress(OSError):
            os.kill(group, signal.SIGTERM)
    end = time.monotonic() + _GENTLE_STOP_S
    while any(map(_exists, groups)) and time.monotonic() < end:
        time.sleep(0.1)
    for group in groups:
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)


def _exists(group: int) -> bool:
    with suppress(OSError):
        os.killpg(group, 0)
        return True
    return False


if __name__ == "__main__":
    main()
