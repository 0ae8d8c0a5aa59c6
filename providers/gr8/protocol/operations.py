"""Returning a bet, and telling gr8 of players and their limits.

Source: `documents/gr8.txt`, "Return bet", "Set Player Limit multiplier" and "Add Player".
"""

from decimal import Decimal
from urllib.parse import quote, urlencode
from uuid import UUID

from providers import wire
from providers.contract import PlayerProfile, Rejected

REGISTER_PATH = "/v1/pam/v1/registration/iframe"

_SHORTEST_EXTERNAL_ID = 3
_MOST_LIMIT = Decimal(10)


def return_path(bet_id: str) -> str:
    return f"/v1/sport/v1/bet/return/{quote(bet_id, safe='')}"


def limits_path(player_id: UUID) -> str:
    return f"/v1/sport/v1/players/{player_id}/limits"


def limits_query(*, prematch: Decimal, live: Decimal) -> str:
    """The multipliers as arguments of the address, as the document lists them."""
    fields = limits_body(prematch=prematch, live=live)
    return "?" + urlencode({name: wire.decimal_text(value) for name, value in fields.items()})


def limits_body(*, prematch: Decimal, live: Decimal) -> dict[str, Decimal]:
    return {"prematchAmountLimitRelative": prematch, "liveAmountLimitRelative": live}


def check_limits(*, prematch: Decimal, live: Decimal) -> Rejected | None:
    """Refuse multipliers that are no multipliers."""
    for field, value in (("prematch", prematch), ("live", live)):
        if not (value.is_finite() and 0 <= value <= _MOST_LIMIT and value == round(value, 2)):
            message = f"{field}: a multiplier is from 0 to {_MOST_LIMIT} with two decimals"
            return Rejected(code="wrong_limits", message=message, fields=(field,))
    return None


def registration_body(player: PlayerProfile) -> dict[str, str]:
    """The document allows one form and one currency, whatever the player's own is."""
    return {
        "externalUserId": str(player.player_id),
        "operatorUserId": player.external_id,
        "operatorUserName": player.username or player.external_id,
        "formName": "IFRAMEFORM",
        "defaultCurrency": "USD",
    }


def check_player(player: PlayerProfile) -> Rejected | None:
    """Refuse a name that gr8 cannot keep."""
    if len(player.external_id) < _SHORTEST_EXTERNAL_ID:
        return Rejected(
            code="wrong_player_data",
            message=f"external_id: gr8 takes {_SHORTEST_EXTERNAL_ID} characters or more",
            fields=("external_id",),
        )
    return None
