"""What gr8 is answered by the wallet that we host.

Source: GR8 Tech's published pages on the seamless wallet. Errors are HTTP 400 with a published
code; amounts are texts. A balance is all `cash`: there is no bonus and nothing locked here.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from providers import wire
from providers.contract import (
    Inbound,
    MoveFacts,
    MoveKind,
    Outcome,
    PlayerFacts,
    Refused,
    Reply,
)
from providers.gr8.protocol.wallet import NO_WALLET

GENERAL = "error.general"
INVALID = "error.request.invalid"
_ORIGIN = "wallet"

# The neutral reasons of a refusal, and the codes that gr8 publishes for them.
_PUBLISHED = {
    "unknown_user": "error.user.not-found",
    "unknown_player": "error.user.not-found",
    "conflict": "error.retry.incorrect",
    "conflicting_request": "error.retry.incorrect",
    "insufficient_funds": "decline.lowbalance",
    "player_blocked": "decline.player.blocked",
    "player_self_excluded": "decline.player.blocked",
    "player_closed": "decline.player.blocked",
    "self_excluded": "decline.player.blocked",
    "closed": "decline.player.blocked",
    "account_closed": "decline.player.blocked",
    "parent_not_found": "decline.parent.notfound",
    "unknown_transaction": "decline.parent.notfound",
    "parent_failed": "decline.parent.failed",
    "balance_conflict": "decline.balance.conflict",
    "limit_conflict": "decline.limit.conflict",
    "limit_exceeded": "limit.exceeded",
    "amount_differs": "decline.restrictions",
    "coupon_closed": "decline.restrictions",
    "unknown_bet": "decline.restrictions",
    "player_differs": "decline.restrictions",
    "already_staked": "decline.restrictions",
    "rolled_back": "decline.restrictions",
    NO_WALLET: "decline.restrictions",
    "currency_mismatch": INVALID,
    "invalid": INVALID,
    "invalid_amount": INVALID,
    "malformed_json": INVALID,
    "wrong_shape": INVALID,
}
_TYPES = {
    MoveKind.STAKE: ("withdrawal", "bet"),
    MoveKind.PAYOUT: ("deposit", "settle"),
    MoveKind.CLAWBACK: ("withdrawal", "cancel settle"),
    MoveKind.ROLLBACK: ("rollback", "sport rollback"),
}


def reply(request: Inbound, outcomes: Sequence[Outcome]) -> Reply:
    """The answer to one request, which is one command.

    It is made of what is stored of a transaction, so that a repeat is answered by the same bytes.
    """
    outcome = outcomes[0]
    if outcome.code:
        return _error(_PUBLISHED.get(outcome.code, GENERAL), outcome.message or outcome.code)
    if outcome.move is not None:
        return _json(_transaction(outcome.move))
    if request.path.endswith("/balances") and outcome.player is not None:
        return _json(_balances(outcome.player))
    return _error(INVALID, "this kind of transaction is not known here, so nothing was moved")


def refusal(error: Refused) -> Reply:
    """The answer to a request that was refused before it was acted on, or that took too long."""
    if error.status >= 500:
        return _error(GENERAL, error.message)
    code = _PUBLISHED.get(error.code, INVALID)
    return _error(code, error.message, status=error.status)


def _transaction(move: MoveFacts) -> dict[str, Any]:
    type_, reason = _TYPES[move.kind]
    return {
        "id": move.id,
        "currency": move.currency,
        "platform": "sport",
        "type": type_,
        "createdAt": move.created_at.isoformat().replace("+00:00", "Z"),
        "context": {"product": "sportsbook", "reason": reason, "betId": move.reference},
        "amountBreakdown": _cash(move.amount),
        "balances": _by_currency({move.currency: move.available}),
    }


def _balances(player: PlayerFacts) -> dict[str, Any]:
    return _by_currency({player.currency: player.available})


def _by_currency(available: Mapping[str, Decimal]) -> dict[str, Any]:
    """By platform, product and currency."""
    cash = {currency: _cash(amount) for currency, amount in available.items()}
    return {"sport": {"sportsbook": cash}}


def _cash(amount: Decimal) -> dict[str, str]:
    return {"cash": wire.decimal_text(amount), "locked": "0", "bonus": "0"}


def _error(code: str, message: str, *, status: int = 400) -> Reply:
    return _json({"error": {"code": code, "message": message, "origin": _ORIGIN}}, status=status)


def _json(value: Any, *, status: int = 200) -> Reply:
    return Reply(status=status, body=wire.dumps(value))
