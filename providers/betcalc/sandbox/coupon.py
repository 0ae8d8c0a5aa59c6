"""Reads a placement as the document describes it, and refuses it in the document's words.

Source: documents/betcalc.txt, the sections on /bet/place/ and its errors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from providers.sandbox import wire
from providers.sandbox.world import DOCUMENT_MATCH, Offer, World

BET_CODE = re.compile(r"(line|live)#(\d+)\|(\d+\|\d+\|-?\d+(?:\.\d+)?)#(\d+(?:\.\d+)?)", re.ASCII)
AMOUNT = re.compile(r"\d+(\.\d+)?", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
KNOWN_FIELDS = {"list_bets", "realAmount", "currency", "lang", "remote_host", "rate_mode"}

# Every refusal of the document by its message; `changed` odds have a body of their own.
ERROR_CODES = {
    "error_wrong_bet_data": 1,
    "error_block_bet_data": 1,
    "error_repeat_bet_data": 1,
    "label_change_rate": 2,
    "error_exist_bet": 3,
    "Invalid access level": 99,
    "Error exist remote host!": 99,
}


class RefusedError(Exception):
    """The placement is refused; `client_error` says what the client did wrong, if it did."""

    def __init__(self, message: str, *, client_error: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.client_error = client_error


@dataclass(frozen=True)
class AskedBet:
    """One entry of list_bets, `event_type#match_ID|bet_code#odds`, taken apart."""

    is_live: bool
    match_id: str
    code: str
    odds: Decimal


@dataclass(frozen=True)
class AskedCoupon:
    """A placement whose form is right; `remarks` are slips that do not stop it."""

    bets: list[AskedBet]
    amount: Decimal
    remote_host: str
    accepts_changes: bool
    data: dict[str, Any]
    remarks: list[str]


def read_coupon(body: bytes) -> AskedCoupon:
    """Read the body of /bet/place/. Raises RefusedError for whatever is not as documented."""
    data = _data_of(body)
    remote_host = _remote_host(data.get("remote_host"))
    bets = _list_bets(data.get("list_bets"))
    _refuse_repeats(bets)
    return AskedCoupon(
        bets=bets,
        amount=_amount(data.get("realAmount")),
        remote_host=remote_host,
        accepts_changes=_rate_mode(data) == "accept",
        data=data,
        remarks=[f"{name} is not a documented field" for name in sorted(data.keys() - KNOWN_FIELDS)]
        + _optional_remarks(data),
    )


def price(asked: AskedBet, world: World, *, now: float) -> Offer:
    """The current offer for one entry. Raises RefusedError if it is gone or blocked."""
    offer = world.find(asked.match_id, asked.code, is_live=asked.is_live, now=now)
    if offer is None:
        raise RefusedError("error_exist_bet")
    if offer.blocked:
        raise RefusedError("error_block_bet_data")
    return offer


def _wrong(reason: str) -> RefusedError:
    return RefusedError("error_wrong_bet_data", client_error=reason)


def _data_of(body: bytes) -> dict[str, Any]:
    try:
        content = wire.loads(body)
    except ValueError as error:
        raise _wrong("the body is not JSON") from error
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, dict):
        raise _wrong("the body has no object named data")
    return data


def _remote_host(value: Any) -> str:
    """An absolute http address without a trailing slash; its port may be any number."""
    error = "Error exist remote host!"
    if not isinstance(value, str) or not value:
        raise RefusedError(error, client_error="remote_host is missing or no string")
    if value.endswith("/"):
        raise RefusedError(error, client_error="remote_host ends with a slash")
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address or re.search(r"\s", value):
        raise RefusedError(error, client_error="remote_host is not an http address")
    return value


def _list_bets(value: Any) -> list[AskedBet]:
    if not isinstance(value, list) or not value:
        raise _wrong("list_bets is not an array with bets")
    return [_asked_bet(entry) for entry in value]


def _asked_bet(entry: Any) -> AskedBet:
    found = BET_CODE.fullmatch(entry) if isinstance(entry, str) else None
    if found is None:
        raise _wrong(f"{entry!r} is not of the form event_type#match_ID|bet_code#odds")
    event_type, match_id, code, odds = found.groups()
    if Decimal(odds) <= 1:
        raise _wrong(f"the odds of {entry!r} are not above 1")
    return AskedBet(event_type == "live", match_id, code, Decimal(odds))


def _refuse_repeats(bets: list[AskedBet]) -> None:
    """Two outcomes of one match cannot stand in one coupon.

    The document's own example takes two markets of its match, so there only the market counts.
    """
    taken = [
        (bet.match_id, bet.code.split("|")[0] if bet.match_id == DOCUMENT_MATCH else "")
        for bet in bets
    ]
    if len(set(taken)) < len(taken):
        raise RefusedError("error_repeat_bet_data")


def _amount(value: Any) -> Decimal:
    if not isinstance(value, str):
        raise _wrong("realAmount is not a string")
    if not AMOUNT.fullmatch(value) or Decimal(value) <= 0:
        raise _wrong(f"realAmount {value!r} is not an amount above 0")
    return Decimal(value)


def _rate_mode(data: dict[str, Any]) -> str:
    mode = data.get("rate_mode", "accept")
    if mode not in ("reject", "accept"):
        raise _wrong(f"rate_mode {mode!r} is neither reject nor accept")
    return str(mode)


def _optional_remarks(data: dict[str, Any]) -> list[str]:
    """The document calls currency and lang optional, and says what they look like."""
    remarks = []
    currency, lang = data.get("currency"), data.get("lang")
    if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        remarks.append("currency is not three capital letters")
    if not isinstance(lang, str) or not lang:
        remarks.append("lang is not a language")
    return remarks
