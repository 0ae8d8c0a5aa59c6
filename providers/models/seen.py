"""What providers' messages held that the contract does not know."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from providers.models.accounts import ProviderAccount


class DetailKind(models.TextChoices):
    FIELD = "field"
    VALUE = "value"


class SeenDetail(models.Model):
    """A field or a value that came unannounced, counted. It is new until somebody has seen it.

    `place` is the operation or the inbound path, `name` the field, or the field and its value as
    `status=frozen`.
    """

    account = models.ForeignKey(
        ProviderAccount, on_delete=models.CASCADE, related_name="seen_details", db_index=False
    )
    place = models.CharField(max_length=100)
    kind = models.CharField(max_length=5, choices=DetailKind.choices)
    name = models.CharField(max_length=200)
    count = models.PositiveBigIntegerField(db_default=1)
    first_seen = models.DateTimeField(db_default=Now())
    last_seen = models.DateTimeField(db_default=Now())
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        ordering = ("-id",)
        verbose_name = "new detail"
        verbose_name_plural = "new in the providers' messages"
        permissions = (("acknowledge_seendetail", "Can mark a new detail as seen"),)
        constraints = (
            models.UniqueConstraint(
                name="provider_seen_detail_once", fields=("account", "place", "kind", "name")
            ),
            models.CheckConstraint(
                name="provider_seen_detail_kind", condition=Q(kind__in=DetailKind.values)
            ),
            models.CheckConstraint(
                name="provider_seen_detail_by_whom",
                condition=Q(acknowledged_at=None) | ~Q(acknowledged_by=""),
            ),
        )
        indexes = (
            models.Index(
                name="provider_seen_detail_new",
                fields=("id",),
                condition=Q(acknowledged_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.name
