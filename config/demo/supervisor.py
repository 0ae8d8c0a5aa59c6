"""Starts the demo's processes, keeps them running, and ends every one of them.

A signal during the start-up interrupts it; from then on a signal only ends the watch, and during
the stop it changes nothing: the stop has its own deadline.
"""

import http.client
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from config import embedded
from config.demo import preparation, processes, stall
from config.demo.guard import Guard
from config.demo.parent import Parent
from config.demo.processes import Child
from config.demo.target import SandboxTargets

_LOOK_EVERY_S = 0.25
_READY_WITHIN_S = 90
_STOP_WITHIN_S = 4
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Ctrl-C or SIGTERM came; not an `Exception`, so that nothing on the way keeps it."""


class NotStarted(Exception):
    """The demo did not get ready; the message says why."""


def say(name: str, text: str) -> None:
    """One line for one event."""
    print(f"{name:<10} {text}", flush=True)


class Supervisor:
    """Owns everything that the demo starts."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._guard = Guard(data_dir)
        self._children: list[Child] = []
        self._parent = Parent()
        self._targets = SandboxTargets()
        self._postgres = embedded.is_embedded(os.environ["DATABASE_URL"])
        self._postgres_was_up = True
        self.stopping = False
        self._interruptible = False
        for number in _SIGNALS:
            signal.signal(number, self._on_signal)

    def start_postgres(self) -> None:
        """Start the embedded server, unless another database was asked for."""
        preparation.write(self._data_dir)
        if not self._postgres:
            say("postgres", "not ours: DATABASE_URL")
            return
        self._guard.tell("postgres")
        embedded.start(self._data_dir)
        say("postgres", f"started in {self._data_dir / 'postgres'}")

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within, a signal raises `StopRequested` at once."""
        self._interruptible = True
        try:
            if self.stopping:
                raise StopRequested
            yield
        finally:
            self._interruptible = False

    def start_processes(self) -> None:
        """Start all of them and wait until they are ready. Raises `NotStarted`."""
        for program in processes.programs(self._data_dir):
            log = self._data_dir / "logs" / f"{program.name}.log"
            self._children.append(Child(program=program, log=log))
        for child in self._children:
            self._start(child)
        self._wait_until_ready()

    def send_callbacks_to(self, targets: Mapping[str, Mapping[str, Any]]) -> None:
        """Tell the sandbox's providers whom they call, now and after each of its starts."""
        self._targets.set(targets)

    def watch(self) -> None:
        """Restart what ends, until a signal comes."""
        while not self.stopping:
            self._look()
            time.sleep(_LOOK_EVERY_S)

    def stop(self) -> None:
        """End every process within ten seconds, the embedded server last."""
        self.stopping = True
        self._interruptible = False
        processes.stop_all(self._children, within_s=_STOP_WITHIN_S)
        if self._postgres:
            embedded.stop(self._data_dir)
        self._guard.dismiss()
        say("demo", "stopped")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        first = not self.stopping
        self.stopping = True
        if first and self._interruptible:
            raise StopRequested

    def _start(self, child: Child) -> None:
        pid = child.start()
        self._guard.tell(f"+{pid}")
        say(child.program.name, f"started, process {pid}: {child.program.says}")
        if child.program.name == "sandbox":
            self._targets.tell_again()

    def _look(self) -> None:
        for child in self._children:
            self._restart_if_ended(child)
        self._targets.tell_if_due()
        self._look_at_postgres()
        self.stopping = self.stopping or self._parent.wants_us_to_stop()

    def _restart_if_ended(self, child: Child) -> None:
        code = child.ended_with()
        if child.process and code is not None:
            self._guard.tell(f"-{child.process.pid}")
            pause_s = child.bury()
            reason = f"signal {-code}" if code < 0 else f"code {code}"
            say(
                child.program.name,
                f"ended with {reason}, starts again in {pause_s:g} s; see {child.log}",
            )
        elif child.process is None and time.monotonic() >= child.start_at:
            self._start(child)
        elif child.process and child.program.name == "jobs" and stall.has_stalled(child):
            say("jobs", "does no work, is ended")
            processes.stop_all([child], within_s=_STOP_WITHIN_S)

    def _look_at_postgres(self) -> None:
        """A server that crashed is started again; one that was stopped on purpose is waited for."""
        if not self._postgres:
            return
        up = embedded.has_process(self._data_dir)
        if not up and embedded.has_crashed(self._data_dir):
            up = self._start_crashed_postgres()
        if up != self._postgres_was_up:
            say("postgres", "is back" if up else "is away; callers are answered 503")
        self._postgres_was_up = up

    def _start_crashed_postgres(self) -> bool:
        """Its former processes may be a moment behind it; then the next look tries again."""
        say("postgres", "crashed, starts again")
        try:
            embedded.start(self._data_dir)
        except embedded.EmbeddedServerError as error:
            say("postgres", str(error))
            return False
        return True

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + _READY_WITHIN_S
        while not (answer := _readyz()).startswith("200"):
            if time.monotonic() > end:
                raise NotStarted(f"not ready after {_READY_WITHIN_S} s: {answer}")
            self._look()
            time.sleep(_LOOK_EVERY_S)


def _readyz() -> str:
    """Status and body of whichever server is not ready, or of the last."""
    for url in (os.environ["CALLBACK_URL"], os.environ["PUBLIC_URL"]):
        answer = _ask(url)
        if not answer.startswith("200"):
            break
    return answer


def _ask(url: str) -> str:
    """Status and body of `/readyz`, or why there is none."""
    address = urlsplit(url)
    web = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        web.request("GET", "/readyz")
        reply = web.getresponse()
        return f"{reply.status} {reply.read().decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as error:
        return f"no answer from {url}: {error}"
    finally:
        web.close()


def fail(message: str) -> None:
    """One line on stderr."""
    print(f"slipdesk: {message}", file=sys.stderr, flush=True)
