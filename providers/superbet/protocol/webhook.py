"""The PAM webhook that we host: `{"action": …, "data": {…}}` at one address.

Source: superbet's page, "PAM webhook that we host". The engine waits for our word on a player, a
reservation, a ticket that it sells and one that it takes back; results it only tells.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from providers import wire
from providers.contract import (
    LONGEST_PLAYER_UID,
    LONGEST_REFERENCE,
    Cancel,
    Command,
    Debit,
    Identify,
    Inbound,
    MalformedPayload,
    Parsed,
    Processing,
    Reserve,
    Rollback,
    Settle,
    Unfamiliar,
    Verdict,
    WrongShape,
)
from providers.superbet.protocol import signing, tickets
from providers.superbet.protocol.tickets import amount

WEBHOOK_PATH = "/"
PING = "ping"
IDENTIFY = "identify"

_LONGEST_ACTION = 60
_LONGEST_REASON = 200
_TICKET_FIELDS = (
    *("operator", "ticket_id", "ticket_code", "player_id", "psp", "price", "stake", "currency"),
    *("wht_amount", "wht", "ext_amount", "ext", "ext_type", "gross_payout", "net_payout"),
    *("atag", "rtag", "ticket_type", "reason"),
)


def action_of(body: bytes) -> str:
    """Which action a message names, empty if it cannot be read."""
    try:
        message = wire.loads(body)
    except MalformedPayload:
        return ""
    action = message.get("action") if isinstance(message, dict) else None
    return action.strip() if isinstance(action, str) else ""


def parse(request: Inbound, *, operator: str, language: str) -> Parsed:
    """Read a message. Raises `MalformedPayload` or `WrongShape`, also for another operator's.

    `language` is that of a player who has chosen none.
    """
    message = wire.Fields(wire.loads(request.body))
    action = message.text("action", longest=_LONGEST_ACTION).strip()
    given = message.raw("data")
    if action == PING:
        return Parsed(commands=(), unknown_fields=_unread(message))
    if action not in _READERS:
        return _unfamiliar(action, given)
    data = message.inner("data")
    _check_operator(data, operator)
    command = _READERS[action](data)
    if isinstance(command, Identify):
        command = replace(command, language=language)
    if isinstance(command, Settle | Rollback):
        command = replace(command, dated_at=signing.signed_at(request))
    for name in _TICKET_FIELDS:
        data.raw(name)
    return Parsed(
        commands=() if command is None else (command,),
        unknown_fields=_unread(message, data),
        processing=Processing.STORE if action in _TOLD else Processing.ANSWER,
    )


def _unfamiliar(action: str, given: Any) -> Parsed:
    return Parsed(
        commands=(
            Unfamiliar(
                reference=_reference_in(given),
                detail=f"superbet sent the action {action!r}, which is not documented.",
            ),
        ),
        unknown_values=(f"action={action}",),
    )


def _reference_in(given: Any) -> str:
    """The ticket that the data of a message name, if they name one."""
    try:
        return _ticket_id(wire.Fields(given))
    except WrongShape:
        return ""


def _check_operator(data: wire.Fields, operator: str) -> None:
    if data.raw("operator") is not None and data.text("operator") != operator:
        data.wrong("operator", "is not the operator of this account")


def _identify(data: wire.Fields) -> Command:
    return Identify(token=data.text("token"))


def _reserve(data: wire.Fields) -> Command:
    return Reserve(
        reference=_ticket_id(data),
        player_uid=data.reference("player_id", longest=LONGEST_PLAYER_UID),
        amount=_amount(data, "price"),
        currency=data.text("currency").upper(),
    )


def _create(data: wire.Fields) -> Command:
    """The bet stands once we say yes. It may be the one that we are placing just now."""
    # What makes two messages for one ticket the same, however their numbers are written.
    content = {
        name: str(amount(data.raw(name))) for name in ("price", "stake", "ext_amount", "wht_amount")
    }
    return Debit(
        reference=_ticket_id(data),
        game="",
        player_uid=data.reference("player_id", longest=LONGEST_PLAYER_UID),
        amount=_amount(data, "price"),
        currency=data.text("currency").upper(),
        content={
            **content,
            **{name: _word(data, name) for name in ("ticket_code", "ticket_type", "atag")},
        },
        provider_code=_word(data, "ticket_code"),
        stake_at_risk=_optional_amount(data, "stake"),
        excise=_optional_amount(data, "ext_amount"),
        binds_hold=True,
        **_repeated(_word(data, "atag")),
    )


def _repeated(atag: str) -> dict[str, Any]:
    """What of our request the tag says: our coupon's id, or the affiliate that was named."""
    marked = tickets.marked_coupon(atag)
    if marked is not None:
        return {"coupon_id": marked}
    return {"slip_options": {"atag": atag}} if atag else {}


def _discard(data: wire.Fields) -> Command:
    return Cancel(reference=_ticket_id(data), reason=_reason(data, "The engine discarded it."))


def _win(data: wire.Fields) -> Command:
    """The message names no amounts: the payout is taken from the ticket."""
    return Settle(
        reference=_ticket_id(data), verdict=Verdict.WON, incomplete=True, raw_result="ticket_win"
    )


def _lost(data: wire.Fields) -> Command:
    return Settle(
        reference=_ticket_id(data),
        verdict=Verdict.LOST,
        payout=Decimal(0),
        raw_result="ticket_lost",
    )


def _void(data: wire.Fields) -> Command:
    price = _optional_amount(data, "price")
    return Settle(
        reference=_ticket_id(data),
        verdict=Verdict.REFUNDED,
        payout=price,
        sent_stake=price,
        currency=data.text("currency", default="").upper(),
        raw_result="ticket_void",
    )


def _refund(data: wire.Fields) -> Command:
    reason = _reason(data, "")
    return Settle(
        reference=_ticket_id(data),
        verdict=Verdict.REFUNDED,
        raw_result="ticket_refund",
        details={"reason": reason} if reason else {},
    )


def _rollback(data: wire.Fields) -> Command:
    return Rollback(reference=_ticket_id(data), reason=_reason(data, ""))


def _closed(data: wire.Fields) -> None:
    """No rollback follows any more: good to know, and nothing to do."""
    _ticket_id(data)


_READERS: dict[str, Callable[[wire.Fields], Command | None]] = {
    IDENTIFY: _identify,
    "ticket_reserve": _reserve,
    "ticket_create": _create,
    "ticket_discard": _discard,
    "ticket_win": _win,
    "ticket_lost": _lost,
    "ticket_void": _void,
    "ticket_refund": _refund,
    "ticket_rollback": _rollback,
    "ticket_closed": _closed,
}
_TOLD = frozenset(
    {
        "ticket_win",
        "ticket_lost",
        "ticket_void",
        "ticket_refund",
        "ticket_rollback",
        "ticket_closed",
    }
)


def _ticket_id(data: wire.Fields) -> str:
    return data.reference("ticket_id", longest=LONGEST_REFERENCE)


def _word(data: wire.Fields, name: str) -> str:
    """A short text that may be missing, or happens to consist of digits and came as a number."""
    value = data.raw(name)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else data.text(name, default="")


def _amount(data: wire.Fields, name: str) -> Decimal:
    """A price in cents, in major units."""
    value = amount(data.raw(name))
    if value is None:
        data.wrong(name, "must be a whole number of cents")
    return value


def _optional_amount(data: wire.Fields, name: str) -> Decimal | None:
    return None if data.raw(name) in (None, "") else _amount(data, name)


def _reason(data: wire.Fields, default: str) -> str:
    reason = data.raw("reason")
    return reason[:_LONGEST_REASON] if isinstance(reason, str) and reason.strip() else default


def _unread(*parts: wire.Fields) -> tuple[str, ...]:
    return tuple(sorted({name for part in parts for name in part.unread()}))
