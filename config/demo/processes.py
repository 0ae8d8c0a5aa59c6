"""The demo's processes: each is the leader of its own group and writes to its own log file."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from config.demo.preparation import HOST
from config.environment import BASE_DIR

_LONGEST_PAUSE_S = 10.0
_STEADY_AFTER_S = 30.0
_LARGEST_LOG = 20_000_000


@dataclass(frozen=True)
class Program:
    """What to run; `says` is what the line at its start tells."""

    name: str
    command: tuple[str, ...]
    role: str
    says: str


def programs(data_dir: Path) -> tuple[Program, ...]:
    """All of them, in the order of their start."""
    manage = (sys.executable, "manage.py")
    sandbox_port = os.environ["SANDBOX_PORT"]
    state = str(data_dir / "sandbox.json")
    return (
        Program(
            "sandbox",
            (*manage, "sandbox", "--port", sandbox_port, "--state", state),
            "command",
            os.environ["SANDBOX_URL"],
        ),
        _server("web", os.environ["PORT"]),
        _server("callbacks", os.environ["CALLBACK_PORT"]),
        Program("jobs", (*manage, "qcluster"), "jobs", "job cluster"),
        Program("scheduler", (*manage, "scheduler"), "command", "enqueues what is due"),
    )


def _server(role: str, port: str) -> Program:
    """A request holds a connection of the pool, so there are as many threads as connections."""
    granian = ("-m", "granian", "--interface", "wsgi", "--no-ws", "--workers-kill-timeout", "3")
    threads = os.environ.get("DB_POOL_SIZE", "10")
    address = ("--host", HOST, "--port", port, "--blocking-threads", threads)
    command = (sys.executable, *granian, *address, "config.wsgi:application")
    return Program(role, command, role, f"http://{HOST}:{port}")


@dataclass
class Child:
    """A program and the process that runs it, if one does. Times are of the monotonic clock."""

    program: Program
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    failures: int = field(default=0)

    def start(self) -> int:
        """Start it in a group of its own and return its process id."""
        with _opened(self.log) as log:
            self.process = subprocess.Popen(  # noqa: S603
                self.program.command,
                cwd=BASE_DIR,
                env={**os.environ, "ROLE": self.program.role, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started_at = time.monotonic()
        return self.process.pid

    def ended_with(self) -> int | None:
        """The exit code of a process that ended and is not yet buried."""
        return self.process.poll() if self.process else None

    def bury(self) -> float:
        """Sweep up the rest of the group; returns after how many seconds to start again."""
        self.kill()
        self.process = None
        steady = time.monotonic() - self.started_at > _STEADY_AFTER_S
        self.failures = 1 if steady else self.failures + 1
        pause_s = min(_LONGEST_PAUSE_S, 0.5 * float(2 ** min(self.failures - 1, 10)))
        self.start_at = time.monotonic() + pause_s
        return pause_s

    def ask_to_stop(self) -> None:
        """The leader tells its own workers; some of them do not survive being told directly."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group at once; a leader that is not collected yet keeps its number ours."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _opened(log: Path) -> BinaryIO:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def stop_all(children: list[Child], *, within_s: float) -> None:
    """End them all, gently at first."""
    for child in children:
        child.ask_to_stop()
    end = time.monotonic() + within_s
    while any(_is_running(child) for child in children) and time.monotonic() < end:
        time.sleep(0.05)
    for child in children:
        child.kill()


def _is_running(child: Child) -> bool:
    return child.process is not None and child.process.poll() is None
