"""What the server hands to a provider, and what it gets back to put on the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any, Literal
from urllib.parse import parse_qs

from providers.sandbox import wire

JSON_TYPE = "application/json; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Request:
    """One HTTP request as it came in; `path` is without provider prefix and query string.

    `params` are the segments that stand for the names in braces of the route.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies by name."""
        jar = SimpleCookie(self.headers.get("cookie", ""))
        return {name: morsel.value for name, morsel in jar.items()}

    def argument(self, name: str, default: str = "") -> str:
        """The first query argument of that name."""
        return parse_qs(self.query).get(name, [default])[0]


@dataclass(frozen=True)
class Reply:
    """One HTTP answer, and how it is to arrive.

    `hold_s` waits before anything is sent, `drip_s` spreads the body over that time,
    `ending` says whether there is an answer at all or the connection just closes or is reset.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    hold_s: float = 0
    drip_s: float = 0
    ending: Literal["answer", "close", "reset"] = "answer"


Handler = Callable[[Request], Reply]
Routes = Mapping[tuple[str, str], Handler]


def json_reply(
    value: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Reply:
    """An answer with a JSON body."""
    return Reply(status=status, body=wire.dumps(value).encode(), headers=headers)


class BadOrderError(Exception):
    """An order to the sandbox that cannot be carried out: answered 400, naming the field."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
