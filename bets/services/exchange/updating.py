"""What the account's own offers at the exchange say of our orders."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from bets.models import (
    LIVE,
    ExchangeOrder,
    ExchangeOrderEvent,
    FlagKind,
    OrderEventKind,
    OrderStatus,
)
from bets.services.exchange.journal import Journal
from providers.contract import Match, OfferStatus, OwnOffer

# After this long, the rest of a closed order's matched amount is told without its odds.
_ODDS_AWAITED = timedelta(minutes=10)
_STILL_WAITING = (OfferStatus.OPEN, OfferStatus.PARTLY_MATCHED)
_ODDS_STEP = Decimal("0.000001")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look at a market saw. `parts` is `None` where the matched parts were not read.

    `state` is empty where it was not asked for, as it is where all orders are listed. With it the
    open offers were read as well: an order that is in none of the lists does not wait.
    """

    offers: tuple[OwnOffer, ...]
    parts: tuple[Match, ...] | None
    state: str = ""

    def by_reference(self) -> dict[str, OwnOffer]:
        return {offer.reference: offer for offer in self.offers}

    def parts_of(self, reference: str) -> dict[Decimal, Decimal] | None:
        """The matched amount at each odds."""
        if self.parts is None:
            return None
        amounts: dict[Decimal, Decimal] = defaultdict(Decimal)
        for part in self.parts:
            if part.reference == reference:
                amounts[part.odds] += part.amount
        return amounts


def told_parts(orders: Iterable[ExchangeOrder]) -> dict[UUID, dict[Decimal | None, Decimal]]:
    """The amounts on the timelines of orders, at each odds. One query."""
    rows = (
        ExchangeOrderEvent.objects.filter(order__in=list(orders), kind=OrderEventKind.MATCHED)
        .order_by()
        .values_list("order_id", "odds")
        .annotate(amount=Sum("amount"))
    )
    told: dict[UUID, dict[Decimal | None, Decimal]] = defaultdict(dict)
    for order_id, odds, amount in rows:
        told[order_id][odds] = amount
    return told


def update(journal: Journal, orders: Sequence[ExchangeOrder], seen: Seen) -> None:
    """Bring locked orders with a reference to what the exchange has. Writes nothing yet."""
    offers, told = seen.by_reference(), told_parts(orders)
    for order in orders:
        offer = offers.get(str(order.provider_reference))
        parts = seen.parts_of(str(order.provider_reference))
        if order.status in LIVE and offer is not None:
            apply_offer(journal, order, offer, parts)
        _set_average(journal, order, offer, parts)
        tell(journal, order, parts, told.get(order.pk, {}))


def apply_offer(
    journal: Journal, order: ExchangeOrder, offer: OwnOffer, parts: dict[Decimal, Decimal] | None
) -> None:
    """Take an offer's amounts and state over. What cannot be is flagged and changes nothing."""
    matched = _matched(order, offer, parts)
    fault = _fault(order, offer, matched)
    if fault:
        journal.flag(order, FlagKind.ORDER_DIFFERS, fault)
        return
    waits = offer.status in _STILL_WAITING and matched < order.stake
    remaining = order.stake - matched if waits else _NOTHING
    if (matched, remaining) != (order.matched, order.remaining):
        order.matched, order.remaining = matched, remaining
        follow_amounts(journal, order)


def status_of(order: ExchangeOrder) -> OrderStatus:
    """The state that the amounts of an order at the exchange mean."""
    if order.matched == order.stake:
        return OrderStatus.MATCHED
    if not order.remaining:
        return OrderStatus.CANCELLED
    return OrderStatus.PARTLY_MATCHED if order.matched else OrderStatus.OPEN


def follow_amounts(journal: Journal, order: ExchangeOrder, *, reason: str = "") -> None:
    """Bring an order into the state that its new amounts mean."""
    status = status_of(order)
    if status == OrderStatus.CANCELLED:
        gone = order.stake - order.matched
        journal.move(order, status, OrderEventKind.CANCELLED, reason=reason, amount=gone)
    elif status != order.status:
        # The matched parts are the events; a state alone is nothing that happened.
        order.status = status
    journal.touch(order)


def tell(
    journal: Journal,
    order: ExchangeOrder,
    parts: dict[Decimal, Decimal] | None,
    told: dict[Decimal | None, Decimal],
) -> None:
    """Put the matched parts that the timeline lacks on it, once they add up to what is matched."""
    owed = order.matched - order.told
    if not owed:
        return
    new = {
        odds: amount - told.get(odds, _NOTHING)
        for odds, amount in (parts or {}).items()
        if amount > told.get(odds, _NOTHING)
    }
    if sum(new.values()) == owed:
        for odds, amount in sorted(new.items()):
            journal.note(order, OrderEventKind.MATCHED, amount=amount, odds=odds)
    elif order.status not in LIVE and journal.now - order.changed_at > _ODDS_AWAITED:
        reason = "The exchange does not say at which odds."
        journal.note(order, OrderEventKind.MATCHED, amount=owed, reason=reason)
    else:
        return
    order.told = order.matched
    journal.changed[order.pk] = order


def _matched(
    order: ExchangeOrder, offer: OwnOffer, parts: dict[Decimal, Decimal] | None
) -> Decimal:
    """The parts are read after the offers, so they may be newer."""
    total = sum((parts or {}).values(), _NOTHING)
    return total if offer.matched < total <= order.stake else offer.matched


def _fault(order: ExchangeOrder, offer: OwnOffer, matched: Decimal) -> str:
    if (offer.selection_id, offer.side) != (order.selection_id, order.side):
        return f"The exchange has {offer.reference} as {offer.side} {offer.selection_id}."
    if not order.matched <= matched <= order.stake:
        return (
            f"The exchange says that {matched:f} of {order.stake:f} are matched; "
            f"{order.matched:f} were before."
        )
    return ""


def _set_average(
    journal: Journal,
    order: ExchangeOrder,
    offer: OwnOffer | None,
    parts: dict[Decimal, Decimal] | None,
) -> None:
    average = _average(order, offer, parts)
    if average is not None and average != order.average_matched_odds:
        order.average_matched_odds = average
        journal.touch(order)


def _average(
    order: ExchangeOrder, offer: OwnOffer | None, parts: dict[Decimal, Decimal] | None
) -> Decimal | None:
    """The average odds of all that is matched, where the exchange says it for just that much."""
    if not order.matched:
        return None
    stated = offer.average_matched_odds if offer and offer.matched == order.matched else None
    if stated is not None:
        return stated.quantize(_ODDS_STEP)
    if not parts or sum(parts.values()) != order.matched:
        return None
    return average_of(parts.items())


def average_of(parts: Collection[tuple[Decimal, Decimal]]) -> Decimal:
    """The odds of parts, each with its amount, weighed by these."""
    weighted = sum((odds * amount for odds, amount in parts), _NOTHING)
    return (weighted / sum(amount for _, amount in parts)).quantize(_ODDS_STEP)
