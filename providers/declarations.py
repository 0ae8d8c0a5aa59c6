"""Judges the settings and secrets of an account by what its provider declares."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping

from providers import addresses
from providers.contract import Declared

_LONGEST = 8192
_LONGEST_WAIT_H = 24 * 366


class InvalidAccount(Exception):
    """An account cannot be saved like this; `field` names the value that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def merged(
    declared: Iterable[Declared], stored: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """The stored values with the given ones over them; an empty value removes one.

    Raises `InvalidAccount` for unknown names, bad values and missing required ones.
    """
    known = {item.name: item for item in declared}
    for name, value in given.items():
        if name not in known:
            raise InvalidAccount(name, f"is not one of {', '.join(known) or 'none'}")
        if value:
            check(known[name], value)
    result = {name: value for name, value in {**stored, **given}.items() if value}
    for item in known.values():
        if item.required and item.name not in result:
            raise InvalidAccount(item.name, "is required")
    return result


def check(declared: Declared, value: str) -> None:
    """Raises `InvalidAccount` unless the value is of the declared kind."""
    if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value:
        raise InvalidAccount(declared.name, f"is a text of at most {_LONGEST} characters")
    message = _CHECKS[declared.check](declared, value)
    if message:
        raise InvalidAccount(declared.name, message)


def check_outgoing_url(field: str, url: str) -> None:
    """Raises `InvalidAccount` unless we may call this address."""
    try:
        addresses.check_url(url)
    except (addresses.BadAddress, addresses.AddressRefused) as error:
        raise InvalidAccount(field, str(error)) from None


def _text(declared: Declared, value: str) -> str:
    return ""


def _url(declared: Declared, value: str) -> str:
    try:
        addresses.host_and_port(value)
    except addresses.BadAddress as error:
        return str(error)
    return "must not end with a slash" if value.endswith("/") else ""


def _outgoing_url(declared: Declared, value: str) -> str:
    check_outgoing_url(declared.name, value)
    return ""


def _ip_list(declared: Declared, value: str) -> str:
    for part in value.split(","):
        try:
            ipaddress.ip_network(part.strip(), strict=False)
        except ValueError:
            return f"{part.strip()!r} is neither an address nor a network"
    return ""


def _hours(declared: Declared, value: str) -> str:
    whole = value.isascii() and value.isdigit() and len(value) <= 5
    if whole and 1 <= int(value) <= _LONGEST_WAIT_H:
        return ""
    return f"is a whole number of hours from 1 to {_LONGEST_WAIT_H}"


def _choice(declared: Declared, value: str) -> str:
    return "" if value in declared.choices else f"is one of {', '.join(declared.choices)}"


def _pattern(declared: Declared, value: str) -> str:
    return (
        ""
        if re.fullmatch(declared.pattern, value, re.ASCII)
        else f"does not have the form: {declared.help}"
    )


_CHECKS: dict[str, Callable[[Declared, str], str]] = {
    "text": _text,
    "url": _url,
    "outgoing_url": _outgoing_url,
    "ip_list": _ip_list,
    "hours": _hours,
    "choice": _choice,
    "pattern": _pattern,
}
