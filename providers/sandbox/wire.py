"""JSON in which a number is a Decimal on the way in and is written exactly on the way out."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def loads(text: bytes | str) -> Any:
    """Read JSON; fractions become Decimal from their text. Raises ValueError if it is not JSON."""
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)


def dumps(value: Any) -> str:
    """Write JSON; a Decimal is written digit for digit (4.27, never 4.2699999)."""
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(str(key))}: {dumps(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(dumps(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} cannot be written as a JSON number")
    return format(value, "f")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
