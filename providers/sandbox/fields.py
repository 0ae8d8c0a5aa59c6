"""Reads the JSON body of an order, field by field, and refuses what it does not know."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Any

from providers.sandbox import wire
from providers.sandbox.messages import BadOrderError, Request

_REQUIRED: Any = object()


class Fields:
    """The fields of one order; every reader raises BadOrderError with the field's name."""

    def __init__(self, data: Any, *, name: str = "body") -> None:
        if not isinstance(data, dict):
            raise BadOrderError(name, "is not a JSON object")
        self._data: dict[str, Any] = data
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return self._data.get(name) is not None

    def text(self, name: str, default: Any = _REQUIRED) -> str:
        """A string; a whole number is taken as its digits, since ids come as either."""
        value = self._value(name, default)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or (value == "" and default is _REQUIRED):
            raise BadOrderError(name, "is not a non-empty string")
        return value

    def choice(self, name: str, options: Collection[str], default: Any = _REQUIRED) -> str:
        """One of the given words."""
        value = self.text(name, default)
        if value not in options and value != default:
            raise BadOrderError(name, f"is none of {', '.join(sorted(options))}")
        return value

    def decimal(self, name: str, default: Any = _REQUIRED, *, minimum: str = "0") -> Decimal:
        """A decimal number, as a string or as a JSON number."""
        value = self._value(name, default)
        try:
            number = value if isinstance(value, Decimal) else Decimal(str(value))
        except InvalidOperation as error:
            raise BadOrderError(name, "is not a decimal number") from error
        if not number.is_finite() or number < Decimal(minimum):
            raise BadOrderError(name, f"is not a decimal number from {minimum} on")
        return number

    def seconds(self, name: str, default: Any = _REQUIRED) -> float:
        """A length of time in seconds, at most an hour."""
        value = self.decimal(name, default)
        if value > 3600:
            raise BadOrderError(name, "is more than an hour")
        return float(value)

    def integer(self, name: str, default: Any = _REQUIRED, *, minimum: int = 0) -> int:
        """A whole number, as a JSON number or as a string of digits."""
        value = self.decimal(name, default, minimum=str(minimum))
        if value != value.to_integral_value():
            raise BadOrderError(name, "is not a whole number")
        return int(value)

    def boolean(self, name: str, default: Any = _REQUIRED) -> bool:
        """true or false."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise BadOrderError(name, "is neither true nor false")
        return value

    def listed(self, name: str, default: Any = _REQUIRED) -> list[Any]:
        """A list that is not empty."""
        value = self._value(name, default)
        if not isinstance(value, list) or (not value and default is _REQUIRED):
            raise BadOrderError(name, "is not a list with entries")
        return value

    def done(self) -> None:
        """Refuse fields that nobody read: a misspelt order must not pass as a smaller one."""
        for name in sorted(self._data.keys() - self._read):
            raise BadOrderError(name, "is not a field of this order")

    def _value(self, name: str, default: Any) -> Any:
        self._read.add(name)
        value = self._data.get(name)
        if value is not None:
            return value
        if default is _REQUIRED:
            raise BadOrderError(name, "is missing")
        return default


def fields_of(request: Request) -> Fields:
    """The order in this request's body; an empty body is an order without fields."""
    try:
        return Fields(wire.loads(request.body or b"{}"))
    except ValueError as error:
        raise BadOrderError("body", "is not JSON") from error
