"""Gives orders to the sandbox and reads what it says. Source: `docs/sandbox.md`."""

import http.client
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

_PREFIX = "/_sandbox"
_LOOK_S = 2
# An order may send a callback and wait for its answer.
_ORDER_S = 20
_LOG_LENGTH = 12


class SandboxAway(Exception):
    """The sandbox does not answer."""


class OrderRefused(Exception):
    """The sandbox did not do it; the message names the field and says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the sandbox says of itself."""

    providers: list[dict[str, Any]]
    faults: list[dict[str, Any]]
    matches: list[dict[str, Any]]
    auto_settle: bool
    log: list[dict[str, Any]]


def look() -> View:
    """Read everything that the page shows. Raises `SandboxAway`."""
    return View(
        providers=_look("/providers")["providers"],
        faults=_look("/faults")["faults"],
        matches=_look("/offer")["matches"],
        auto_settle=_look("/settings")["auto_settle"],
        log=_look(f"/log?last={_LOG_LENGTH}")["log"],
    )


def order(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Give an order. Raises `SandboxAway` and `OrderRefused`."""
    status, answer = _ask(method, path, body, timeout_s=_ORDER_S)
    if status >= 400:
        raise OrderRefused(str(answer.get("error") or f"it answered {status}"))
    return answer


def _look(path: str) -> dict[str, Any]:
    status, answer = _ask("GET", path, None, timeout_s=_LOOK_S)
    if status != 200:
        raise SandboxAway(f"the sandbox answers {path} with {status}")
    return answer


def _ask(
    method: str, path: str, body: dict[str, Any] | None, *, timeout_s: float
) -> tuple[int, dict[str, Any]]:
    address = urlsplit(settings.SANDBOX_URL)
    sandbox = http.client.HTTPConnection(
        address.hostname or "", address.port or 80, timeout=timeout_s
    )
    try:
        content = None if body is None else json.dumps(body)
        sandbox.request(method, f"{address.path}{_PREFIX}{path}", body=content)
        reply = sandbox.getresponse()
        answer = json.loads(reply.read(), parse_float=Decimal)
    except TimeoutError:
        raise SandboxAway(f"the sandbox did not answer within {timeout_s:g} seconds") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SandboxAway(f"the sandbox does not answer: {error}") from None
    finally:
        sandbox.close()
    return reply.status, answer if isinstance(answer, dict) else {}
