"""What can be wrong with a message: bytes that nobody can read, and fields that are otherwise."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

NEW_FIELD = "brandNewField"
Path = tuple[str | int, ...]

# Bodies that say nothing, by name. Whatever stands for one of them is made up.
UNREADABLE: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \r\n",
    "html": b"<html><body style='a{b:c}'>Bad gateway</body></html>",
    "text": b"OK",
    "one MiB of nested objects": b'{"a":' * (1024 * 1024 // 5),
    "one MiB of nested lists": b"[" * (1024 * 1024),
    "not UTF-8": b"\xff\xfe\x00\x01{\x80",
    "NUL characters": b"{" + b"\x00" * 50,
    "NaN": b'{"errorCode": NaN, "esito": NaN, "status": NaN}',
    "two documents": b"{}{}",
    "a number that explodes": b'{"errorCode": 1E+400, "esito": 1E+400, "status": 1E+400}',
}
# JSON of a shape that no document describes.
SHAPELESS: dict[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "a text": b'"yes"',
    "a number": b"1",
    "an empty list": b"[]",
    "an empty object": b"{}",
    "a list of lists": b"[[[]]]",
    "another object": b'{"foo": {"bar": [1, null, "x"]}}',
}
# What any field may turn out to be.
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    "",
    " ",
    "x",
    "\ufffd",
    "9" * 40,
    "z" * 5_000,
    "-1",
    "1E+400",
    "2026-13-45T99:00:00",
    -1,
    0,
    7,
    10**30,
    Decimal("0.00001"),
    [],
    [None],
    ["x"],
    [[]],
    {},
    {"x": 1},
)


def cut_short(body: bytes) -> bytes:
    """The beginning of a message that is well-formed up to where it ends."""
    return body.rstrip()[:-2]


def with_new_fields(message: Any, *, but_not_in: frozenset[str] = frozenset()) -> Any:
    """A field that nobody knows in every object, those called `but_not_in` excepted."""
    if isinstance(message, list):
        return [with_new_fields(inner, but_not_in=but_not_in) for inner in message]
    if not isinstance(message, dict):
        return message
    grown = {
        name: inner if name in but_not_in else with_new_fields(inner, but_not_in=but_not_in)
        for name, inner in message.items()
    }
    return {**grown, NEW_FIELD: {"a": [1, None, "x"]}}


def new_fields(message: Any, *, but_not_in: frozenset[str] = frozenset()) -> set[str]:
    """Where `with_new_fields` puts them, as `lines[].brandNewField`."""
    return set(_new_fields(message, "", but_not_in))


def _new_fields(message: Any, where: str, but_not_in: frozenset[str]) -> Iterator[str]:
    if isinstance(message, list):
        for inner in message:
            yield from _new_fields(inner, f"{where}[]", but_not_in)
    if isinstance(message, dict):
        yield f"{where}.{NEW_FIELD}".lstrip(".")
        for name in message.keys() - but_not_in:
            yield from _new_fields(message[name], f"{where}.{name}", but_not_in)


def numbers_as_text(message: Any) -> Any:
    """`19.85` becomes `"19.85"`."""
    return _each_leaf(message, _as_text)


def text_as_numbers(message: Any) -> Any:
    """`"19.85"` becomes `19.85`, where no digit is lost by it."""
    return _each_leaf(message, _as_number)


def leaves(message: Any, path: Path = ()) -> Iterator[Path]:
    """The way to every value of a message, the objects and lists on it included.

    Of a list only its first entry: the others are alike.
    """
    inner = message.items() if isinstance(message, dict) else enumerate(message[:1])
    for name, value in inner:
        yield (*path, name)
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, name))


def changed(message: Any, path: Path | str, value: Any) -> Any:
    """A copy with another value at a path, such as `Heads.0.Status`."""
    names = _path(path) if isinstance(path, str) else path
    copy = deepcopy(message)
    target = copy
    for name in names[:-1]:
        target = target[name]
    target[names[-1]] = value
    return copy


def without(message: Any, path: Path) -> Any:
    """A copy in which nothing stands at a path."""
    copy = deepcopy(message)
    target = copy
    for name in path[:-1]:
        target = target[name]
    del target[path[-1]]
    return copy


def loads(body: bytes) -> Any:
    """A sample as values, behind the junk that some servers put before it."""
    starts = [at for at in (body.find(b"{"), body.find(b"[")) if at >= 0]
    return json.loads(body[min(starts) :], parse_float=Decimal)


def dumps(message: Any) -> bytes:
    """As bytes; a decimal keeps its digits."""
    if isinstance(message, Decimal):
        return format(message, "f").encode()
    if isinstance(message, dict):
        pairs = (json.dumps(name).encode() + b":" + dumps(v) for name, v in message.items())
        return b"{" + b",".join(pairs) + b"}"
    if isinstance(message, list):
        return b"[" + b",".join(map(dumps, message)) + b"]"
    return json.dumps(message).encode()


def _each_leaf(message: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(message, dict):
        return {name: _each_leaf(inner, change) for name, inner in message.items()}
    if isinstance(message, list):
        return [_each_leaf(inner, change) for inner in message]
    return change(message)


def _as_text(value: Any) -> Any:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return dumps(value).decode() if is_number else value


def _as_number(value: Any) -> Any:
    if not isinstance(value, str) or not value.isascii():
        return value
    whole, _, rest = value.partition(".")
    plain = whole.isdecimal() and (whole == "0" or not whole.startswith("0"))
    if not plain or (rest and not rest.isdecimal()) or value.endswith("."):
        return value
    return Decimal(value) if rest else int(value)


def _path(text: str) -> Path:
    return tuple(int(name) if name.isdecimal() else name for name in text.split("."))
