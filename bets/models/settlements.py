import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bets.models.coupons import Coupon, Result
from bets.models.fields import Id, Money, never_truncated


class Disposition(models.TextChoices):
    APPLIED = "applied", "applied"
    SUPERSEDED = "superseded", "older than the applied one"
    WITHDRAWN = "withdrawn", "result withdrawn"


class Settlement(models.Model):
    """A version of a coupon's result. Append-only: a changed result is another version.

    `payout` is what the player gets in all under this version, in the coupon's currency.
    """

    id = Id()
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="settlements")
    version = models.PositiveIntegerField()
    disposition = models.CharField(max_length=10, choices=Disposition.choices)
    result = models.CharField(max_length=15, choices=Result.choices, blank=True, default="")
    payout = Money(default=0)
    withholding = Money(default=0, help_text="The tax kept back beside the payout.")
    raw_result = models.CharField(max_length=80, blank=True, default="")
    details = models.JSONField(default=dict, blank=True)
    dated_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    actor = models.CharField(max_length=120)
    reason = models.TextField(blank=True, default="")
    delivery_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["version"]
        constraints = [
            models.UniqueConstraint(name="bets_settlement_version", fields=["coupon", "version"]),
            models.CheckConstraint(
                name="bets_settlement_payout", condition=Q(payout__gte=0, withholding__gte=0)
            ),
            models.CheckConstraint(
                name="bets_settlement_result",
                condition=Q(disposition="withdrawn", result="") | ~Q(result=""),
            ),
            models.CheckConstraint(
                name="bets_settlement_disposition",
                condition=Q(disposition__in=Disposition.values),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="settlement_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            never_truncated("settlement_is_kept"),
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id} v{self.version}: {self.result or 'withdrawn'}"


class PendingResult(models.Model):
    """A result that came before its coupon was accepted. It is applied once it is.

    A result on a coupon's own key names the coupon; any other is found by its reference.
    """

    id = Id()
    account = models.ForeignKey(
        "providers.ProviderAccount", on_delete=models.PROTECT, related_name="pending_results"
    )
    coupon = models.ForeignKey(
        Coupon, on_delete=models.PROTECT, related_name="pending_results", null=True, blank=True
    )
    game = models.CharField(max_length=40, blank=True, default="")
    reference = models.CharField(max_length=100)
    command = models.JSONField()
    delivery_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                name="bets_result_waiting",
                fields=["account", "reference"],
                condition=Q(applied_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"result kept for {self.reference}"


class Tombstone(models.Model):
    """A bet that may never be taken: cancelled before it came, or refused once."""

    id = Id()
    account = models.ForeignKey(
        "providers.ProviderAccount", on_delete=models.PROTECT, related_name="tombstones"
    )
    game = models.CharField(max_length=40, blank=True, default="")
    reference = models.CharField(max_length=100)
    code = models.CharField(max_length=40)
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    delivery_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="bets_tombstone_once", fields=["account", "reference", "game"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.code}"
