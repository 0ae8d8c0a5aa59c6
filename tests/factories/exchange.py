"""Orders at an exchange for the tests."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.utils import timezone

from bets.models import (
    ExchangeBatch,
    ExchangeMarket,
    ExchangeOrder,
    OrderEventKind,
    OrderStatus,
    Partner,
)
from bets.services.exchange.journal import exposure_of
from bets.services.exchange.placing import OrdersRequest, StoredReply, place_orders
from providers.contract import NewOffer, OfferSlip, Side
from providers.models import ProviderAccount


def an_offer(
    side: str = "back", odds: str = "2.00", stake: str = "10.00", selection_id: str = "1"
) -> NewOffer:
    return NewOffer(
        selection_id=selection_id, side=Side(side), odds=Decimal(odds), stake=Decimal(stake)
    )


def a_slip(*offers: NewOffer, market_id: str = "7", version: int = 0) -> OfferSlip:
    return OfferSlip(
        market_id=market_id,
        market_version=version,
        keep_in_play=False,
        keep_on_suspension=False,
        offers=offers or (an_offer(),),
    )


def place(
    partner: Partner,
    account: ProviderAccount,
    *offers: NewOffer,
    key: str = "",
    digest: str = "d",
    **changes: Any,
) -> StoredReply:
    """Place offers as the API does; the reply's body is the orders' ids."""
    return place_orders(
        partner=partner,
        key=key or uuid4().hex,
        request=OrdersRequest(account=account.code, slip=a_slip(*offers, **changes)),
        request_digest=digest,
        now=timezone.now(),
        render=ids_of,
    )


def placed(
    partner: Partner, account: ProviderAccount, *offers: NewOffer, **changes: Any
) -> list[ExchangeOrder]:
    """Place offers and give the orders that they became."""
    reply = place(partner, account, *offers, **changes)
    ids = reply.body.decode().split()
    return [ExchangeOrder.objects.get(pk=each) for each in ids]


def ids_of(orders: Sequence[ExchangeOrder]) -> bytes:
    return " ".join(str(order.pk) for order in orders).encode()


def the_market(account: ProviderAccount, market_id: str = "7") -> ExchangeMarket:
    return ExchangeMarket.objects.select_related("account").get(
        account=account, market_id=market_id
    )


def an_order(
    partner: Partner,
    account: ProviderAccount,
    *,
    status: str = OrderStatus.OPEN,
    side: str = "back",
    odds: str = "2.00",
    stake: str = "10.00",
    market_id: str = "7",
    **changes: Any,
) -> ExchangeOrder:
    """An order in some state, written as it is, with nothing at any exchange."""
    now = timezone.now()
    batch = ExchangeBatch.objects.create(
        partner=partner,
        account=account,
        key=uuid4().hex,
        request_digest="d",
        market_id=market_id,
        keep_in_play=False,
        keep_on_suspension=False,
        created_at=now,
    )
    amount = Decimal(stake)
    has_reference = status in ("open", "partly_matched", "matched", "cancelled")
    fields = {
        "selection_id": "1",
        "currency": "EUR",
        "matched": {"matched": amount, "partly_matched": amount / 2}.get(status, Decimal(0)),
        "remaining": {"partly_matched": amount / 2}.get(
            status, Decimal(0) if status in ("matched", "cancelled", "rejected") else amount
        ),
        "provider_reference": f"R-{uuid4().hex[:8]}" if has_reference else None,
        "rejection": {"code": "x", "message": "no"} if status == "rejected" else None,
        "placed_at": now,
        "changed_at": now,
        **changes,
    }
    liability = amount if side == "back" else amount * (Decimal(odds) - 1)
    order = ExchangeOrder(
        batch=batch,
        position=0,
        partner=partner,
        account=account,
        market_id=market_id,
        side=side,
        odds=Decimal(odds),
        stake=amount,
        liability=liability,
        status=status,
        **fields,
    )
    order.exposure = exposure_of(order)
    order.save(force_insert=True)
    order.events.create(kind=OrderEventKind.PLACED, to_status=status, actor="test", created_at=now)
    ExchangeMarket.objects.get_or_create(account=account, market_id=market_id)
    return order
