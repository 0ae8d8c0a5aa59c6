"""How an account stands with its provider, shared by all processes."""

from django.db import models
from django.db.models import Q

from providers.models.accounts import ProviderAccount


class Breaker(models.TextChoices):
    """Closed lets calls through, open refuses them, half open waits for one trial call."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class ProviderHealth(models.Model):
    """What outlives a single call. An account without a row has never had any trouble.

    `retry_at` is when a trial call may go; `trial_until` is when its process is taken for dead.
    Failures before `closed_at` are settled and count no more. `suspended_wholly` holds questions
    about open business back as well.
    """

    account = models.OneToOneField(
        ProviderAccount, on_delete=models.CASCADE, primary_key=True, related_name="health"
    )
    breaker = models.CharField(max_length=10, choices=Breaker.choices, db_default=Breaker.CLOSED)
    opened_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    trial_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    throttled_until = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_by = models.CharField(max_length=200, blank=True, db_default="")
    suspended_reason = models.CharField(max_length=500, blank=True, db_default="")
    suspended_wholly = models.BooleanField(default=False, db_default=False)
    credentials_refused_at = models.DateTimeField(null=True, blank=True)
    credentials_error = models.CharField(max_length=500, blank=True, db_default="")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="provider_health_breaker",
                condition=Q(breaker=Breaker.CLOSED)
                | Q(breaker=Breaker.OPEN, opened_at__isnull=False, retry_at__isnull=False)
                | Q(breaker=Breaker.HALF_OPEN, opened_at__isnull=False, trial_until__isnull=False),
            ),
            models.CheckConstraint(
                name="provider_health_suspended_by_whom",
                condition=Q(suspended_at=None) | (~Q(suspended_by="") & ~Q(suspended_reason="")),
            ),
        )

    def __str__(self) -> str:
        return f"health of {self.account_id}"


class RateBucket(models.Model):
    """The tokens that an account's calls take. `full_at` is when the bucket is full again."""

    account = models.OneToOneField(
        ProviderAccount, on_delete=models.CASCADE, primary_key=True, related_name="rate_bucket"
    )
    full_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"rate bucket of {self.account_id}"
