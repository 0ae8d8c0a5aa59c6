"""The wallet that we host for gr8: its requests, and what they ask for.

Source: GR8 Tech's published pages on the seamless wallet, summed up in the README. Amounts are
texts or numbers in major units; a transaction's amount is the sum of its parts.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qs
from uuid import UUID

from providers import wire
from providers.contract import (
    LONGEST_REFERENCE,
    Balance,
    Inbound,
    Lookup,
    MoveKind,
    Parsed,
    Refused,
    Unfamiliar,
    WalletMove,
    WrongShape,
)

TRANSACTIONS_PATH = "/api/v2/wallet/{player}/transactions"
BALANCES_PATH = "/api/v2/wallet/{player}/balances"
TRANSACTION_PATH = "/api/v2/wallet/{player}/transactions/{transaction}"
# gr8 waits 2 seconds; the answer has to be on its way well before.
ANSWER_WITHIN_S = Decimal("1.5")
NO_WALLET = "no_wallet"

# gr8 speaks of 50 characters, and its own example of a settlement has 55.
_LONGEST_ID = LONGEST_REFERENCE
_MOST_CURRENCIES = 20
_PARTS = ("cash", "locked", "bonus")
_OTHER_PARTS = ("retract", "tax")
_ROLLBACK = "rollback"
_TYPES = ("withdrawal", "deposit", _ROLLBACK)
_PLATFORMS = ("sport",)
_PRODUCTS = ("sportsbook",)
_CURRENCY = re.compile(r"[A-Z]{3}")
# These words say which event of a bet a transaction is; the rest of a reason only adds to it.
_REASONS = {
    ("withdrawal", frozenset({"bet"})): MoveKind.STAKE,
    ("deposit", frozenset({"settle"})): MoveKind.PAYOUT,
    ("deposit", frozenset({"resettle"})): MoveKind.PAYOUT,
    ("withdrawal", frozenset({"cancel", "settle"})): MoveKind.CLAWBACK,
}
_ROLLBACK_WORDS = frozenset({"rollback"})
_SAME_WORD = {
    "settlement": "settle",
    "resettlement": "resettle",
    "cancelsettle": "cancel settle",
    "cancelsettlement": "cancel settle",
    "cancelled": "cancel",
    "canceled": "cancel",
}
_SAYS_NOTHING = frozenset({"sport"})
_CONTEXT_FIELDS = (
    *("channel", "language", "bet", "extras", "betAmount"),
    *("SportBonusOfferId", "SportBonusPlayerOfferId", "sportBonusOfferId"),
    "sportBonusPlayerOfferId",
)


def parse(request: Inbound, *, hosted: bool) -> Parsed:
    """What a request asks for. Raises `Refused` where the account's wallet is not ours to move.

    Also raises `MalformedPayload` or `WrongShape`.
    """
    if not hosted:
        raise Refused(status=400, code=NO_WALLET, message="no wallet is hosted for this account")
    if "transaction" in request.params:
        return Parsed(commands=(_lookup(request),))
    if request.path.endswith("/balances"):
        return Parsed(commands=(_balance(request),))
    return _transaction(request)


def _balance(request: Inbound) -> Balance:
    given = parse_qs(request.query).get("currencies", [])
    listed = [one.strip().upper() for text in given for one in text.split(",") if one.strip()]
    for currency in listed[:_MOST_CURRENCIES]:
        if not _CURRENCY.fullmatch(currency):
            raise WrongShape("currencies", "must be codes of three letters")
    return Balance(
        player_uid=_player(request), currencies=tuple(dict.fromkeys(listed[:_MOST_CURRENCIES]))
    )


def _lookup(request: Inbound) -> Lookup:
    reference = request.params["transaction"]
    if not reference.isprintable():
        raise WrongShape("transaction", "must be the id of a transaction")
    return Lookup(reference=reference, player_uid=_player(request))


def _transaction(request: Inbound) -> Parsed:
    body = wire.Fields(wire.loads(request.body))
    context = body.inner("context")
    type_ = body.text("type")
    reason = context.text("reason", default="" if type_ == _ROLLBACK else None)
    kind = _kind(type_, reason)
    unknown = tuple(_unknown_values(body, context, type_, reason, kind))
    if kind is None:
        command: Unfamiliar | WalletMove = Unfamiliar(
            reference=context.text("betId", default="", longest=_LONGEST_ID),
            detail=f"a transaction of type {type_[:50]!r} with the reason {reason[:50]!r}",
        )
        return Parsed(commands=(command,), unknown_values=unknown)
    command, unread = _move(request, body, context, kind, type_, reason)
    return Parsed(commands=(command,), unknown_fields=unread, unknown_values=unknown)


def _move(
    request: Inbound,
    body: wire.Fields,
    context: wire.Fields,
    kind: MoveKind,
    type_: str,
    reason: str,
) -> tuple[WalletMove, tuple[str, ...]]:
    undoes = kind is MoveKind.ROLLBACK
    parts, unread_parts = _read_parts(body) if undoes else _parts(body)
    reference = _bet_id(context.text("betId", longest=_LONGEST_ID))
    parent = context.text("parentId", default="", longest=_LONGEST_ID)
    currency = _currency(body, wanted=not undoes)
    move = WalletMove(
        id=body.text("id", longest=_LONGEST_ID),
        kind=kind,
        reference=reference,
        player_uid=_player(request),
        amount=sum(parts.values(), Decimal(0)),
        currency=currency,
        parent_id=parent,
        dated_at=_dated_at(body),
        content={
            "type": type_,
            "reason": reason,
            "betId": reference,
            "parentId": parent,
            "player": _player(request),
            "currency": currency,
            **{name: wire.decimal_text(amount) for name, amount in parts.items()},
        },
    )
    for name in _CONTEXT_FIELDS:
        context.raw(name)
    return move, tuple(sorted({*body.unread(), *context.unread(), *unread_parts}))


def _parts(body: wire.Fields) -> tuple[dict[str, Decimal], tuple[str, ...]]:
    """The parts of its amount. Without any, a payout would be a loss that nobody told us of."""
    breakdown = body.inner("amountBreakdown")
    if all(breakdown.raw(name) in (None, "") for name in _PARTS):
        breakdown.wrong(_PARTS[0], "is missing")
    parts = {name: breakdown.optional_amount(name) or Decimal(0) for name in _PARTS}
    unread = _unread_parts(breakdown)
    _refuse_other_amounts(breakdown, unread)
    return parts, unread


def _read_parts(body: wire.Fields) -> tuple[dict[str, Decimal], tuple[str, ...]]:
    """Those of a rollback as far as they can be read.

    It is known by what it undoes, which may be what we could not read either, and it comes again
    and again until it is taken.
    """
    given = body.raw("amountBreakdown")
    breakdown = wire.Fields(given if isinstance(given, dict) else {}, body.at("amountBreakdown"))
    parts = {}
    for name in _PARTS:
        try:
            parts[name] = breakdown.optional_amount(name) or Decimal(0)
        except WrongShape:
            parts[name] = Decimal(0)
    return parts, _unread_parts(breakdown)


def _unread_parts(breakdown: wire.Fields) -> tuple[str, ...]:
    for name in _OTHER_PARTS:
        breakdown.raw(name)
    return tuple(breakdown.unread())


def _kind(type_: str, reason: str) -> MoveKind | None:
    """What a transaction is; `None` for one that nobody has told us of."""
    if type_ == _ROLLBACK:
        return MoveKind.ROLLBACK
    return _REASONS.get((type_, _words(reason)))


def _words(reason: str) -> frozenset[str]:
    """`cancel settle`, `CancelSettle` and `sport_cancel_settlement` are the same."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", reason)
    words = re.findall(r"[a-z]+", spaced.lower())
    same = " ".join(_SAME_WORD.get(word, word) for word in words).split()
    return frozenset(same) - _SAYS_NOTHING


def _unknown_values(
    body: wire.Fields, context: wire.Fields, type_: str, reason: str, kind: MoveKind | None
) -> Iterator[str]:
    known_reason = kind is not None
    if kind is MoveKind.ROLLBACK:
        known_reason = _words(reason) == _ROLLBACK_WORDS
    for name, value, known in (
        ("type", type_, type_ in _TYPES),
        ("context.reason", reason, known_reason),
        ("platform", body.raw("platform"), body.raw("platform") in (None, *_PLATFORMS)),
        ("context.product", context.raw("product"), context.raw("product") in (None, *_PRODUCTS)),
    ):
        if not known:
            yield f"{name}={str(value)[:50]}"


def _refuse_other_amounts(breakdown: wire.Fields, unread: tuple[str, ...]) -> None:
    """Money in a part that we do not know must not be left aside. Raises `WrongShape`."""
    for name in (*_OTHER_PARTS, *(where.rpartition(".")[2] for where in unread)):
        if _is_money(breakdown.raw(name)):
            breakdown.wrong(name, "is not a part of a balance here")


def _is_money(value: object) -> bool:
    if isinstance(value, dict):
        return any(_is_money(inner) for inner in value.values())
    return bool(wire.as_decimal(value))


def _currency(body: wire.Fields, *, wanted: bool) -> str:
    """Its code; that of a rollback says nothing, and is empty where it is none."""
    given = body.raw("currency")
    currency = given.strip().upper() if isinstance(given, str) else ""
    if _CURRENCY.fullmatch(currency):
        return currency
    if wanted:
        body.wrong("currency", "must be a code of three letters")
    return ""


def _player(request: Inbound) -> str:
    return _bet_id(request.params["player"])


def _bet_id(text: str) -> str:
    """Ids are opaque, but ours are UUIDs, and some systems write those in capitals."""
    try:
        return str(UUID(text)) if len(text) == len(str(UUID(int=0))) else text
    except ValueError:
        return text


def _dated_at(body: wire.Fields) -> datetime | None:
    created, initiated = _moment(body.raw("createdAt")), _moment(body.raw("initiatedAt"))
    return created or initiated


def _moment(value: object) -> datetime | None:
    """An ISO date and time; without a zone it is UTC. What cannot be read dates nothing."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read and read.tzinfo is None else read
