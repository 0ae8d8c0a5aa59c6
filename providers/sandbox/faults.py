"""Faults that were ordered for the next calls or as a rate, and what they do to an answer."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from itertools import count
from typing import Any

from providers.sandbox.chance import dice
from providers.sandbox.fields import Fields
from providers.sandbox.messages import BadOrderError, Reply

# Names of faults by the point at which a provider asks for them.
FaultPoints = Mapping[str, frozenset[str]]

TRANSPORT_FAULTS = frozenset(
    {
        "error_500",
        "junk_body",
        "junk_prefix",
        "slow",
        "slow_drip",
        "connection_reset",
        "timeout",
        "accept_then_timeout",
    }
)
CALLBACK_FAULTS = frozenset(
    {"duplicate_callback", "callbacks_out_of_order", "changed_result_later"}
)

# What each does, for whoever orders it; a provider adds its own words as `fault_words`.
EXPLAINED: Mapping[str, str] = {
    "accept_then_timeout": "Taken; the connection is held, then closed without an answer.",
    "timeout": "Not taken; the connection is held, then closed without an answer.",
    "error_500": "HTTP 500 with an HTML page; not taken.",
    "junk_body": "HTTP 200 with a body that nobody can read; taken.",
    "junk_prefix": "Junk before the answer.",
    "slow": "The answer comes late, after the seconds given.",
    "slow_drip": "The answer's body comes byte by byte over the seconds given.",
    "connection_reset": "The connection is reset; not taken.",
    "duplicate_callback": "The next message comes three times at once.",
    "callbacks_out_of_order": "A result, and seconds later an older one that says otherwise.",
    "changed_result_later": "A result, and seconds later a newer one that says otherwise.",
    "reject": "Refused with the code of a refusal that is chosen here.",
}

_NOT_TAKEN = frozenset({"error_500", "connection_reset", "timeout"})
_SECONDS = {"slow": 3.0, "slow_drip": 30.0, "timeout": 30.0, "accept_then_timeout": 30.0}
_CALLBACK_SECONDS = 2.0


@dataclass
class Fault:
    """One order: either the next `remaining` calls, or every call with the chance `rate`."""

    id: int
    provider: str
    fault: str
    call: str
    remaining: int | None
    rate: Decimal | None
    seconds: float
    code: str
    taken: bool


class FaultBoard:
    """The faults on order; providers draw from it at the points they declared."""

    def __init__(self, *, seed: int) -> None:
        self._points: dict[str, FaultPoints] = {}
        self._codes: dict[str, frozenset[str]] = {}
        self._orders: list[Fault] = []
        self._ids = count(1)
        self._lock = threading.Lock()
        self._chance = dice(seed, "faults")

    def declare(self, provider: str, points: FaultPoints, codes: frozenset[str]) -> None:
        """Say which faults a provider understands, by call, and which codes a reject may carry."""
        self._points[provider] = points
        self._codes[provider] = codes

    def order(self, fields: Fields) -> Fault:
        """Take an order. Raises BadOrderError naming the field that is wrong."""
        fault = self._read(fields)
        fields.done()
        with self._lock:
            self._orders.append(fault)
        return fault

    def draw(self, provider: str, call: str) -> Fault | None:
        """The fault for this call, oldest order first; it is used up by being drawn."""
        with self._lock:
            for order in self._orders:
                if (order.provider, order.call) == (provider, call) and self._strikes(order):
                    self._use(order)
                    return replace(order)
        return None

    def listed(self) -> list[dict[str, Any]]:
        """The orders that still stand."""
        with self._lock:
            return [asdict(order) for order in self._orders]

    def clear(self) -> int:
        """Withdraw all orders; says how many there were."""
        with self._lock:
            cleared = len(self._orders)
            self._orders.clear()
        return cleared

    def _strikes(self, order: Fault) -> bool:
        return order.rate is None or Decimal(str(self._chance.random())) < order.rate

    def _use(self, order: Fault) -> None:
        if order.remaining is None:
            return
        order.remaining -= 1
        if order.remaining <= 0:
            self._orders.remove(order)

    def _read(self, fields: Fields) -> Fault:
        provider = fields.choice("provider", self._points)
        points = self._points[provider]
        name = fields.choice("fault", frozenset().union(*points.values()))
        call = fields.choice("call", points, _usual_call(points, name))
        if name not in points[call]:
            raise BadOrderError("fault", f"does not happen to {call}")
        if "next" in fields and "rate" in fields:
            raise BadOrderError("rate", "cannot be ordered together with next")
        rate = fields.decimal("rate") if "rate" in fields else None
        if rate is not None and rate > 1:
            raise BadOrderError("rate", "is more than 1")
        return Fault(
            id=next(self._ids),
            provider=provider,
            fault=name,
            call=call,
            remaining=None if rate is not None else fields.integer("next", 1, minimum=1),
            rate=rate,
            seconds=fields.seconds("seconds", _usual_seconds(name)),
            code=fields.choice("code", self._codes[provider], ""),
            taken=fields.boolean("taken", name not in _NOT_TAKEN),
        )


def _usual_call(points: FaultPoints, name: str) -> str:
    """The first call, in the provider's own order, to which this fault can happen."""
    return next(call for call, names in points.items() if name in names)


def _usual_seconds(name: str) -> Decimal:
    return Decimal(str(_SECONDS.get(name, _CALLBACK_SECONDS)))


def disturbed(answer: Reply, fault: Fault) -> Reply:
    """The answer as it arrives when this fault happens on the way; other faults leave it alone."""
    changes: dict[str, dict[str, Any]] = {
        "error_500": {"status": 500, "body": _HTML_500, "content_type": "text/html", "headers": ()},
        "junk_body": {"body": _JUNK, "content_type": "text/html"},
        "junk_prefix": {"body": _JUNK_PREFIX + answer.body},
        "slow": {"hold_s": fault.seconds},
        "slow_drip": {"drip_s": fault.seconds},
        "connection_reset": {"ending": "reset"},
        "timeout": {"hold_s": fault.seconds, "ending": "close"},
        "accept_then_timeout": {"hold_s": fault.seconds, "ending": "close"},
    }
    return replace(answer, **changes.get(fault.fault, {}))


_HTML_500 = b"<html><body><h1>Server Error in '/' Application.</h1></body></html>"
# The braces are there on purpose: whoever parses from the first brace must still see it is no JSON.
_JUNK = b"<html><script>var s = {retry: soon};</script><body>Please stand by</body></html>"
_JUNK_PREFIX = b"\xef\xbb\xbf<!-- node 4 -->\r\n"
