"""What pages show of the inbox."""

from uuid import UUID

from django.db.models import QuerySet

from providers.contract import Effect
from webhooks.models import Delivery, DeliveryEffect, DeliveryStatus


def effects_of_coupon(*, coupon_id: UUID) -> QuerySet[DeliveryEffect]:
    """What deliveries did to a coupon, newest first, with the deliveries."""
    return (
        DeliveryEffect.objects.filter(coupon_id=coupon_id)
        .select_related("delivery")
        .defer("delivery__response_body")
        .order_by("-delivery_id", "position")
    )


def orphans() -> QuerySet[DeliveryEffect]:
    """Results for bets that we do not know, newest first."""
    return (
        DeliveryEffect.objects.filter(effect=Effect.ORPHAN)
        .select_related("delivery", "delivery__account")
        .order_by("-id")
    )


def parked() -> QuerySet[Delivery]:
    """Deliveries that nobody will try again without staff."""
    return Delivery.objects.filter(status=DeliveryStatus.PARKED).order_by("-id")
