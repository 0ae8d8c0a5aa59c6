"""What staff find out about an order that got no answer, and looks that they ask for."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from bets.models import (
    ExchangeMarket,
    ExchangeOrder,
    FlagKind,
    OrderEventKind,
    OrderStatus,
)
from bets.services.exchange import answers, watching
from bets.services.exchange.journal import Journal, close_flags, lock_market, lock_orders
from bets.services.exchange.watching import Look
from providers.contract import Rejected
from providers.leases import LeaseBusy

_LOOK_WAIT_S = 2.0


class NotPossible(Exception):
    """The order's state does not allow this."""


@transaction.atomic
def confirm_at_exchange(
    *, order_id: UUID, reference: str, actor: str, reason: str, now: datetime
) -> ExchangeOrder:
    """Staff found the order at the exchange; its amounts are read next.

    Raises NotPossible unless the order is unknown and no other has the reference.
    """
    order = _unknown(order_id)
    taken = ExchangeOrder.objects.filter(account_id=order.account_id, provider_reference=reference)
    if taken.exists():
        raise NotPossible(f"Another order has the reference {reference}.")
    journal = Journal(actor=actor, now=now)
    answers.bind(
        journal,
        order,
        reference=reference,
        matched=order.matched,
        waits=True,
        kind=OrderEventKind.RESOLVED,
        reason=reason,
    )
    _settle(journal, order, reason)
    return order


@transaction.atomic
def confirm_not_at_exchange(
    *, order_id: UUID, actor: str, reason: str, now: datetime
) -> ExchangeOrder:
    """The exchange says there is no such order. Raises NotPossible unless it is unknown."""
    order = _unknown(order_id)
    journal = Journal(actor=actor, now=now)
    journal.reject(order, Rejected(code="not_at_exchange", message=reason))
    _settle(journal, order, reason)
    return order


def refresh(*, market: ExchangeMarket, actor: str) -> Look:
    """Read a market from the exchange now. Raises NotPossible where somebody else just does."""
    try:
        return watching.look(market=market, now=timezone.now(), wait_s=_LOOK_WAIT_S, actor=actor)
    except LeaseBusy:
        raise NotPossible("It is being read at this moment.") from None


def _unknown(order_id: UUID) -> ExchangeOrder:
    found = ExchangeOrder.objects.get(pk=order_id)
    lock_market(account_id=found.account_id, market_id=found.market_id)
    (order,) = lock_orders(ExchangeOrder.objects.filter(pk=order_id).select_related("account"))
    if order.status != OrderStatus.UNKNOWN:
        raise NotPossible(f"The order is {order.status}, not unknown.")
    return order


def _settle(journal: Journal, order: ExchangeOrder, reason: str) -> None:
    journal.write()
    close_flags(
        orders=[order],
        kind=FlagKind.UNKNOWN_OVERDUE,
        now=journal.now,
        resolution=f"{journal.actor}: {reason}",
    )
    ExchangeMarket.objects.filter(account_id=order.account_id, market_id=order.market_id).update(
        look_after=journal.now, quiet=0
    )
