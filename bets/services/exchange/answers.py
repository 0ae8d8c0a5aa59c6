"""What the exchange's answer to a placement does to its orders."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from bets.models import (
    UNANSWERED,
    ExchangeOrder,
    FlagKind,
    OrderEventKind,
    OrderStatus,
)
from bets.services.exchange.journal import Journal
from bets.services.exchange.updating import status_of
from providers.contract import OfferPlacement, Placed, PlacedOffer, Unknown

TELL_STAFF_AFTER = timedelta(minutes=15)
_LONGEST_REFERENCE = 100


def book(journal: Journal, orders: Sequence[ExchangeOrder], answer: OfferPlacement) -> None:
    """Book the answer to a batch on its locked orders, in their order. Writes nothing yet.

    It acts only on orders that wait for an answer; a yes for another is flagged if it does not
    say what is known.
    """
    orders = sorted(orders, key=lambda order: order.position)
    if isinstance(answer, Placed):
        fault = _fault(orders, answer.offers)
        if fault:
            answer = Unknown(reason=fault)
        else:
            _book_yes(journal, orders, answer)
            return
    for order in orders:
        if order.status not in UNANSWERED:
            continue
        if not isinstance(answer, Unknown):
            journal.reject(order, answer)
        elif order.status == OrderStatus.PENDING:
            leave_unknown(journal, order, answer.reason)


def leave_unknown(journal: Journal, order: ExchangeOrder, reason: str) -> None:
    """No clear answer: the order may or may not be at the exchange."""
    order.resolve_after = journal.now + TELL_STAFF_AFTER
    journal.move(order, OrderStatus.UNKNOWN, OrderEventKind.UNKNOWN, reason=reason)


def bind(
    journal: Journal,
    order: ExchangeOrder,
    *,
    reference: str,
    matched: Decimal,
    waits: bool,
    kind: OrderEventKind,
    reason: str,
) -> None:
    """An unanswered order is the exchange's offer of this reference."""
    order.provider_reference = reference
    order.matched = matched
    order.remaining = order.stake - matched if waits else Decimal(0)
    order.resolve_after = None
    journal.move(order, status_of(order), kind, reason=reason)


def _book_yes(journal: Journal, orders: Sequence[ExchangeOrder], answer: Placed) -> None:
    holders = _holders(orders, answer.offers)
    for order, offer in zip(orders, answer.offers, strict=True):
        holder = holders.get(offer.reference)
        if holder == order.pk:
            continue
        if order.status not in UNANSWERED:
            detail = f"The exchange took it as {offer.reference}; it is {order.status}."
            journal.flag(order, FlagKind.LATE_ACCEPTANCE, detail)
        elif holder is None:
            bind(
                journal,
                order,
                reference=offer.reference,
                matched=offer.matched,
                waits=True,
                kind=OrderEventKind.ACCEPTED,
                reason=f"The exchange took it as {offer.reference}.",
            )
        elif order.status == OrderStatus.PENDING:
            leave_unknown(journal, order, f"Another order has the reference {offer.reference}.")


def _holders(
    orders: Sequence[ExchangeOrder], offers: Sequence[PlacedOffer]
) -> dict[str | None, UUID]:
    """Which of the references an order has already, and which one."""
    found = ExchangeOrder.objects.filter(
        account_id=orders[0].account_id,
        provider_reference__in=[offer.reference for offer in offers],
    )
    return dict(found.values_list("provider_reference", "pk"))


def _fault(orders: Sequence[ExchangeOrder], offers: Sequence[PlacedOffer]) -> str:
    """Why an answer cannot be booked as it is, or nothing."""
    references = [offer.reference for offer in offers]
    if len(offers) != len(orders):
        return f"The exchange named {len(offers)} offers for {len(orders)} orders."
    if len(set(references)) != len(references):
        return "The exchange named one offer twice."
    if not all(0 < len(each) <= _LONGEST_REFERENCE for each in references):
        return "The exchange named an offer by nothing that can be kept."
    for order, offer in zip(orders, offers, strict=True):
        if not 0 <= offer.matched <= order.stake:
            return f"The exchange matched {offer.matched:f} of {order.stake:f}."
    return ""
