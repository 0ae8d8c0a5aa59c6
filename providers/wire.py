"""JSON from the outside, read exactly and without surprises. No framework, no I/O.

Numbers with a point become `Decimal` from their text, never through a binary float. What could
not be stored or would exhaust the reader (nested bombs, NaN, NUL characters, lone surrogates) is
refused as malformed. `Fields` reads an object by name and says where a value is wrong.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from providers.contract import MalformedPayload, WrongShape

DEEPEST = 40
_LONGEST_TEXT = 255
_MOST_DIGITS = 28
_TOO_LARGE = Decimal(10) ** 15
_LARGE_WHOLE = 10**_MOST_DIGITS
_AMOUNT = re.compile(r"-?\d{1,20}(\.\d{1,20})?")
# What needs no further look: neither can have more than _MOST_DIGITS.
_SHORT_AMOUNT = re.compile(r"[0-9]{1,14}(?:\.[0-9]{1,14})?")
_SHORT_WHOLE = re.compile(r"[0-9]{1,18}")
_LAST_MOMENT_S = 2**33
# Escapes of NUL and of halves of characters.
_DOUBTFUL = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPE = re.compile(r"\\.")
_NO_MARKS = bytes(set(range(256)) - set(b'[]{}"'))
_TO_BRACKETS = bytes.maketrans(b"[{]}", b"(())")


def loads(body: bytes) -> Any:
    """Read JSON. Raises `MalformedPayload`."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedPayload("the body is not UTF-8") from None
    return loads_text(text)


def loads_text(text: str) -> Any:
    """Read JSON from text. Raises `MalformedPayload`."""
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError:
        raise MalformedPayload("the body is nested too deeply") from None
    except (ValueError, InvalidOperation) as error:
        raise MalformedPayload(f"the body is not JSON: {_first_line(error)}") from None
    if not _is_plain(text):
        _check_storable(value)
    return value


def plain(value: Any) -> Any:
    """The same value with decimals as text, so that any JSON encoder can write it exactly."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def dumps(value: Any) -> bytes:
    """Compact JSON, the same bytes for the same value. A `Decimal` is a number, digit for digit."""
    try:
        return _plainly(value).encode()
    except TypeError:
        # The encoder knows no decimals, and would write a float for them.
        return _written(value).encode()


def _written(value: Any) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value:f}"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_plainly(str(n))}:{_written(v)}" for n, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_written, value)) + "]"
    return _plainly(value)


def _plainly(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def decimal_text(value: Decimal) -> str:
    """A decimal without exponent and trailing zeros: `4.270` is `4.27`, `2E+1` is `20`."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def as_decimal(value: Any) -> Decimal | None:
    """A number or a numeric text as an exact decimal; `None` for anything else."""
    if type(value) is str and _SHORT_AMOUNT.fullmatch(value):
        return Decimal(value) or Decimal(0)
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        number = Decimal(value)
    elif isinstance(value, str) and value.isascii() and _AMOUNT.fullmatch(value.strip()):
        number = Decimal(value.strip())
    else:
        return None
    if number == 0:
        return Decimal(0)
    # An exponent such as 1E+400 is a small text and an enormous number.
    exact = number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS
    return number if exact and len(number.as_tuple().digits) <= _MOST_DIGITS else None


def as_whole(value: Any) -> int | None:
    """A whole number, given as number or text; `None` for anything else."""
    if type(value) is int and -_LARGE_WHOLE < value < _LARGE_WHOLE:
        return value
    if type(value) is str and _SHORT_WHOLE.fullmatch(value):
        return int(value)
    number = as_decimal(value)
    return int(number) if number is not None and number == number.to_integral_value() else None


class Fields:
    """An object of a message whose fields are read by name, in any case if `any_case`.

    `where` names the object in messages, as `Heads[0].KeyHead`.
    """

    def __init__(self, value: Any, where: str = "", *, any_case: bool = False) -> None:
        if not isinstance(value, dict):
            raise WrongShape(where or "body", "must be an object")
        self._where = where
        self._any_case = any_case
        self._source = value
        self._values = {n.lower(): inner for n, inner in value.items()} if any_case else value
        self._read: set[str] = set()
        if len(self._values) != len(value):
            raise WrongShape(where or "body", "names a field twice")

    def at(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name

    def wrong(self, name: str, message: str) -> NoReturn:
        raise WrongShape(self.at(name), message)

    def raw(self, name: str) -> Any:
        """The value as it came, `None` if it is not there."""
        key = name.lower() if self._any_case else name
        self._read.add(key)
        return self._values.get(key)

    def inner(self, name: str) -> "Fields":
        return Fields(self._given(name), self.at(name), any_case=self._any_case)

    def objects(self, name: str) -> Iterator["Fields"]:
        """The objects of a list."""
        values = self._given(name)
        if not isinstance(values, list):
            self.wrong(name, "must be a list")
        for index, value in enumerate(values):
            yield Fields(value, f"{self.at(name)}[{index}]", any_case=self._any_case)

    def reference(self, name: str, *, longest: int = _LONGEST_TEXT) -> str:
        """An identifier, given as text or as a whole number."""
        value = self._given(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        return self._short_text(name, value, longest=longest)

    def text(self, name: str, *, default: str | None = None, longest: int = _LONGEST_TEXT) -> str:
        """A short text; with a default it may be missing or null."""
        value = self.raw(name)
        if value is None and default is not None:
            return default
        return self._short_text(
            name, self._given(name), longest=longest, empty_allowed=default is not None
        )

    def amount(self, name: str) -> Decimal:
        """An amount of zero or more, given as number or text."""
        number = as_decimal(self._given(name))
        if number is None or not 0 <= number < _TOO_LARGE:
            self.wrong(name, "must be an amount of zero or more")
        return number

    def optional_amount(self, name: str) -> Decimal | None:
        """An amount that may be missing, null or empty."""
        return None if self.raw(name) in (None, "") else self.amount(name)

    def whole(self, name: str, *, default: int | None = None) -> int:
        """A whole number, given as number or text."""
        value = self.raw(name)
        if value is None and default is not None:
            return default
        number = as_whole(self._given(name) if value is None else value)
        if number is None:
            self.wrong(name, "must be a whole number")
        return number

    def unix_seconds(self, name: str) -> datetime | None:
        """A moment, given as seconds since 1970 in a number or text; it may be missing."""
        value = self.raw(name)
        if value is None or value == "":
            return None
        seconds = as_whole(value)
        if seconds is None or not 0 <= seconds < _LAST_MOMENT_S:
            self.wrong(name, "must be a moment in unix seconds")
        return datetime.fromtimestamp(seconds, UTC)

    def unread(self) -> Iterator[str]:
        """Where fields are that nobody asked for, without the indexes of lists."""
        unread = self._values.keys() - self._read
        if not unread:
            return
        for name in self._source:
            if self._key(name) in unread:
                yield re.sub(r"\[\d+\]", "[]", self.at(name))

    def _given(self, name: str) -> Any:
        value = self.raw(name)
        if value is None:
            self.wrong(name, "is missing")
        return value

    def _short_text(
        self, name: str, value: Any, *, longest: int, empty_allowed: bool = False
    ) -> str:
        if not isinstance(value, str) or len(value) > longest:
            self.wrong(name, f"must be a text of at most {longest} characters")
        if not empty_allowed and not value.strip():
            self.wrong(name, "must not be empty")
        return value

    def _key(self, name: str) -> str:
        return name.lower() if self._any_case else name


def _is_plain(text: str) -> bool:
    """Whether the text of JSON that was read shows by itself that all of its values are storable.

    Looking at the text costs a fraction of walking through the values. Where it does not tell,
    the values do.
    """
    if _DOUBTFUL.search(text):
        return False
    try:
        raw = (_ESCAPE.sub("", text) if "\\" in text else text).encode()
    except UnicodeEncodeError:
        return False
    # Every second part is between two quotes, where a bracket is a sign like any other.
    brackets = b"".join(raw.translate(_TO_BRACKETS, _NO_MARKS).split(b'"')[::2])
    for _ in range(DEEPEST):
        if not brackets:
            return True
        brackets = brackets.replace(b"()", b"")
    return False


def _check_storable(value: Any) -> None:
    """Refuse what a database column of JSON or text could not hold."""
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > DEEPEST:
            raise MalformedPayload("the body is nested too deeply")
        if isinstance(item, str):
            _check_text(item)
        elif isinstance(item, dict):
            waiting.extend((name, depth) for name in item)
            waiting.extend((inner, depth + 1) for inner in item.values())
        elif isinstance(item, list):
            waiting.extend((inner, depth + 1) for inner in item)


def _check_text(text: str) -> None:
    if text.isascii():
        if "\0" in text:
            raise MalformedPayload("the body holds a NUL character")
        return
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise MalformedPayload("the body holds a character that is none")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
