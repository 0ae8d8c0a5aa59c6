"""Debts that a clawback left: what finance writes off."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from bets.models import Player
from wallets import services as ledger
from wallets.services import Kind, NewTransfer, Posted, Purpose


def write_off(
    *,
    player: Player,
    amount: Decimal,
    request_id: UUID,
    actor: str,
    reason: str,
    now: datetime,
) -> Posted:
    """Forgive a part of what the player owes, in major units of the player's currency.

    The same `request_id` again moves nothing. Raises ExceedsDebt, InvalidAmount, ExcessDecimals
    or AccountClosed.
    """
    owner = f"partner:{player.partner.code}"
    transfer = NewTransfer(
        source=ledger.house(owner=owner, purpose=Purpose.WRITE_OFFS, currency=player.currency),
        destination=ledger.owed(player.wallet_id),
        amount=amount,
        currency=player.currency,
        kind=Kind.WRITE_OFF,
        reference=f"player/{player.pk}/{request_id}/write_off",
        effective_at=now,
        actor=actor,
        reason=reason,
    )
    return ledger.post(transfers=[transfer])[0]
