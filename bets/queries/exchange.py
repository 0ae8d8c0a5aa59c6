"""Reads of exchange orders on behalf of their partner."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from bets.models import UNANSWERED, ExchangeOrder, OrderStatus, Partner
from bets.queries.coupons import Cursor
from providers.models import ProviderAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """One page, newest first, and whether there are orders on both sides of it."""

    orders: Sequence[ExchangeOrder]
    has_newer: bool
    has_older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilters:
    """Which orders are asked for; `None` asks for all."""

    market_id: str | None = None
    status: str | None = None


def order_of(*, partner: Partner, account: ProviderAccount, order_id: UUID) -> ExchangeOrder | None:
    """The partner's order at this account; `None` if absent or another partner's. One query."""
    return (
        ExchangeOrder.objects.select_related("account")
        .filter(partner=partner, account=account, pk=order_id)
        .first()
    )


def page_of_orders(
    *,
    partner: Partner,
    account: ProviderAccount,
    filters: OrderFilters,
    cursor: Cursor | None,
    limit: int,
) -> OrderPage:
    """A page of a partner's orders at an account by their ids, which grow with time. One query."""
    found = _filtered(ExchangeOrder.objects.filter(partner=partner, account=account), filters)
    if cursor and cursor.newer:
        rows = list(found.filter(pk__gt=cursor.coupon_id).order_by("id")[: limit + 1])
        return OrderPage(orders=rows[:limit][::-1], has_newer=len(rows) > limit, has_older=True)
    if cursor:
        found = found.filter(pk__lt=cursor.coupon_id)
    rows = list(found.order_by("-id")[: limit + 1])
    return OrderPage(orders=rows[:limit], has_newer=cursor is not None, has_older=len(rows) > limit)


def _filtered(found: QuerySet[ExchangeOrder], filters: OrderFilters) -> QuerySet[ExchangeOrder]:
    if filters.market_id is not None:
        found = found.filter(market_id=filters.market_id)
    if filters.status == OrderStatus.UNKNOWN:
        return found.filter(status__in=UNANSWERED)
    return found if filters.status is None else found.filter(status=filters.status)
