"""Players and the money that moves between them and their partner.

A partner's references are kept apart per player and direction, so that no partner can meet
another's reference, or one of our own.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from django.db import IntegrityError, transaction

from bets.models import Partner, Player, PlayerStatus
from bets.services.coupon import debts
from wallets import services as ledger
from wallets.services import Kind, NewTransfer, Posted, Purpose

logger = logging.getLogger(__name__)


class PlayerExists(Exception):
    """The partner has a player with this external id: `player`."""

    def __init__(self, player: Player) -> None:
        super().__init__(player.external_id)
        self.player = player


class PlayerNotActive(Exception):
    """The player's status forbids it. `code` says which status that is."""

    _CODES: ClassVar[dict[str, str]] = {
        PlayerStatus.BLOCKED: "player_blocked",
        PlayerStatus.SELF_EXCLUDED: "player_self_excluded",
        PlayerStatus.CLOSED: "player_closed",
    }

    def __init__(self, player: Player) -> None:
        super().__init__(f"The player is {player.get_status_display()}.")
        self.code = self._CODES[player.status]


@dataclass(frozen=True, slots=True, kw_only=True)
class CashMovement:
    """A deposit or a withdrawal as it was first posted; a repeat differs in `repeated` only.

    `amount`, `collected` (the part that paid a debt) and `available` (right after it) are in
    major units of `currency`.
    """

    player: Player
    kind: Kind
    reference: str
    amount: Decimal
    currency: str
    collected: Decimal
    available: Decimal
    created_at: datetime
    repeated: bool


def create_player(*, partner: Partner, external_id: str, username: str, currency: str) -> Player:
    """Create a player with an empty wallet.

    Raises PlayerExists, and UnknownCurrency for what is not a currency in use.
    """
    known = Player.objects.filter(partner=partner, external_id=external_id)
    if player := known.first():
        raise PlayerExists(player)
    try:
        with transaction.atomic():
            return _insert(partner, external_id, username, currency)
    except IntegrityError:
        # Two requests for one player at once: the second finds what the first has stored.
        player = known.first()
        if player is None:
            raise
        raise PlayerExists(player) from None


def _insert(partner: Partner, external_id: str, username: str, currency: str) -> Player:
    wallet_id = ledger.open_wallet(currency=currency)
    player = Player(
        partner=partner,
        external_id=external_id,
        username=username,
        currency=currency,
        wallet_id=wallet_id,
    )
    player.save(force_insert=True)
    player.refresh_from_db(fields=["created_at"])
    return player


def deposit(
    *, player: Player, amount: Decimal, reference: str, actor: str, now: datetime
) -> CashMovement:
    """Credit a deposit of `amount` in the player's currency, for active players only.

    A debt is paid from it first. Raises PlayerNotActive, ReferenceConflict, InvalidAmount,
    ExcessDecimals or AccountClosed. A repeat moves nothing, whatever the status is by now.
    """
    transfer = NewTransfer(
        source=_house(player, Purpose.DEPOSITS),
        destination=ledger.available(player.wallet_id),
        amount=amount,
        currency=player.currency,
        kind=Kind.DEPOSIT,
        reference=f"player/{player.pk}/{reference}/deposit",
        effective_at=now,
        actor=actor,
        collect=True,
    )
    return _move(player, transfer, reference, allowed={PlayerStatus.ACTIVE})


def withdraw(
    *, player: Player, amount: Decimal, reference: str, actor: str, now: datetime
) -> CashMovement:
    """Debit a withdrawal of `amount` in the player's currency.

    The money is the player's own, so a self-excluded or closed player may take it out; a blocked
    one is under investigation and may not. Raises PlayerNotActive, InsufficientFunds,
    ReferenceConflict, InvalidAmount, ExcessDecimals or AccountClosed. A repeat moves nothing.
    """
    transfer = NewTransfer(
        source=ledger.available(player.wallet_id),
        destination=_house(player, Purpose.WITHDRAWALS),
        amount=amount,
        currency=player.currency,
        kind=Kind.WITHDRAWAL,
        reference=f"player/{player.pk}/{reference}/withdrawal",
        effective_at=now,
        actor=actor,
    )
    return _move(player, transfer, reference, allowed=set(PlayerStatus) - {PlayerStatus.BLOCKED})


@transaction.atomic
def set_status(*, player: Player, status: PlayerStatus, actor: str) -> Player:
    """Block, self-exclude, close or readmit a player. Open coupons go on as they are."""
    locked = Player.objects.select_for_update(no_key=True).get(pk=player.pk)
    logger.info("player %s: %s -> %s by %s", locked.pk, locked.status, status.value, actor)
    locked.status = status
    locked.save(update_fields=["status"])
    return locked


@transaction.atomic
def _move(
    player: Player, transfer: NewTransfer, reference: str, *, allowed: set[PlayerStatus]
) -> CashMovement:
    """Post first, judge the status then: only the ledger knows what is a repeat.

    The row is locked, so that nothing is posted after a change of status has been confirmed.
    """
    locked = Player.objects.select_for_update(no_key=True).get(pk=player.pk)
    posted = ledger.post(transfers=[transfer])[0]
    if not posted.repeated and locked.status not in allowed:
        raise PlayerNotActive(locked)
    if posted.owed_part and not posted.repeated:
        debts.close_paid(now=posted.created_at, player_ids=[player.pk])
    return _movement(locked, posted, reference)


def _movement(player: Player, posted: Posted, reference: str) -> CashMovement:
    return CashMovement(
        player=player,
        kind=posted.kind,
        reference=reference,
        amount=posted.amount,
        currency=posted.currency,
        collected=posted.owed_part,
        available=posted.available_after or Decimal(0),
        created_at=posted.created_at,
        repeated=posted.repeated,
    )


def _house(player: Player, purpose: Purpose) -> str:
    owner = f"partner:{player.partner.code}"
    return ledger.house(owner=owner, purpose=purpose, currency=player.currency)
