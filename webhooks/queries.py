"""What pages show of the inbox."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from bets.models import Coupon, Flag, FlagKind
from providers.contract import Effect
from webhooks.models import Delivery, DeliveryEffect, DeliveryStatus


def effects_of_coupon(*, coupon_id: UUID) -> QuerySet[DeliveryEffect]:
    """What deliveries did to a coupon, newest first, with the deliveries.

    A result that came before we knew the coupon's reference is among them.
    """
    mine = Q(coupon_id=coupon_id)
    coupon = Coupon.objects.filter(pk=coupon_id, provider_reference__isnull=False).first()
    if coupon:
        mine |= Q(
            coupon=None,
            reference=coupon.provider_reference,
            delivery__account_id=coupon.account_id,
        )
    return (
        DeliveryEffect.objects.filter(mine)
        .select_related("delivery")
        .defer("delivery__response_body")
        .order_by("-delivery_id", "position")
    )


def deliveries_of_coupon(*, coupon_id: UUID) -> QuerySet[Delivery]:
    """The deliveries that were about a coupon, newest first, without their bodies."""
    effects = effects_of_coupon(coupon_id=coupon_id).order_by().values("delivery_id")
    return Delivery.objects.filter(pk__in=effects).defer("body", "response_body").order_by("-id")


def orphans() -> QuerySet[DeliveryEffect]:
    """Results for bets that we do not know, newest first.

    The flag of the reference is closed once the bet becomes known or staff resolve it; what a
    flag no longer stands for is not listed.
    """
    flags = Flag.objects.filter(
        kind=FlagKind.ORPHAN,
        account=OuterRef("delivery__account"),
        reference=OuterRef("reference"),
        resolved_at__isnull=True,
    )
    return (
        DeliveryEffect.objects.filter(Exists(flags), effect=Effect.ORPHAN)
        .select_related("delivery", "delivery__account")
        .order_by("-id")
    )


def parked() -> QuerySet[Delivery]:
    """Deliveries that nobody will try again without staff."""
    return Delivery.objects.filter(status=DeliveryStatus.PARKED).order_by("-id")


def with_unknown_fields() -> QuerySet[Delivery]:
    """Deliveries with something in them that the contract does not know, newest first."""
    return Delivery.objects.exclude(unknown_fields=[]).order_by("-id")
