"""How a provider's tests describe what it is asked, and how an answer ends."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from providers.contract import (
    Accepted,
    Cancelled,
    ConnectionReport,
    Done,
    Incomplete,
    NotSent,
    Placed,
    Quote,
    ReadRefused,
    Rejected,
    Unknown,
)
from providers.models import ProviderAccount, ProviderSession


class Ending(StrEnum):
    """What became of a question. A read that got no usable answer is `REFUSED`."""

    YES = "yes"
    REJECTED = "rejected"
    NOT_SENT = "not sent"
    UNKNOWN = "unknown"
    REFUSED = "refused"


_ENDINGS: dict[type, Ending] = {
    Accepted: Ending.YES,
    Done: Ending.YES,
    Placed: Ending.YES,
    Cancelled: Ending.YES,
    Quote: Ending.YES,
    Rejected: Ending.REJECTED,
    NotSent: Ending.NOT_SENT,
    Unknown: Ending.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class End:
    """How it ended, with the value that says so."""

    kind: Ending
    value: Any

    @property
    def code(self) -> str:
        return str(getattr(self.value, "code", ""))


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A documented no: a sample, or `body`, its HTTP status, and what it comes to."""

    case: str
    status: int = 200
    body: bytes = b""
    ending: Ending = Ending.REJECTED
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Surprise:
    """A value that no document names, put into a sample at `path`; staff see it as `noted`."""

    path: str
    value: Any
    noted: str
    endings: frozenset[Ending]
    case: str = ""
    status: int = 200


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One call of a provider. `ask` makes it, given the account and the seconds it may take.

    `route` is the method and the path that the server hears. `lost` is what it comes to without
    an answer that can be read, `unsent` what it comes to if nothing left us. `legitimate` names
    the strange bodies (of `damage`) that this call's document allows. `open_body` says that the
    document leaves the body of a success open, so that only its status counts. `closed` names
    objects whose field names are data, so that none of them is new. A repeat within one question
    happens at most `sends - 1` times. `lost_before` is what it comes to if the answer to another
    call is lost that goes before this one. `before` is done before each question, such as
    forgetting the session where it is the login that is tried.
    """

    name: str
    route: str
    ask: Callable[[ProviderAccount, float], Any]
    yes: str
    status: int = 200
    headers: tuple[str, ...] = ("Content-Type: application/json",)
    lost: Ending = Ending.UNKNOWN
    unsent: Ending = Ending.NOT_SENT
    refusals: tuple[Refusal, ...] = ()
    surprises: tuple[Surprise, ...] = ()
    legitimate: frozenset[str] = frozenset()
    open_body: bool = False
    closed: frozenset[str] = frozenset()
    sends: int = 1
    lost_before: Ending | None = None
    before: Callable[[ProviderAccount], Any] = bool

    def ends_of(self, body: str) -> frozenset[Ending]:
        """What a success whose body cannot be read may come to; `body` is its name."""
        if self.open_body:
            return frozenset({Ending.YES, self.lost})
        return frozenset({Ending.YES if body in self.legitimate else self.lost})


def end_of(question: Callable[[], Any]) -> End:
    """Ask, and say how it ended. Anything that no contract names is a crash of the test."""
    try:
        value = question()
    except (ReadRefused, Incomplete) as refused:
        return End(Ending.REFUSED, refused)
    if isinstance(value, ConnectionReport):
        return End(Ending.YES if value.ok else Ending.REFUSED, value)
    return End(_ENDINGS.get(type(value), Ending.YES), value)


def forget_session(account: ProviderAccount) -> None:
    """The next call has to log in again."""
    ProviderSession.objects.filter(account=account).delete()
