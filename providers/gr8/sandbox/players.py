"""The players that gr8 was told of, and their limit multipliers.

Source: documents/gr8.txt, "Set Player Limit multiplier" and "Add Player".
"""

from __future__ import annotations

import threading
from decimal import Decimal, InvalidOperation
from typing import Any

from providers.gr8.sandbox.asked import GUID, FieldsError, number, read_object
from providers.sandbox.messages import Reply, Request, json_reply

LIMITS = ("prematchAmountLimitRelative", "liveAmountLimitRelative")
PLAYER_FIELDS = ("externalUserId", "operatorUserId", "operatorUserName")


class PlayerDesk:
    """Keeps both; nothing else is asked of a player to bet."""

    def __init__(self) -> None:
        self._players: dict[str, dict[str, Any]] = {}
        self._limits: dict[str, dict[str, Decimal]] = {}
        self._lock = threading.Lock()

    def set_limits(self, request: Request) -> Reply:
        """Set multipliers, which stand in the query or in the body."""
        player = request.params["player"].lower()
        if not GUID.fullmatch(player):
            raise FieldsError({"playerId": ["The playerId field is UUID."]})
        data = read_object(request.body) if request.body else {}
        found = {name: _multiplier(request, data, name) for name in LIMITS}
        with self._lock:
            self._limits[player] = found
        return json_reply({})

    def register(self, request: Request) -> Reply:
        """Learn of a player; one who is known already is refused."""
        data = read_object(request.body)
        for name in PLAYER_FIELDS:
            if not isinstance(data.get(name), str) or not data[name]:
                raise FieldsError({name: [f"The {name} field is required."]})
        for name, wanted in (("formName", "IFRAMEFORM"), ("defaultCurrency", "USD")):
            if data.get(name) != wanted:
                raise FieldsError({name: [f"The {name} field should be {wanted}."]})
        if not GUID.fullmatch(data["externalUserId"]):
            raise FieldsError({"externalUserId": ["The externalUserId field is UUID."]})
        if len(data["operatorUserId"]) < 3:
            raise FieldsError({"operatorUserId": ["The operatorUserId field has 3 symbols."]})
        with self._lock:
            if self._players.setdefault(data["externalUserId"].lower(), data) is not data:
                raise FieldsError({"externalUserId": ["A player with this id exists already."]})
        return json_reply({})

    def multiplier(self, player_id: str) -> Decimal:
        """How many times the usual stake this player may bet."""
        limits = self._limits.get(player_id.lower(), {})
        return max(limits.values(), default=Decimal(1))

    def dump(self) -> dict[str, Any]:
        """Both as JSON."""
        with self._lock:
            return {"players": dict(self._players), "limits": dict(self._limits)}

    def load(self, kept: dict[str, Any]) -> None:
        """Take up what an earlier run kept."""
        with self._lock:
            self._players |= kept.get("players", {})
            self._limits |= {
                player: {name: Decimal(value) for name, value in limits.items()}
                for player, limits in kept.get("limits", {}).items()
            }


def _multiplier(request: Request, data: dict[str, Any], name: str) -> Decimal:
    text = request.argument(name)
    if not text:
        return number(data.get(name), name)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise FieldsError({name: [f"The {name} field is not a number."]}) from None
    if not value.is_finite() or value < 0:
        raise FieldsError({name: [f"The {name} field is out of range."]})
    return value
