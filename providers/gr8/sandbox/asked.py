"""Reads a bet as the document describes it, and says field by field what is wrong with it.

Source: documents/gr8.txt, the tables of request parameters.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from providers.sandbox import wire

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
CURRENCY = re.compile(r"[A-Z]{3}")
HEADER_RULES = {
    "X-Player-Id": GUID,
    "X-Player-Currency": CURRENCY,
    "X-Channel": re.compile("WEB|MOBILE_WEB"),
}
BET_TYPES = ("Ordinar", "Express", "System")
PLACE_POLICIES = ("Rise", "Any", "None")
QUOTE_POLICIES = ("Rise", "Any")
MARKET_POLICIES = ("None", "Update")
LEAST_ODDS = Decimal("1.01")
MOST_ITEMS = 99

BET_FIELDS = {
    *("items", "amount", "betType", "oddsChangePolicy", "marketChangePolicy", "systemSize"),
    *("isOverask", "transactionId", "useExternalBetId", "amountLimitRelative"),
}
QUOTE_FIELDS = {*BET_FIELDS, "transactionid", "useExternalBet"} - {
    "transactionId",
    "useExternalBetId",
}
ITEM_FIELDS = {"eventId", "odds", "sourceOutcomes"}
OUTCOME_FIELDS = {"selection", "odds", "dataVersion", "sourceFeature"}


class FieldsError(Exception):
    """The request is not as documented; `errors` says of each field why."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(str(errors))
        self.errors = errors


@dataclass(frozen=True)
class AskedOutcome:
    """One entry of sourceOutcomes."""

    selection: str
    odds: Decimal


@dataclass(frozen=True)
class AskedItem:
    """One entry of items; a bet builder has several outcomes."""

    event_id: str
    odds: Decimal
    outcomes: tuple[AskedOutcome, ...]


@dataclass(frozen=True)
class AskedBet:
    """A bet whose form is right; `remarks` are slips that do not stop it."""

    items: tuple[AskedItem, ...]
    amount: Decimal
    bet_type: str
    odds_policy: str
    system_size: int
    is_overask: bool
    transaction_id: str
    bet_id: str
    limit_relative: Decimal
    data: dict[str, Any]
    remarks: list[str]


def check_headers(headers: Mapping[str, str], names: Collection[str]) -> list[str]:
    """Remarks on headers that are empty. Raises FieldsError for what is missing or wrong."""
    missing = [name for name in names if name.lower() not in headers]
    if missing:
        raise FieldsError({name: [f"The {name} field is required."] for name in missing})
    for name, pattern in HEADER_RULES.items():
        if name in names and not pattern.fullmatch(headers[name.lower()]):
            raise FieldsError({name: [f"The {name} field is not valid."]})
    return [f"{name} is empty" for name in names if not headers[name.lower()].strip()]


def read_bet(body: bytes, *, quote: bool = False) -> AskedBet:
    """Read the body of a placement or of a quote. Raises FieldsError."""
    data = read_object(body)
    items = tuple(_item(entry, n) for n, entry in enumerate(_list(data, "items", "items")))
    bet_type = _choice(data, "betType", BET_TYPES)
    size = _system_size(data, bet_type, len(items))
    transaction_id = "" if quote else _transaction_id(data)
    known = QUOTE_FIELDS if quote else BET_FIELDS
    return AskedBet(
        items=items,
        amount=_positive(data, "amount"),
        bet_type=bet_type,
        odds_policy=_choice(data, "oddsChangePolicy", QUOTE_POLICIES if quote else PLACE_POLICIES),
        system_size=size,
        is_overask=_flag(data, "isOverask"),
        transaction_id=transaction_id,
        bet_id=transaction_id if _flag(data, "useExternalBetId") else "",
        limit_relative=_relative(data),
        data=data,
        remarks=[
            *(f"{name} is not a documented field" for name in sorted(data.keys() - known)),
            *_market_remarks(data),
        ],
    )


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. Raises FieldsError."""
    try:
        data = wire.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise FieldsError({"body": ["The body is not a JSON object."]})
    return data


def number(value: Any, where: str) -> Decimal:
    """A JSON number: a text is none. Raises FieldsError."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise FieldsError({where: [f"The {where} field is not a number."]})
    return Decimal(value)


def _item(entry: Any, index: int) -> AskedItem:
    where = f"items[{index}]"
    if not isinstance(entry, dict):
        raise FieldsError({where: [f"The {where} field is not an object."]})
    event = entry.get("eventId")
    if not isinstance(event, str) or not event:
        raise FieldsError({f"{where}.eventId": [f"The {where}.eventId field is required."]})
    _refuse_unknown(entry, ITEM_FIELDS, where)
    outcomes = _list(entry, "sourceOutcomes", f"{where}.sourceOutcomes")
    return AskedItem(
        event_id=event,
        odds=_odds(entry, where),
        outcomes=tuple(
            _outcome(one, f"{where}.sourceOutcomes[{n}]") for n, one in enumerate(outcomes)
        ),
    )


def _outcome(entry: Any, where: str) -> AskedOutcome:
    if not isinstance(entry, dict) or not isinstance(entry.get("selection"), str):
        name = f"{where}.selection"
        raise FieldsError({name: [f"The {name} field is required."]})
    _refuse_unknown(entry, OUTCOME_FIELDS, where)
    version = entry.get("dataVersion", 0)
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        name = f"{where}.dataVersion"
        raise FieldsError({name: [f"The {name} field is not an integer."]})
    return AskedOutcome(entry["selection"], _odds(entry, where))


def _odds(entry: Mapping[str, Any], where: str) -> Decimal:
    name = f"{where}.odds"
    odds = number(entry.get("odds"), name)
    if odds < LEAST_ODDS or odds != round(odds, 2):
        raise FieldsError({name: [f"The {name} field is at least 1.01, with two decimals."]})
    return odds


def _list(data: Mapping[str, Any], name: str, where: str) -> list[Any]:
    value = data.get(name)
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_ITEMS:
        raise FieldsError({where: [f"The {where} field is an array of 1 to {MOST_ITEMS}."]})
    return value


def _choice(data: Mapping[str, Any], name: str, options: Collection[str]) -> str:
    value = data.get(name)
    if value not in options:
        raise FieldsError({name: [f"The {name} field is one of {', '.join(options)}."]})
    return str(value)


def _positive(data: Mapping[str, Any], name: str) -> Decimal:
    value = number(data.get(name), name)
    if value <= 0:
        raise FieldsError({name: [f"The {name} field is above 0."]})
    return value


def _flag(data: Mapping[str, Any], name: str) -> bool:
    value = data.get(name)
    if value is not None and not isinstance(value, bool):
        raise FieldsError({name: [f"The {name} field is a boolean."]})
    return bool(value)


def _relative(data: Mapping[str, Any]) -> Decimal:
    value = data.get("amountLimitRelative")
    return Decimal(1) if value is None else number(value, "amountLimitRelative")


def _system_size(data: Mapping[str, Any], bet_type: str, count: int) -> int:
    size = data.get("systemSize", 0)
    if isinstance(size, bool) or not isinstance(size, int):
        raise FieldsError({"systemSize": ["The systemSize field is an integer."]})
    right = 2 <= size <= 11 and size < count if bet_type == "System" else size == 0
    if not right:
        raise FieldsError({"systemSize": ["The systemSize field is out of range."]})
    if (bet_type == "Ordinar") != (count == 1):
        raise FieldsError({"betType": ["The betType field does not fit the number of items."]})
    return size


def _transaction_id(data: Mapping[str, Any]) -> str:
    value = data.get("transactionId")
    if value is None and not _flag(data, "useExternalBetId"):
        return ""
    if not isinstance(value, str) or not GUID.fullmatch(value):
        raise FieldsError({"transactionId": ["The transactionId field is UUID."]})
    return value.lower()


def _market_remarks(data: Mapping[str, Any]) -> list[str]:
    right = data.get("marketChangePolicy") in MARKET_POLICIES
    return [] if right else ["marketChangePolicy is neither None nor Update"]


def _refuse_unknown(entry: Mapping[str, Any], known: Collection[str], where: str) -> None:
    for name in sorted(entry.keys() - set(known)):
        raise FieldsError({f"{where}.{name}": ["The field is not known."]})
