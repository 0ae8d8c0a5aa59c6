"""What staff find out about an order that got no answer, and looks that they ask for."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from bets.models import (
    LIVE,
    ExchangeMarket,
    ExchangeOrder,
    FlagKind,
    OrderEventKind,
    OrderStatus,
)
from bets.services.exchange import answers, missing, updating, watching
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


@transaction.atomic
def confirm_ended(
    *,
    order_id: UUID,
    matched: Decimal,
    odds: Decimal | None,
    actor: str,
    reason: str,
    now: datetime,
) -> ExchangeOrder:
    """Staff found in the exchange's history that nothing of the order waits any more.

    `matched` is what stands of it in the end, `odds` those of the part that was not known yet.
    Raises NotPossible unless the exchange does not list the order any more, or its market could
    not be read for as long as staff are told of it, and for amounts that cannot be.
    """
    order, market = _locked(order_id)
    if not is_lost(order=order, market=market, now=now):
        raise NotPossible("The exchange says what becomes of the order, or is asked again first.")
    if not order.matched <= matched <= order.stake:
        raise NotPossible(f"{order.matched:f} to {order.stake:f} can be matched of it.")
    new = matched - order.matched
    if new and (odds is None or odds <= 1):
        raise NotPossible(f"Name the odds, above 1, at which the other {new:f} were matched.")
    journal = Journal(actor=actor, now=now)
    if new and odds is not None:
        _add_match(journal, order, new, odds, reason)
    missing.end(journal, order, matched=matched, reason=reason)
    journal.write()
    _read_soon(order, now)
    return order


def is_lost(*, order: ExchangeOrder, market: ExchangeMarket, now: datetime) -> bool:
    """Whether an order waits by what we know, and the exchange says nothing of it.

    One look that failed proves nothing, and what is matched later would be seen by nobody.
    """
    failing: datetime | None = market.failing_since
    unreadable = failing is not None and now - failing >= missing.GIVEN_UP_AFTER
    return order.status in LIVE and (unreadable or order.missing_since is not None)


def refresh(*, market: ExchangeMarket, actor: str) -> Look:
    """Read a market from the exchange now. Raises NotPossible where somebody else just does."""
    try:
        return watching.look(market=market, now=timezone.now(), wait_s=_LOOK_WAIT_S, actor=actor)
    except LeaseBusy:
        raise NotPossible("It is being read at this moment.") from None


def _locked(order_id: UUID) -> tuple[ExchangeOrder, ExchangeMarket]:
    found = ExchangeOrder.objects.get(pk=order_id)
    market = lock_market(account_id=found.account_id, market_id=found.market_id)
    (order,) = lock_orders(ExchangeOrder.objects.filter(pk=order_id).select_related("account"))
    return order, market


def _unknown(order_id: UUID) -> ExchangeOrder:
    order, _ = _locked(order_id)
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
    _read_soon(order, journal.now)


def _read_soon(order: ExchangeOrder, now: datetime) -> None:
    ExchangeMarket.objects.filter(account_id=order.account_id, market_id=order.market_id).update(
        look_after=now, quiet=0
    )


def _add_match(
    journal: Journal, order: ExchangeOrder, amount: Decimal, odds: Decimal, reason: str
) -> None:
    """The average is known only if it was known of all that had been matched before."""
    before = [] if not order.matched else [(order.average_matched_odds, order.matched)]
    known = [(each, part) for each, part in before if each is not None]
    if known == before:
        order.average_matched_odds = updating.average_of([*known, (odds, amount)])
    journal.note(order, OrderEventKind.MATCHED, amount=amount, odds=odds, reason=reason)
    order.told += amount
