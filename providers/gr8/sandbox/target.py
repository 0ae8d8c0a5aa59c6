"""Whose wallets the simulated gr8 calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from providers.sandbox.fields import Fields
from providers.sandbox.messages import BadOrderError

TYPES = ("documented", "numbers")


@dataclass(frozen=True)
class Target:
    """`/api/v2/wallet/…` is appended to `callback_base`; without one, no wallet is called.

    `operator_id` is the X-Operator-Id that it is for; empty means all that have none of their own.
    """

    callback_base: str
    operator_id: str = ""
    types: str = "documented"


class Targets:
    """The targets, one for each operator."""

    def __init__(self) -> None:
        self._by_operator: dict[str, Target] = {}

    def set(self, target: Target) -> None:
        """Take the place of the former target of this operator."""
        self._by_operator = {**self._by_operator, target.operator_id: target}

    def drop(self) -> None:
        """Call nobody any more."""
        self._by_operator = {}

    def of(self, operator_id: str) -> Target | None:
        """Whose wallet is called for the bets of this operator, if any."""
        known = self._by_operator
        target = known.get(operator_id) or known.get("")
        return target if target and target.callback_base else None

    def usual(self) -> Target | None:
        """The one for all operators, else the oldest that names a wallet."""
        named = (target for target in self._by_operator.values() if target.callback_base)
        return self.of("") or next(named, None)

    def shown(self) -> list[dict[str, Any]]:
        """All of them."""
        return [asdict(target) for target in self._by_operator.values()]


def read_target(data: Mapping[str, Any]) -> Target:
    """Read an order for a target. Raises BadOrderError naming the field that is wrong."""
    fields = Fields(dict(data))
    operator_id = fields.text("operator_id", "")
    base = fields.text("callback_base", "") if operator_id else fields.text("callback_base")
    target = Target(
        callback_base=_address(base),
        operator_id=operator_id,
        types=fields.choice("types", TYPES, "documented"),
    )
    fields.done()
    return target


def _address(value: str) -> str:
    if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
        raise BadOrderError("callback_base", "is not an http address")
    return value.rstrip("/")
