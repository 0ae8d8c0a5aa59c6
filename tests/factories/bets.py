"""Partners, provider accounts, players, coupons and their results for the tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from django.utils import timezone

from bets.models import BetItem, Coupon, CouponStatus, Origin, Partner, Player
from bets.services import partners
from bets.services.coupon import money
from bets.services.players import players
from providers import encryption
from providers.contract import CouponType, Settle, Verdict
from providers.models import ProviderAccount
from wallets import services as ledger

_numbers = count(1)
T0 = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_partner(code: str = "", **changes: Any) -> Partner:
    code = code or f"partner-{next(_numbers)}"
    return Partner.objects.create(code=code, **{"name": code.title(), **changes})


def an_api_key(partner: Partner) -> str:
    return partners.issue_api_key(partner=partner, name="test")


def an_account(
    *allowed: Partner, code: str = "", provider: str = "betcalc", **changes: Any
) -> ProviderAccount:
    """A provider account with a callback token that these partners may use."""
    account = ProviderAccount.objects.create(
        code=code or f"{provider}-{next(_numbers)}",
        provider=provider,
        **{"base_url": "http://127.0.0.1:9", **changes},
    )
    token = uuid4().hex
    account.callback_tokens.create(
        token=encryption.encrypt(token), token_hash=encryption.keyed_hash(token)
    )
    for partner in allowed:
        partners.grant_access(partner=partner, account=account)
    return account


def a_player(
    partner: Partner | None = None,
    *,
    external_id: str = "",
    currency: str = "EUR",
    balance: str = "0",
    **changes: Any,
) -> Player:
    """A player with this much available; `changes` are set afterwards."""
    name = external_id or f"player-{next(_numbers)}"
    player = players.create_player(
        partner=partner or a_partner(), external_id=name, username=name, currency=currency
    )
    if Decimal(balance):
        fund(player, balance)
    if changes:
        Player.objects.filter(pk=player.pk).update(**changes)
        player.refresh_from_db()
    return player


def fund(player: Player, amount: str) -> None:
    players.deposit(
        player=player,
        amount=Decimal(amount),
        reference=uuid4().hex,
        actor="test",
        now=timezone.now(),
    )


def a_coupon(
    player: Player,
    account: ProviderAccount,
    *,
    status: str = CouponStatus.ACCEPTED,
    stake: str = "10.00",
    item_odds: tuple[str, ...] = ("2.50",),
    **changes: Any,
) -> Coupon:
    """A coupon in some state, written as it is and with no money behind it."""
    fields = {
        "origin": Origin.PLACED,
        "type": CouponType.SINGLE if len(item_odds) == 1 else CouponType.EXPRESS,
        "currency": player.currency,
        "stake": Decimal(stake),
        "placed_at": timezone.now(),
        **({"rejection": {"code": "x", "message": "no"}} if status == "rejected" else {}),
    }
    coupon = Coupon.objects.create(
        player=player,
        partner_id=player.partner_id,
        account=account,
        status=status,
        **{**fields, **changes},
    )
    BetItem.objects.bulk_create(_item(coupon, n, each) for n, each in enumerate(item_odds))
    return coupon


def a_held_coupon(player: Player, account: ProviderAccount, **changes: Any) -> Coupon:
    """A pending coupon whose stake is held."""
    coupon = a_coupon(player, account, **{"status": CouponStatus.PENDING, **changes})
    ledger.post(transfers=[money.hold(coupon, actor="partner:acme")])
    return coupon


def _item(coupon: Coupon, position: int, odds: str) -> BetItem:
    return BetItem(
        coupon=coupon,
        position=position,
        event_id=f"event-{position}",
        selection="17|954|2.5",
        requested_odds=Decimal(odds),
    )


def won(payout: str, *, reference: str = "b1", at: int | None = None, **kw: object) -> Settle:
    """A win that the provider dates so many seconds after `T0`, or not at all."""
    return Settle(
        reference=reference,
        verdict=Verdict.WON,
        payout=Decimal(payout),
        dated_at=None if at is None else T0 + timedelta(seconds=at),
        **kw,
    )


def lost(*, reference: str = "b1", at: int | None = None) -> Settle:
    return Settle(
        reference=reference,
        verdict=Verdict.LOST,
        dated_at=None if at is None else T0 + timedelta(seconds=at),
    )


def again(coupon: Coupon) -> Coupon:
    return Coupon.objects.get(pk=coupon.pk)


def state(coupon: Coupon) -> tuple[str, str, Decimal | None]:
    """Status, result and payout as they are stored."""
    now = again(coupon)
    return now.status, now.result, now.payout
