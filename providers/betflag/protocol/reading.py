"""Reads one object of the wire by name, and keeps what in it nobody knows. No I/O.

Names are Italian on the wire and English from here on. Cents become major units and odds x100
become decimal odds here and nowhere else; local times become moments. Numbers may come as text
and texts as numbers. Everything raises `WrongShape` for a value that is not what it should be.
"""

from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from providers import wire
from providers.contract import WrongShape

ROME = ZoneInfo("Europe/Rome")

_LONGEST_ID = 40
_LONGEST_TEXT = 255
_LONGEST_NOTE = 60
MOST_CENTS = 10**15
MOST_ODDS = 10**9
# One of the wire's whole numbers, in money and in odds.
HUNDREDTH = Decimal("0.01")

Object = dict[str, Any]


@dataclass(slots=True)
class Notes:
    """What an answer holds that the contract does not know, for staff."""

    fields: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)

    def names(self, found: Object, where: str, known: frozenset[str]) -> None:
        """Keep the names of an object that are not known ones."""
        if not found.keys() <= known:
            self.fields.update(f"{where}{name}" for name in found.keys() - known)

    def value(self, name: str, value: object) -> None:
        """Keep a value that is none of the known ones, as `st=7`."""
        self.values.add(f"{name}={value}"[:_LONGEST_NOTE])


def as_object(value: Any, where: str) -> Object:
    if not isinstance(value, dict):
        raise WrongShape(where, "must be an object")
    return value


def objects(found: Object, name: str, *, default: tuple[Object, ...] | None = None) -> list[Object]:
    """A list of objects; with a default it may be missing or null."""
    values = found.get(name)
    if values is None and default is not None:
        return list(default)
    if not isinstance(values, list):
        raise WrongShape(name, "must be a list")
    for value in values:
        if not isinstance(value, dict):
            raise WrongShape(name, "must be a list of objects")
    return values


def first(found: Object, *names: str) -> Any:
    """The value under the first of several names that is there."""
    for name in names:
        value = found.get(name)
        if value is not None:
            return value
    return None


def text(found: Object, *names: str, default: str | None = None) -> str:
    """A short text, also where it comes as a number; with a default it may be missing."""
    value = found.get(names[0])
    if value is None:
        value = first(found, *names)
        if value is None and default is not None:
            return default
    if type(value) is str and len(value) <= _LONGEST_TEXT:
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = wire.as_decimal(value)
        value = None if number is None else wire.decimal_text(number)
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise WrongShape(names[0], f"must be a text of at most {_LONGEST_TEXT} characters")
    return value


def identity(found: Object, *names: str) -> str:
    """The id of something, given as a text or as a number."""
    number = found.get(names[0])
    if type(number) is int and 0 <= number < MOST_CENTS:
        return str(number)
    value = text(found, *names).strip()
    if not 0 < len(value) <= _LONGEST_ID:
        raise WrongShape(names[0], f"must have 1 to {_LONGEST_ID} characters")
    return value


def whole(found: Object, *names: str, default: int | None = None) -> int:
    """A whole number; with a default it may be missing."""
    value = first(found, *names)
    if value is None and default is not None:
        return default
    number = wire.as_whole(value)
    if number is None or abs(number) >= MOST_CENTS:
        raise WrongShape(names[0], "must be a whole number")
    return number


def signed_amount(found: Object, *names: str) -> Decimal:
    """Cents, as major units."""
    return HUNDREDTH * whole(found, *names)


def amount(found: Object, *names: str) -> Decimal:
    """Cents of zero or more, as major units."""
    value = signed_amount(found, *names)
    if value < 0:
        raise WrongShape(names[0], "must be zero or more")
    return value


def odds(found: Object, name: str) -> Decimal:
    """Odds x100, as decimal odds above 1."""
    value = whole(found, name)
    if not 100 < value < MOST_ODDS:
        raise WrongShape(name, "must be odds above 1, times 100")
    return HUNDREDTH * value


def moment(found: Object, *names: str) -> datetime | None:
    """A time of Rome, as `2020-12-12T20:45:00`; `None` if it is missing or is no time.

    The first and the last year stand for no time: what is near the ends of the calendar has no
    moment in every zone.
    """
    value = first(found, *names)
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    if not MINYEAR < parsed.year < MAXYEAR:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=ROME)


def cents(value: Decimal) -> int:
    """Major units as cents. Raises `ValueError` where that would lose something."""
    scaled = value.scaleb(2)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{value} is not a whole number of cents")
    return int(scaled)
