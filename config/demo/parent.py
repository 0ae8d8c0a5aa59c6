"""Notices that `make`, which started the demo, wants to end or is gone.

`make` passes SIGTERM on, but not a SIGINT that was sent to it alone: it then waits for the demo,
with SIGINT blocked, which Linux shows in `/proc`.
"""

import os
import signal
from pathlib import Path


class Parent:
    """The process named by DEMO_PARENT, if any."""

    def __init__(self) -> None:
        self._pid = int(os.environ.pop("DEMO_PARENT", "0") or 0)

    def wants_us_to_stop(self) -> bool:
        if not self._pid:
            return False
        return os.getppid() != self._pid or _handles_sigint(self._pid)


def _handles_sigint(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    for line in status.splitlines():
        if line.startswith("SigBlk:"):
            return bool(int(line.split()[1], 16) & 1 << (signal.SIGINT - 1))
    return False
