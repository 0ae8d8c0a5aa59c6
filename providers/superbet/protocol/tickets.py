"""Tickets: the request for one, and what the engine says of it.

Source: `documents/superbet.txt`; the other calls from the page beside it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from providers import wire
from providers.contract import (
    LONGEST_REFERENCE,
    BetSlip,
    MalformedPayload,
    Rejected,
    WrongShape,
)
from providers.superbet.protocol.errors import is_known

TICKETS_PATH = "/be/tickets"
RESERVE_PATH = "/be/tickets/reserve"
SOURCES = ("desktop", "mobile", "android", "iphone", "ussd", "sms", "telegram")
FIELD_SETS = ("document", "psp_rtag")

OPEN_STATUSES = frozenset({"open", "calculating", "resulted", "closed"})
WAITING_STATUSES = frozenset({"new", "reserved"})
_ENUMS = {
    "status": OPEN_STATUSES | WAITING_STATUSES | {"cancelled"},
    "result": frozenset({"pending", "won", "lost", "void"}),
    "source": frozenset(SOURCES),
    "type": frozenset({"superbet"}),
    "ext_type": frozenset({"inclusive"}),
}
_FIELDS = frozenset(
    {
        *("id", "code", "price", "stake", "gross_payout", "net_payout", "wht_amount", "wht"),
        *("ext_amount", "ext", "ext_type", "currency", "status", "result", "approved", "source"),
        *("type", "atag", "user_id", "created", "operator_time_created", "updated"),
        *("operator_time_updated", "psp", "rtag"),
    }
)
_CENTS = Decimal(100)
_LONGEST_ID = 2**53
_LONGEST_TEXT = 100
# Timed out, in conflict with another request, too early, given up: it may have been acted on.
_LEAVE_OPEN = frozenset({408, 409, 425, 499})


# --- requests -----------------------------------------------------------------------------------


def ticket_path(reference: str) -> str:
    """By id or by code."""
    return f"{TICKETS_PATH}/{quote(reference, safe='')}"


def paid_path(reference: str) -> str:
    return f"{ticket_path(reference)}/paid"


def list_path(*, limit: int, user_id: str = "", skip_types: tuple[str, ...] = ()) -> str:
    query: dict[str, str | int] = {"limit": limit}
    if user_id:
        query["user_id"] = user_id
    if skip_types:
        query["skip_types"] = ",".join(skip_types)
    return f"{TICKETS_PATH}?{urlencode(query)}"


def check_slip(slip: BetSlip) -> Rejected | None:
    """Refuse what has no form on this wire."""
    if _cents(slip.stake) is None:
        return _unsendable("the price of a ticket is in whole hundredths")
    if not slip.selections:
        return _unsendable("a ticket has at least one bet")
    if _whole_id(slip.options.get("event")) is None:
        return _unsendable("options.event: the event is a whole number")
    for index, selection in enumerate(slip.selections):
        if selection.legs or _whole_id(selection.selection) is None:
            return _unsendable(f"selection {index}: a bet is a whole number, as 101")
    return None


def ticket_body(
    slip: BetSlip, *, operator: str, source: str, field_set: str, is_marked: bool = False
) -> dict[str, Any]:
    """The body of reserve and create, in the documented order of fields, which is signed.

    `psp_rtag` is the newer order. What we do not have goes as null. A ticket that is marked and
    has no affiliate's tag carries the id of our coupon there.
    """
    own = str(slip.coupon_id) if is_marked else None
    newer = field_set == "psp_rtag"
    return {
        "operator": operator,
        "token": slip.player_token,
        **({"psp": None} if newer else {}),
        "price": _cents(slip.stake),
        "currency": slip.currency,
        "atag": slip.options.get("atag") or own,
        **({"rtag": None} if newer else {}),
        "source": slip.options.get("source") or source,
        "type": "superbet",
        "event": _whole_id(slip.options.get("event")),
        "bets": [_whole_id(selection.selection) for selection in slip.selections],
    }


def marked_coupon(atag: str) -> UUID | None:
    """The coupon that a tag names, as `ticket_body` marks it."""
    try:
        return UUID(atag)
    except ValueError:
        return None


def _cents(amount: Decimal) -> int | None:
    """`None` for a fraction of a cent, which this wire cannot carry."""
    cents = amount * _CENTS
    return int(cents) if cents == cents.to_integral_value() else None


def _whole_id(value: Any) -> int | None:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        return None
    number = wire.as_whole(value)
    return number if number is not None and 0 <= number < _LONGEST_ID else None


def _unsendable(message: str) -> Rejected:
    return Rejected(code="wrong_bet_data", message=message)


# --- answers ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket as the engine has it; amounts in major units of `currency`.

    `None` and the empty text stand for what is missing or cannot be read. `price` is what the
    player pays, `stake` what is left of it after the excise duty `ext_amount`; `net_payout` is
    what the player gets after the withholding tax `wht_amount`.
    """

    id: str
    code: str = ""
    status: str = ""
    result: str = ""
    approved: bool | None = None
    price: Decimal | None = None
    stake: Decimal | None = None
    ext_amount: Decimal | None = None
    gross_payout: Decimal | None = None
    net_payout: Decimal | None = None
    wht_amount: Decimal | None = None
    currency: str = ""
    user_id: str = ""
    type: str = ""
    atag: str = ""
    created: datetime | None = None
    unknown_fields: tuple[str, ...] = ()
    unknown_values: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the bet stands, or stood until its result."""
        return self.status in OPEN_STATUSES

    @property
    def is_waiting(self) -> bool:
        """Whether it is reserved for a player who has not paid."""
        return self.status in WAITING_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The engine said no. `code` is its own, `fields` are those of the request that it names."""

    status: int
    code: int | None
    message: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """Too many requests (429): this one was not acted on. The engine may say how long to wait."""

    retry_after_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Neither yes nor no."""

    reason: str


TicketAnswer = Ticket | Refusal | Limited | Unreadable
ListAnswer = tuple[Ticket, ...] | Refusal | Limited | Unreadable


def read_ticket_answer(*, status: int, retry_after_s: float | None, body: bytes) -> TicketAnswer:
    """What the answer to reserve, create, paid or get says."""
    value = _json(body)
    if not 200 <= status < 300:
        return _read_no(status, retry_after_s, value)
    return _ticket(value) or Unreadable(reason=f"HTTP {status} without a ticket in it")


def read_list_answer(*, status: int, retry_after_s: float | None, body: bytes) -> ListAnswer:
    """What the answer to a list says. One entry that is no ticket makes the list unreadable."""
    value = _json(body)
    if not 200 <= status < 300:
        return _read_no(status, retry_after_s, value)
    entries = [_ticket(entry) for entry in value] if isinstance(value, list) else [None]
    found = tuple(entry for entry in entries if entry is not None)
    if len(found) < len(entries):
        return Unreadable(reason=f"HTTP {status} without a list of tickets in it")
    return found


def _read_no(
    status: int, retry_after_s: float | None, value: Any
) -> Refusal | Limited | Unreadable:
    """403 and 422 are refusals by their status, other codes only by what the body says."""
    if status == 429:
        return Limited(retry_after_s=retry_after_s)
    told = value if isinstance(value, dict) else {}
    if status == 422:
        return Refusal(status=422, code=None, message=_message(told), fields=_fields(told))
    code = wire.as_whole(told.get("code"))
    message = _message(told)
    said = 400 <= status < 500 and (code is not None or bool(message))
    open_still = status in _LEAVE_OPEN and (code is None or not is_known(code))
    if status == 403 or (said and not open_still):
        return Refusal(status=status, code=code, message=message)
    return Unreadable(reason=f"HTTP {status} with a body that says neither yes nor no")


def _ticket(value: Any) -> Ticket | None:
    """Only the id has to be there: what else is missing is for the caller to judge."""
    try:
        fields = wire.Fields(value)
        reference = fields.reference("id", longest=LONGEST_REFERENCE).strip()
    except WrongShape:
        return None
    return Ticket(
        id=reference,
        code=_text(value.get("code")),
        status=_text(value.get("status")).lower(),
        result=_text(value.get("result")).lower(),
        approved=_flag(value.get("approved")),
        price=amount(value.get("price")),
        stake=amount(value.get("stake")),
        ext_amount=amount(value.get("ext_amount")),
        gross_payout=amount(value.get("gross_payout")),
        net_payout=amount(value.get("net_payout")),
        wht_amount=amount(value.get("wht_amount")),
        currency=_text(value.get("currency")),
        user_id=_text(value.get("user_id")),
        type=_text(value.get("type")).lower(),
        atag=_text(value.get("atag")),
        created=_moment(value.get("created")),
        unknown_fields=tuple(sorted(value.keys() - _FIELDS)),
        unknown_values=tuple(_unknown_values(value)),
    )


def amount(value: Any) -> Decimal | None:
    """Cents, as number or text, in major units; `None` for anything that is not a price."""
    cents = wire.as_whole(value)
    return None if cents is None or not 0 <= cents < _LONGEST_ID else Decimal(cents) / _CENTS


def _unknown_values(value: dict[str, Any]) -> list[str]:
    given = {name: _text(value.get(name)) for name in _ENUMS}
    return [
        f"{name}={word}"
        for name, word in given.items()
        if word and word.lower() not in _ENUMS[name]
    ]


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value.strip() if isinstance(value, str) and len(value) <= _LONGEST_TEXT else ""


def _flag(value: Any) -> bool | None:
    """Some servers write truth as a text or a number."""
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())


def _moment(value: Any) -> datetime | None:
    """`created` is in UTC without saying so: 2024-01-28T14:33:01.000000."""
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _message(told: dict[str, Any]) -> str:
    message = told.get("message")
    return message[:500] if isinstance(message, str) else ""


def _fields(told: dict[str, Any]) -> tuple[str, ...]:
    """Where the validation failed: `{"detail": [{"loc": ["body", "bets", 0], "msg": …}]}`."""
    listed = told.get("detail")
    named: dict[str, None] = {}
    for entry in listed if isinstance(listed, list) else []:
        where = entry.get("loc") if isinstance(entry, dict) else None
        parts = [_text(part) for part in where] if isinstance(where, list) else []
        name = ".".join(part for part in parts if part and part != "body")
        if name:
            named[name] = None
    return tuple(named)


def _json(body: bytes) -> Any:
    try:
        return wire.loads(body)
    except MalformedPayload:
        return None
