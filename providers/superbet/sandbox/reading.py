"""Reads the body of reserve and create, as strictly as the document describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from providers.sandbox import wire

FIELDS = (*("operator", "token", "price", "currency", "atag", "source", "type", "event", "bets"),)
NEWER_FIELDS = (
    *("operator", "token", "psp", "price", "currency", "atag", "rtag", "source", "type"),
    *("event", "bets"),
)
SOURCES = ("desktop", "mobile", "android", "iphone", "ussd", "sms", "telegram")
NULLABLE = ("atag", "psp", "rtag")


class InvalidError(Exception):
    """Answered with HTTP 422; `detail` says where."""

    def __init__(self, detail: list[dict[str, Any]]) -> None:
        super().__init__(str(detail))
        self.detail = detail


@dataclass(frozen=True)
class AskedTicket:
    """A ticket as a client asks for it; `remarks` say what the document does not allow."""

    operator: str
    token: str
    price: int
    currency: str
    atag: str | None
    source: str
    event: int
    bets: list[int]
    remarks: tuple[str, ...]


def read_asked(body: bytes) -> AskedTicket:
    """Raises InvalidError naming every field that is wrong."""
    try:
        data = wire.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise InvalidError([_wrong(["body"], "value is not a valid dict")])
    wrong = _all_wrong(data)
    if wrong:
        raise InvalidError(wrong)
    return AskedTicket(
        **{
            name: data[name]
            for name in ("operator", "token", "price", "currency", "source", "event", "bets")
        },
        atag=data.get("atag"),
        remarks=tuple(_remarks(data)),
    )


def _all_wrong(data: dict[str, Any]) -> list[dict[str, Any]]:
    wrong = []
    for name in ("operator", "token", "currency", "source", "type"):
        if not isinstance(data.get(name), str) or not data[name]:
            wrong.append(_wrong(["body", name], "str type expected"))
    for name in ("price", "event"):
        if not _is_int(data.get(name)) or data[name] < 1:
            wrong.append(_wrong(["body", name], "value is not a positive integer"))
    if data.get("source") not in SOURCES:
        wrong.append(_wrong(["body", "source"], "value is not a valid enumeration member"))
    for name in NULLABLE:
        if not isinstance(data.get(name), str | None):
            wrong.append(_wrong(["body", name], "str type expected"))
    return wrong + _wrong_bets(data.get("bets"))


def _wrong_bets(bets: Any) -> list[dict[str, Any]]:
    if not isinstance(bets, list) or not bets:
        return [_wrong(["body", "bets"], "value is not a valid list")]
    return [
        _wrong(["body", "bets", index], "value is not a valid integer")
        for index, bet in enumerate(bets)
        if not _is_int(bet)
    ]


def _remarks(data: dict[str, Any]) -> list[str]:
    """The signature hangs on the order of the fields, so another one is worth a remark."""
    if tuple(data) not in (FIELDS, NEWER_FIELDS):
        return [f"the fields are not those of the document, in its order: {', '.join(data)}"]
    return []


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _wrong(where: list[Any], message: str) -> dict[str, Any]:
    return {"loc": where, "msg": message, "type": "value_error"}
