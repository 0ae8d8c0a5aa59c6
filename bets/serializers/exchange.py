"""Markets and orders of an exchange, in and out.

Amounts are in the account's currency and, like odds, strings with at least two decimals: a
liability is a stake times odds and may need more of them than the currency has.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from bets.models import ExchangeOrder, OrderStatus
from bets.serializers import shown
from bets.serializers.fields import (
    AmountField,
    EventField,
    OddsField,
    OneOfField,
    StrictSerializer,
    TrueOrFalseField,
    WholeNumberField,
    fail,
)
from providers.contract import (
    Book,
    Event,
    Exposure,
    Funds,
    Market,
    NewOffer,
    OfferSlip,
    Price,
    Side,
)

MOST_OFFERS = 50
_HIGHEST_VERSION = 2**63 - 1


class StakeField(AmountField):
    """A stake that can be kept; the exchange's own rules are judged by its provider."""

    highest = Decimal(10) ** 9
    decimals = 4

    def to_internal_value(self, data: Any) -> Decimal:
        stake = super().to_internal_value(data)
        if stake > self.highest:
            fail("too_large", f"A stake is at most {self.highest}.")
        if stake != round(stake, self.decimals):
            fail("excess_decimals", f"A stake has at most {self.decimals} decimals.")
        return stake


class NewOfferForm(StrictSerializer):
    selection_id = EventField(max_length=100)
    side = OneOfField(choices=[each.value for each in Side])
    odds = OddsField()
    stake = StakeField()


class NewOrders(StrictSerializer):
    market_id = EventField(max_length=100)
    market_version = WholeNumberField(required=False, default=0)
    keep_in_play = TrueOrFalseField(required=False, default=False)
    keep_on_suspension = TrueOrFalseField(required=False, default=False)
    offers = NewOfferForm(many=True, min_length=1, max_length=MOST_OFFERS)  # type: ignore[call-arg]

    def validate_market_version(self, version: int) -> int:
        if not 0 <= version <= _HIGHEST_VERSION:
            raise ValidationError([ErrorDetail("A version is 0 (any) or above.", "malformed")])
        return version

    def slip(self) -> OfferSlip:
        """What was asked for, once it is known to be in order."""
        data = self.validated_data
        return OfferSlip(
            market_id=data["market_id"],
            market_version=data["market_version"],
            keep_in_play=data["keep_in_play"],
            keep_on_suspension=data["keep_on_suspension"],
            offers=tuple(
                NewOffer(
                    selection_id=each["selection_id"],
                    side=Side(each["side"]),
                    odds=each["odds"],
                    stake=each["stake"],
                )
                for each in data["offers"]
            ),
        )


# --- markets ------------------------------------------------------------------------------------


def events_body(events: Sequence[Event]) -> dict[str, Any]:
    return {"events": [_event(event) for event in events]}


def markets_body(event: Event) -> dict[str, Any]:
    return {"event": _event(event), "markets": [_market(market) for market in event.markets]}


def book_body(book: Book) -> dict[str, Any]:
    return {
        "market_id": book.market_id,
        "version": book.version,
        "status": book.status,
        "live_delay_s": book.live_delay_s,
        "selections": [
            {
                "id": each.id,
                "label": each.label,
                "back": [_price(price) for price in each.back],
                "lay": [_price(price) for price in each.lay],
            }
            for each in book.selections
        ],
    }


def exposure_body(exposure: Exposure) -> dict[str, Any]:
    return {
        "market_id": exposure.market_id,
        "worst": amount(exposure.worst),
        "results": [
            {"selection_id": selection_id, "result": amount(result)}
            for selection_id, result in exposure.results
        ],
    }


def account_body(funds: Funds, commission_percent: Decimal) -> dict[str, Any]:
    """Never the holder: that is personal data."""
    return {
        "currency": funds.currency,
        "balance": amount(funds.balance),
        "free": amount(funds.free),
        "locked": amount(funds.locked),
        "commission": amount(commission_percent),
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "name": event.name,
        "sport": event.sport,
        "competition": event.competition,
        "starts_at": shown.moment(event.starts_at),
    }


def _market(market: Market) -> dict[str, Any]:
    return {
        "id": market.id,
        "name": market.name,
        "version": market.version,
        "selections": [{"id": each.id, "label": each.label} for each in market.selections],
    }


def _price(price: Price) -> dict[str, Any]:
    return {"odds": shown.odds(price.odds), "amount": amount(price.amount)}


# --- orders -------------------------------------------------------------------------------------


def order_body(order: ExchangeOrder) -> dict[str, Any]:
    """An order as its partner sees it: one that is being placed has no known state yet."""
    pending = order.status == OrderStatus.PENDING
    return {
        "id": str(order.pk),
        "provider_reference": order.provider_reference,
        "market_id": order.market_id,
        "side": order.side,
        "selection_id": order.selection_id,
        "odds": shown.odds(order.odds),
        "stake": amount(order.stake),
        "matched": amount(order.matched),
        "remaining": amount(order.remaining),
        "average_matched_odds": shown.odds(order.average_matched_odds),
        "liability": amount(order.liability),
        "exposure": amount(order.exposure),
        "status": OrderStatus.UNKNOWN.value if pending else order.status,
        "rejection": order.rejection,
        "placed_at": shown.moment(order.placed_at),
        "changed_at": shown.moment(order.changed_at),
    }


def orders_body(orders: Sequence[ExchangeOrder]) -> dict[str, Any]:
    return {"orders": [order_body(order) for order in orders]}


def orders_json(orders: Sequence[ExchangeOrder]) -> bytes:
    """The reply's bytes, which are stored beside the idempotency key."""
    return json.dumps(orders_body(orders), ensure_ascii=False, separators=(",", ":")).encode()


def amount(value: Decimal) -> str:
    """Plain digits with at least two decimals."""
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"
