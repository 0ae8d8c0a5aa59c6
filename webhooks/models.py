"""What providers sent us: the deliveries as they came, and what became of each."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from bets.models.fields import never_truncated
from providers.contract import Effect


class DeliveryStatus(models.TextChoices):
    RECEIVED = "received", "received"
    PROCESSED = "processed", "processed"
    FAILED = "failed", "failed, will be tried again"
    PARKED = "parked", "parked"
    REFUSED = "refused", "refused"


class Delivery(models.Model):
    """A provider's request. What came is never changed; what became of it is added."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(
        "providers.ProviderAccount", on_delete=models.PROTECT, related_name="deliveries"
    )
    route = models.CharField(max_length=200)
    method = models.CharField(max_length=16)
    coupon_key = models.CharField(max_length=64, blank=True, default="")
    query = models.TextField(blank=True, default="")
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    remote_ip = models.CharField(max_length=45, blank=True, default="")
    received_at = models.DateTimeField()
    status = models.CharField(max_length=9, choices=DeliveryStatus.choices)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_field = models.CharField(max_length=200, blank=True, default="")
    error = models.TextField(blank=True, default="")
    unknown_fields = models.JSONField(default=list, blank=True)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response_body = models.BinaryField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        permissions = [
            ("replay_delivery", "Can replay deliveries"),
            ("rehearse_delivery", "Can rehearse deliveries"),
            ("match_orphan", "Can match orphans with coupons"),
        ]
        constraints = [
            models.CheckConstraint(
                name="webhooks_delivery_status", condition=Q(status__in=DeliveryStatus.values)
            ),
            models.CheckConstraint(
                name="webhooks_delivery_processed",
                condition=Q(status="processed", processed_at__isnull=False)
                | ~Q(status="processed"),
            ),
            models.CheckConstraint(
                name="webhooks_delivery_due",
                condition=Q(status__in=["received", "failed"], next_attempt_at__isnull=False)
                | ~Q(status__in=["received", "failed"]),
            ),
        ]
        indexes = [
            models.Index(
                name="webhooks_delivery_to_do",
                fields=["next_attempt_at"],
                condition=Q(status__in=["received", "failed"]),
            ),
            models.Index(name="webhooks_delivery_of_account", fields=["account", "-id"]),
            models.Index(name="webhooks_delivery_by_status", fields=["status", "-id"]),
        ]
        triggers = [
            pgtrigger.Protect(
                name="delivery_is_kept_as_it_came",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "id", "account", "route", "method", "coupon_key", "query", "headers", "body",
                    "remote_ip", "received_at",
                ),
            ),
            pgtrigger.Protect(name="delivery_is_kept", operation=pgtrigger.Delete),
            never_truncated("deliveries_are_kept"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.route} {self.received_at:%Y-%m-%d %H:%M:%S}"


class DeliveryEffect(models.Model):
    """What one command of a delivery did, and to which coupon."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="effects")
    position = models.PositiveIntegerField()
    coupon = models.ForeignKey(
        "bets.Coupon",
        on_delete=models.PROTECT,
        related_name="delivery_effects",
        null=True,
        blank=True,
    )
    reference = models.CharField(max_length=100)
    effect = models.CharField(max_length=10, choices=[(e.value, e.value) for e in Effect])
    code = models.CharField(max_length=60, blank=True, default="")
    message = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                name="webhooks_effect_position", fields=["delivery", "position"]
            ),
            models.CheckConstraint(
                name="webhooks_effect_known", condition=Q(effect__in=[e.value for e in Effect])
            ),
        ]
        indexes = [
            models.Index(
                name="webhooks_effect_orphans", fields=["-id"], condition=Q(effect="orphan")
            ),
            models.Index(name="webhooks_effect_by_reference", fields=["reference"]),
        ]
        triggers = [
            pgtrigger.Protect(
                name="effect_is_of_its_command",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("delivery", "position", "reference"),
            ),
            pgtrigger.Protect(name="effect_is_kept", operation=pgtrigger.Delete),
            never_truncated("effects_are_kept"),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.effect}"


class Replay(models.Model):
    """Somebody had a delivery processed again. Append-only."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="replays")
    actor = models.CharField(max_length=120)
    created_at = models.DateTimeField(db_default=Now())
    outcome = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["id"]
        triggers = [
            pgtrigger.Protect(
                name="replay_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            never_truncated("replays_are_kept"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.created_at:%Y-%m-%d %H:%M:%S}"
