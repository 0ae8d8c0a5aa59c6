"""Sends callbacks: once and at once, or later and again until they are answered well."""

from __future__ import annotations

import heapq
import ipaddress
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import requests

from providers.sandbox.journal import Journal

TIMEOUT_S = 15
AT_ONCE = 32
LONGEST_WAIT_S = 10.0
GIVE_UP_AFTER_S = 6 * 3600


@dataclass(frozen=True)
class Answer:
    """What came back. `status` 0 means that nothing did, and `error` says why."""

    status: int
    body: str = ""
    error: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the callback counts as delivered."""
        return 200 <= self.status < 300

    def as_json(self) -> dict[str, Any]:
        """The answer as orders report it."""
        return {"status": self.status, "body": self.body, "error": self.error}


def no_headers() -> dict[str, str]:
    """For callbacks that carry no header of their own."""
    return {}


@dataclass(frozen=True)
class Callback:
    """One call to a target. `headers` is called at each attempt, since tokens are short-lived."""

    provider: str
    url: str
    body: str
    headers: Callable[[], dict[str, str]] = no_headers
    method: str = "POST"
    timeout_s: float = TIMEOUT_S


@dataclass(order=True)
class _Errand:
    due_at: float
    number: int
    callback: Callback = field(compare=False)
    on_answer: Callable[[Answer], None] = field(compare=False)
    until_good: bool = field(compare=False)
    attempt: int = field(compare=False, default=0)
    first_due_at: float = field(compare=False, default=0)


class Courier:
    """Delivers callbacks from threads of its own, each with its own backoff."""

    def __init__(self, *, journal: Journal, retry_s: float, allow_remote: bool) -> None:
        self._journal = journal
        self._retry_s = retry_s
        self._allow_remote = allow_remote
        self._errands: list[_Errand] = []
        self._numbers = count()
        self._wake = threading.Condition()
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver nothing more; what is on its way is left to end by itself."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        self._thread.join(timeout=1)

    def may_call(self, url: str) -> bool:
        """Whether this address may be called: loopback, unless remote targets were allowed."""
        host = urlsplit(url).hostname or ""
        if self._allow_remote or host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def send_now(self, callback: Callback) -> Answer:
        """One attempt, waiting for its answer."""
        answer = self._attempt(callback)
        self._journal.note(
            direction="out",
            status=answer.status or answer.error,
            provider=callback.provider,
            url=callback.url,
            body=callback.body,
            answer=answer.body,
        )
        return answer

    def schedule(
        self,
        callback: Callback,
        *,
        on_answer: Callable[[Answer], None],
        delay_s: float = 0,
        until_good: bool = True,
    ) -> None:
        """Deliver after `delay_s`, and again with backoff until the answer is 2xx."""
        due_at = time.monotonic() + delay_s
        number = next(self._numbers)
        self._put(_Errand(due_at, number, callback, on_answer, until_good, first_due_at=due_at))

    def _put(self, errand: _Errand) -> None:
        with self._wake:
            heapq.heappush(self._errands, errand)
            self._wake.notify_all()

    def _run(self) -> None:
        while (errand := self._next_due()) is not None:
            self._slots.acquire()
            threading.Thread(target=self._deliver, args=(errand,), daemon=True).start()

    def _next_due(self) -> _Errand | None:
        with self._wake:
            while not self._stopped:
                wait_s = self._errands[0].due_at - time.monotonic() if self._errands else None
                if wait_s is not None and wait_s <= 0:
                    return heapq.heappop(self._errands)
                self._wake.wait(wait_s)
        return None

    def _deliver(self, errand: _Errand) -> None:
        try:
            answer = self.send_now(errand.callback)
            errand.on_answer(answer)
        finally:
            self._slots.release()
        if errand.until_good and not answer.is_good:
            self._put_again(errand)

    def _put_again(self, errand: _Errand) -> None:
        """Not for targets that may never be called, and not for ever."""
        now = time.monotonic()
        if not self.may_call(errand.callback.url) or now - errand.first_due_at > GIVE_UP_AFTER_S:
            return
        errand.attempt += 1
        wait_s = min(self._retry_s * 2 ** min(errand.attempt - 1, 10), LONGEST_WAIT_S)
        errand.due_at = now + wait_s
        self._put(errand)

    def _attempt(self, callback: Callback) -> Answer:
        if not self.may_call(callback.url):
            return Answer(0, error="not a loopback address: start with --allow-remote to call it")
        headers = {"Content-Type": "application/json", **callback.headers()}
        try:
            # Proxies of the environment must not see callbacks to this machine.
            with requests.Session() as session:
                session.trust_env = False
                response = session.request(
                    callback.method,
                    callback.url,
                    data=callback.body.encode(),
                    headers=headers,
                    timeout=callback.timeout_s,
                    allow_redirects=False,
                )
        except (requests.RequestException, ValueError) as error:
            return Answer(0, error=f"{type(error).__name__}: {error}")
        return Answer(response.status_code, body=response.text[:20_000])
