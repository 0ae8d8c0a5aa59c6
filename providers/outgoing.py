"""A call to a provider and what can come of it, as values."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from providers import subjects
from providers.contract import AccountView


class CallFailed(Exception):
    """There is no answer. `call_id` is its row in the call log, `code` is neutral."""

    def __init__(self, message: str, *, call_id: UUID, code: str = "provider_unreachable") -> None:
        super().__init__(message)
        self.message = message
        self.call_id = call_id
        self.code = code


class CallNotSent(CallFailed):
    """Not one byte of the request left us.

    What we held back ourselves has a code of its own: `circuit_open`, `provider_suspended` or
    `rate_limited`; of those, `admission` logs not every one.
    """


class CallLost(CallFailed):
    """The request may have arrived, and there is no whole answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request. `deadline_s` is for all of it; `subject_*` say what it is about.

    Its body is `json` or the fields of a `form`. `secrets` are taken out of what is logged; of a
    `personal` answer nothing is. `asks` says that it changes nothing at the provider, sessions
    apart, so that it may find out what became of open bets while the account is suspended.
    """

    account: AccountView
    operation: str
    method: str
    url: str
    deadline_s: float
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    personal: bool = False
    asks: bool = False
    subject_kind: str = field(default_factory=subjects.kind)
    subject_id: UUID | None = field(default_factory=subjects.subject_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whole. Header names are in lower case; `cookies` are those it sets.

    `retry_after_s` is what the provider asks us to wait, if it does.
    """

    call_id: UUID
    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    duration_ms: int
    retry_after_s: float | None = None


class Deadline:
    """The time that is left for several calls together."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        return self._ends_at - time.monotonic()
