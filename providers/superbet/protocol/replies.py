"""What the engine is answered by our PAM webhook: JSON with `code` and `message` for a no.

Source: superbet's page. Only code 101 is published; a refusal of another kind is HTTP 400 with a
code of our own, which is the HTTP status that would describe it.
"""

from collections.abc import Sequence

from providers import wire
from providers.contract import Effect, Inbound, Outcome, PlayerFacts, Refused, Reply
from providers.superbet.protocol.errors import ErrorCode
from providers.superbet.protocol.webhook import IDENTIFY, action_of

_OK = b'{"status":"ok"}'
_OWN_CODES = {"insufficient_funds": 402, "conflicting_request": 409}
_USUAL_LANGUAGE = "en"


def reply(request: Inbound, outcomes: Sequence[Outcome]) -> Reply:
    """The answer to a message: who the player is, yes, or the reason of a no."""
    if action_of(request.body) == IDENTIFY:
        player = next((outcome.player for outcome in outcomes if outcome.player), None)
        return _player(player) if player else _no(ErrorCode.USER_NOT_FOUND, "User not found")
    for outcome in outcomes:
        if outcome.effect in (Effect.REFUSED, Effect.CONFLICT):
            return _refused(outcome)
    return Reply(status=200, body=_OK)


def refusal(error: Refused) -> Reply:
    """The answer to a message that was refused before it was acted on."""
    return _no(error.status, f"{error.code}: {error.message}", status=error.status)


def _player(player: PlayerFacts) -> Reply:
    answer = {
        "player_id": player.player_uid,
        "lang": player.language or _USUAL_LANGUAGE,
        "balance": int(player.available * 100),
        "currency": player.currency,
        "feature_flags": {},
    }
    return Reply(status=200, body=wire.dumps(answer))


def _refused(outcome: Outcome) -> Reply:
    if outcome.code == "unknown_user":
        return _no(ErrorCode.USER_NOT_FOUND, "User not found")
    code = outcome.code or "refused"
    told = f"{code}: {outcome.message}" if outcome.message else code
    return _no(_OWN_CODES.get(code, 400), told)


def _no(code: int, message: str, *, status: int = 400) -> Reply:
    return Reply(status=status, body=wire.dumps({"code": int(code), "message": message}))
