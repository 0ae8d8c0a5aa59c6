"""Reads of coupons on behalf of their partner."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from bets.models import Coupon, Partner


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page, newest first, and whether there are coupons on both sides of it."""

    coupons: Sequence[Coupon]
    has_newer: bool
    has_older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a page begins: at the coupons older, or newer, than the one with this id."""

    coupon_id: UUID
    newer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which coupons are asked for; `None` asks for all."""

    player_id: UUID | None = None
    status: str | None = None
    provider_account: str | None = None


def coupon_of(*, partner: Partner, coupon_id: UUID) -> Coupon | None:
    """The partner's coupon with its items; `None` if absent or another partner's."""
    return _readable().filter(partner=partner, pk=coupon_id).first()


def page_of_coupons(
    *, partner: Partner, filters: Filters, cursor: Cursor | None, limit: int
) -> Page:
    """A page of a partner's coupons by their ids, which grow with time. Two queries."""
    found = _filtered(partner, filters)
    if cursor and cursor.newer:
        rows = list(found.filter(pk__gt=cursor.coupon_id).order_by("id")[: limit + 1])
        return Page(coupons=rows[:limit][::-1], has_newer=len(rows) > limit, has_older=True)
    if cursor:
        found = found.filter(pk__lt=cursor.coupon_id)
    rows = list(found.order_by("-id")[: limit + 1])
    return Page(coupons=rows[:limit], has_newer=cursor is not None, has_older=len(rows) > limit)


def _filtered(partner: Partner, filters: Filters) -> QuerySet[Coupon]:
    found = _readable().filter(partner=partner)
    if filters.player_id is not None:
        found = found.filter(player_id=filters.player_id)
    if filters.status is not None:
        found = found.filter(status=filters.status)
    if filters.provider_account is not None:
        found = found.filter(account__code=filters.provider_account)
    return found


def _readable() -> QuerySet[Coupon]:
    return Coupon.objects.select_related("account").prefetch_related("items")
