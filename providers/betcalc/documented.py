"""What betcalc's document names in its answers, to notice what it does not.

Source: `documents/betcalc.txt` and the page beside it, which names the nested form.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from providers import wire
from providers.contract import MalformedPayload

_LOGIN = frozenset({"d"})
_USER = frozenset({"userid"})
_PLACEMENT = frozenset(
    {
        "betcode", "errorcode", "fullerrorcode", "errormessage", "amountout", "countevents",
        "coef", "islive", "linesid", "eventdate", "rate_mode", "changed", "d",
    }
)  # fmt: skip
_DETAIL = frozenset(
    {"betcode", "status", "coef", "coeforig", "islive", "errorcode", "fullerrorcode", "poswin"}
)
_CHANGED = frozenset({"gid", "rb", "rg", "rt"})
_FULL_CODES = frozenset({0, 1, 2, 3, 99})


def read_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object of an answer, which may stand behind junk (seen by public clients)."""
    value = _read(body, "{")
    return value if isinstance(value, dict) else None


def read_list(body: bytes) -> list[Any] | None:
    """The JSON list of an answer, which may stand behind junk as well."""
    value = _read(body, "[")
    return value if isinstance(value, list) else None


def _read(body: bytes, first: str) -> Any:
    text = body.decode("utf-8", errors="replace")
    start = text.find(first)
    try:
        return wire.loads_text(text[start:]) if start >= 0 else None
    except MalformedPayload:
        return None


def new_in_login(body: bytes) -> tuple[str, ...]:
    """The fields of a login's answer that the document does not name."""
    answer = read_object(body) or {}
    return (*_new(answer, _LOGIN), *_new(answer.get("d"), _USER, "d."))


def new_in_placement(body: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields and the values of a placement's answer that the document does not name."""
    answer = read_object(body) or {}
    inner = answer.get("d")
    detail = inner.get("BetHeadDetail") if isinstance(inner, dict) else None
    changed = answer.get("changed")
    fields = {
        *_new(answer, _PLACEMENT),
        *_new(inner, frozenset({"betheaddetail"}), "d."),
        *_new(detail, _DETAIL, "d.BetHeadDetail."),
        *(
            name
            for entry in (changed if isinstance(changed, list) else ())
            for name in _new(entry, _CHANGED, "changed[].")
        ),
    }
    return tuple(sorted(fields)), tuple(_new_codes(answer))


def _new(part: Any, names: frozenset[str], where: str = "") -> Iterator[str]:
    for name in part if isinstance(part, dict) else ():
        if name.lower() not in names:
            yield where + name


def _new_codes(answer: Mapping[str, Any]) -> Iterator[str]:
    known = {"errorcode": frozenset({0, 1}), "fullerrorcode": _FULL_CODES}
    for name, value in answer.items():
        codes = known.get(name.lower())
        if codes is not None and value is not None and wire.as_whole(value) not in codes:
            yield f"{name}={str(value)[:50]}"
