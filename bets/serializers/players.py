"""Players, deposits and withdrawals, in and out."""

from typing import Any

from bets.models import Player
from bets.serializers import shown
from bets.serializers.fields import (
    AmountField,
    CurrencyField,
    NameField,
    StrictSerializer,
    TextField,
)
from bets.services.players.players import CashMovement
from wallets.queries import Balances


class NewPlayer(StrictSerializer):
    external_id = NameField(max_length=64)
    username = TextField(max_length=120)
    currency = CurrencyField()


class NewMovement(StrictSerializer):
    amount = AmountField()
    reference = NameField(max_length=100)


def player_body(player: Player, wallet: Balances) -> dict[str, Any]:
    """A player with the wallet's balances; `owed` is zero or negative."""
    return {
        "id": str(player.pk),
        "external_id": player.external_id,
        "username": player.username,
        "currency": player.currency,
        "status": player.status,
        "wallet": {
            "available": shown.amount(wallet.available, wallet.currency),
            "held": shown.amount(wallet.held, wallet.currency),
            "owed": shown.amount(wallet.owed, wallet.currency),
            "currency": wallet.currency,
        },
        "created_at": shown.moment(player.created_at),
    }


def movement_body(movement: CashMovement) -> dict[str, Any]:
    """A deposit or withdrawal. It holds nothing that changes later, so a repeat reads the same."""
    return {
        "player": str(movement.player.pk),
        "type": movement.kind.value,
        "reference": movement.reference,
        "amount": shown.amount(movement.amount, movement.currency),
        "currency": movement.currency,
        "collected": shown.amount(movement.collected, movement.currency),
        "available": shown.amount(movement.available, movement.currency),
        "created_at": shown.moment(movement.created_at),
    }
