"""How much waits for staff. Each number is counted up to a limit, by an index."""

from django_q.models import Failure

from bets.models import Coupon, CouponStatus, ExchangeOrder, Flag, FlagKind, OrderStatus
from config.staff.paging import at_most
from providers.models import SeenDetail
from webhooks import queries

LIMIT = 100


def open_flags() -> int:
    return at_most(Flag.objects.filter(resolved_at__isnull=True), LIMIT)


def unknown_coupons() -> int:
    return at_most(Coupon.objects.filter(status=CouponStatus.UNKNOWN), LIMIT)


def overdue_results() -> int:
    overdue = Flag.objects.filter(kind=FlagKind.RESULT_OVERDUE, resolved_at__isnull=True)
    return at_most(overdue, LIMIT)


def unknown_orders() -> int:
    return at_most(ExchangeOrder.objects.filter(status=OrderStatus.UNKNOWN), LIMIT)


def parked_deliveries() -> int:
    return at_most(queries.parked(), LIMIT)


def orphans() -> int:
    return at_most(queries.orphans().select_related(None), LIMIT)


def new_details() -> int:
    return at_most(SeenDetail.objects.filter(acknowledged_at__isnull=True), LIMIT)


def failed_jobs() -> int:
    return at_most(Failure.objects.all(), LIMIT)


def shown(count: int) -> str:
    """`99+` where the counting stopped."""
    return f"{LIMIT - 1}+" if count >= LIMIT else str(count)
