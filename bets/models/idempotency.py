from django.db import models
from django.db.models.functions import Now

from bets.models.coupons import Coupon
from bets.models.fields import Id
from bets.models.partners import Partner


class IdempotencyKey(models.Model):
    """A partner's key of one placement, the request it stands for, and the reply it got."""

    id = Id()
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=100)
    request_digest = models.CharField(max_length=64)
    coupon = models.OneToOneField(Coupon, on_delete=models.PROTECT, related_name="+")
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="bets_idempotency_key", fields=["partner", "key"]),
        ]

    def __str__(self) -> str:
        return self.key
