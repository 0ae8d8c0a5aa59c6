"""The wire of BetFlex, which calls our wallet. Requests read, replies written. No I/O.

Source: `documents/betflex.txt` and the page beside it. Amounts are major units, as text or
number.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from providers import wire
from providers.contract import (
    LONGEST_GAME,
    LONGEST_PLAYER_UID,
    LONGEST_REFERENCE,
    Cancel,
    Debit,
    Effect,
    Inbound,
    Outcome,
    Parsed,
    Refused,
    Reply,
    Settle,
    Verdict,
)

BETS_PATH = "/bets"
WINNERS_PATH = "/winners"
CANCEL_PATH = "/bets/cancel"

_USER = ("client", "ip", "name")
_POOL = ("client", "uid", "currency", "overdraw", "cost", "guaranteed", "status")
_BET = ("amount", "currency", "odds", "rake", "payout", "base_payout", "result", "extra")
_OK = b'{"status":"ok"}'


# --- requests -----------------------------------------------------------------------------------


def parse_bets(request: Inbound) -> Parsed:
    """Read `/bets`: take the stake of every bet, all or none.

    Raises `MalformedPayload` or `WrongShape`.
    """
    message = wire.Fields(wire.loads(request.body))
    unknown: list[str] = []
    commands = []
    for entry in message.objects("bets"):
        user, pool, bet = (entry.inner(name) for name in ("user", "pool", "bet"))
        commands.append(_debit(user, pool, bet))
        unknown += _unread(entry, user, pool, bet)
    if not commands:
        message.wrong("bets", "must not be empty")
    return _parsed(commands, [*unknown, *message.unread()])


def parse_winners(request: Inbound) -> Parsed:
    """Read `/winners`: the results of bets, lost ones included.

    Raises `MalformedPayload` or `WrongShape`.
    """
    return _parse_pools(request, _settle)


def parse_cancel(request: Inbound) -> Parsed:
    """Read `/bets/cancel`: bets that are refunded in full and for good.

    Raises `MalformedPayload` or `WrongShape`.
    """
    return _parse_pools(request, _cancel)


def _parse_pools(
    request: Inbound, read: Callable[[wire.Fields, wire.Fields, wire.Fields], Settle | Cancel]
) -> Parsed:
    """Read each bet of `{"pools":[{"pool":{…},"bets":[…]}]}` from its user, pool and bet."""
    message = wire.Fields(wire.loads(request.body))
    unknown: list[str] = []
    commands = []
    entries = list(message.objects("pools"))
    if not entries:
        message.wrong("pools", "must not be empty")
    for entry in entries:
        pool = entry.inner("pool")
        for line in entry.objects("bets"):
            user, bet = line.inner("user"), line.inner("bet")
            commands.append(read(user, pool, bet))
            unknown += _unread(line, user, bet)
        unknown += _unread(entry, pool)
    return _parsed(commands, [*unknown, *message.unread()])


def _debit(user: wire.Fields, pool: wire.Fields, bet: wire.Fields) -> Debit:
    _known(user, pool, bet)
    player_uid, amount = user.reference("uid", longest=LONGEST_PLAYER_UID), bet.amount("amount")
    overdraw = pool.optional_amount("overdraw")
    # What makes two bets of one uid the same bet, however its numbers are written. The address
    # of the player is not in it: the vendor may repeat a bet from another one.
    content = {
        "player_uid": player_uid,
        "amount": wire.decimal_text(amount),
        "currency": pool.text("currency"),
        "pool": pool.reference("uid"),
        "overdraw": "" if overdraw is None else wire.decimal_text(overdraw),
    }
    return Debit(
        reference=bet.reference("uid", longest=LONGEST_REFERENCE),
        game=pool.text("game", longest=LONGEST_GAME),
        player_uid=player_uid,
        amount=amount,
        currency=content["currency"],
        potential_payout=overdraw,
        group_reference=content["pool"],
        content=content,
    )


def _settle(user: wire.Fields, pool: wire.Fields, bet: wire.Fields) -> Settle:
    _known(user, pool, bet)
    stake, payout = bet.amount("amount"), bet.amount("payout")
    return Settle(
        reference=bet.reference("uid", longest=LONGEST_REFERENCE),
        game=pool.text("game", longest=LONGEST_GAME),
        verdict=verdict(stake=stake, payout=payout),
        payout=payout,
        currency=bet.text("currency", default="") or pool.text("currency"),
        player_uid=user.reference("uid", longest=LONGEST_PLAYER_UID),
        raw_result=bet.text("result", default=""),
        details=_details(pool, bet, stake),
    )


def verdict(*, stake: Decimal, payout: Decimal) -> Verdict:
    """The document leaves the words of `result` open, so the amounts say what happened."""
    if payout == 0:
        return Verdict.LOST
    return Verdict.REFUNDED if payout == stake else Verdict.WON


def _details(pool: wire.Fields, bet: wire.Fields, stake: Decimal) -> dict[str, Any]:
    """What is kept for reports; amounts as text."""
    kept = {
        "amount": stake,
        **{name: bet.raw(name) for name in ("odds", "rake", "result", "base_payout", "extra")},
        "pool": {name: pool.raw(name) for name in ("uid", "overdraw", "cost", "guaranteed")},
    }
    return dict(wire.plain({name: value for name, value in kept.items() if value is not None}))


def _cancel(user: wire.Fields, pool: wire.Fields, bet: wire.Fields) -> Cancel:
    _known(user, pool, bet)
    status = pool.text("status", default="")
    return Cancel(
        reference=bet.reference("uid", longest=LONGEST_REFERENCE),
        game=pool.text("game", longest=LONGEST_GAME),
        reason=status,
        player_uid=user.reference("uid", longest=LONGEST_PLAYER_UID),
        details={"status": status, "result": bet.text("result", default="")},
    )


def _known(user: wire.Fields, pool: wire.Fields, bet: wire.Fields) -> None:
    """What the document names and nothing here depends on."""
    for fields, names in ((user, _USER), (pool, _POOL), (bet, _BET)):
        for name in names:
            fields.raw(name)


def _unread(*parts: wire.Fields) -> list[str]:
    return [name for part in parts for name in part.unread()]


def _parsed(commands: Sequence[Debit | Settle | Cancel], unknown: Sequence[str]) -> Parsed:
    return Parsed(commands=tuple(commands), unknown_fields=tuple(sorted(set(unknown))))


# --- replies ------------------------------------------------------------------------------------


def reply(outcomes: Sequence[Outcome]) -> Reply:
    """One reply for all bets of a request: the worst of their outcomes.

    402 withdraws the bet at the vendor; any other error makes the vendor call again, which is
    wanted for a result whose bet we do not know yet.
    """
    for outcome in outcomes:
        if outcome.effect is Effect.CONFLICT:
            return _error(409, "conflicting_request")
    for outcome in outcomes:
        if outcome.effect is Effect.REFUSED:
            return _error(402, outcome.code or "refused")
    if any(outcome.effect is Effect.ORPHAN for outcome in outcomes):
        return _error(404, "unknown_bet")
    return Reply(status=200, body=_OK)


def refusal(error: Refused) -> Reply:
    answer = {"error": error.code, "message": error.message, "field": error.field_name}
    return Reply(status=error.status, body=wire.dumps(answer))


def _error(status: int, code: str) -> Reply:
    return Reply(status=status, body=wire.dumps({"error": code}))
