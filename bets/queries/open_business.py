"""How much is open at a provider account."""

from uuid import UUID

from bets.models import LIVE, UNANSWERED, Coupon, CouponStatus, ExchangeOrder

_MOST_COUNTED = 1000
_OPEN = (
    CouponStatus.PENDING,
    CouponStatus.UNKNOWN,
    CouponStatus.REFERRED,
    CouponStatus.ACCEPTED,
)


def count(account_id: UUID) -> int:
    """The coupons and orders that wait for an answer or a result, up to a thousand of each."""
    coupons = Coupon.objects.filter(account_id=account_id, status__in=_OPEN)
    orders = ExchangeOrder.objects.filter(account_id=account_id, status__in=(*LIVE, *UNANSWERED))
    return sum(len(each.values_list("pk")[:_MOST_COUNTED]) for each in (coupons, orders))
