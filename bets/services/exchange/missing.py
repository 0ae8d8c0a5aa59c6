"""Orders that wait by what we know, and that the exchange does not list any more.

Such an order ends by itself only where the exchange says so in three ways: it lists it neither
among our offers nor among the open ones, and says what was matched of it, all while it still runs
the market. A market that has finished may be forgotten with all that was matched there: then the
exchange's own history decides, and staff look at it.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from bets.models import (
    LIVE,
    ExchangeMarket,
    ExchangeOrder,
    ExchangeOrderEvent,
    FlagKind,
    OrderEventKind,
)
from bets.services.exchange import updating
from bets.services.exchange.journal import Journal, close_flags
from bets.services.exchange.updating import Seen

# The exchange's list may lag behind a placement or a cancellation.
_CANCELLED_AFTER = timedelta(seconds=60)
GIVEN_UP_AFTER = timedelta(minutes=15)
_RUNNING = ("open", "suspended")
_NOTHING = Decimal(0)


def judge(journal: Journal, orders: Sequence[ExchangeOrder], seen: Seen) -> None:
    """End or flag those of locked orders that were not seen. Writes no order yet."""
    listed = seen.by_reference()
    back = [o for o in orders if o.missing_since and str(o.provider_reference) in listed]
    for order in back:
        order.missing_since = None
        journal.changed[order.pk] = order
    _close_flags(journal, back, "The exchange lists it again.")
    missing = [o for o in orders if o.status in LIVE and str(o.provider_reference) not in listed]
    asked = _asked_to_cancel(missing)
    for order in missing:
        _judge(journal, order, seen, was_asked=order.pk in asked)


def end(journal: Journal, order: ExchangeOrder, *, matched: Decimal, reason: str) -> None:
    """Nothing of a locked order waits any more; `matched` is what stands."""
    order.matched, order.remaining, order.missing_since = matched, _NOTHING, None
    updating.follow_amounts(journal, order, reason=reason)
    _close_flags(journal, [order], reason)


def _judge(journal: Journal, order: ExchangeOrder, seen: Seen, *, was_asked: bool) -> None:
    parts = seen.parts_of(str(order.provider_reference))
    matched = None if parts is None else sum(parts.values(), _NOTHING)
    if matched == order.stake:
        end(journal, order, matched=matched, reason="All of it was matched.")
        return
    if order.missing_since is None:
        order.missing_since = journal.now
        journal.changed[order.pk] = order
        return
    gone_for = journal.now - order.missing_since
    told = matched is not None and order.matched <= matched < order.stake
    after = _CANCELLED_AFTER if was_asked else GIVEN_UP_AFTER
    if matched is not None and told and seen.state in _RUNNING and gone_for >= after:
        end(journal, order, matched=matched, reason="The exchange lists it as open no more.")
    elif gone_for >= GIVEN_UP_AFTER:
        journal.flag(order, FlagKind.ORDER_DIFFERS, _in_words(order, seen))


def _in_words(order: ExchangeOrder, seen: Seen) -> str:
    since = f"since {order.missing_since:%Y-%m-%d %H:%M} UTC"
    if seen.state == ExchangeMarket.GONE:
        what = f"The exchange does not know market {order.market_id} any more {since}."
    else:
        what = f"The exchange does not list {order.provider_reference} any more {since}."
    return (
        f"{what} Whether something of it was matched at the end, only the account's history there "
        "says: look at it, and then say on the order's page that it waits no more."
    )


def _asked_to_cancel(orders: Sequence[ExchangeOrder]) -> set[UUID]:
    if not orders:
        return set()
    asked = ExchangeOrderEvent.objects.filter(order__in=orders, kind=OrderEventKind.CANCEL_ASKED)
    return set(asked.values_list("order_id", flat=True))


def _close_flags(journal: Journal, orders: Sequence[ExchangeOrder], resolution: str) -> None:
    if orders:
        close_flags(
            orders=orders, kind=FlagKind.ORDER_DIFFERS, now=journal.now, resolution=resolution
        )
