"""Debts that a clawback left: what finance writes off, and what is paid by itself."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from bets.models import Flag, FlagKind, Player
from wallets import queries
from wallets import services as ledger
from wallets.services import Kind, NewTransfer, Posted, Purpose

_PAID = "The player owes nothing any more."


@transaction.atomic
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
    posted = ledger.post(transfers=[transfer])[0]
    close_paid(now=now, player_ids=[player.pk])
    return posted


def close_paid(*, now: datetime, player_ids: Collection[UUID] | None = None) -> int:
    """Take debts that are paid out of the staff queue: of these players, or of all.

    Returns how many. Right after a posting it belongs into the same transaction: the ledger's
    locks keep the balances as they are read.
    """
    flags = Flag.objects.filter(kind=FlagKind.PLAYER_OWES, resolved_at__isnull=True)
    if player_ids is not None:
        flags = flags.filter(coupon__player__in=player_ids)
    wallets = dict(flags.values_list("pk", "coupon__player__wallet_id"))
    balances = queries.balances(set(wallets.values())) if wallets else {}
    paid = [pk for pk, wallet in wallets.items() if not balances[wallet].owed]
    if not paid:
        return 0
    return flags.filter(pk__in=paid).update(resolved_at=now, resolution=_PAID)
