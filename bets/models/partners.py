from django.db import models
from django.db.models.functions import Now

from bets.models.fields import Id


class Partner(models.Model):
    """A brand whose players bet through us."""

    id = Id()
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    accounts = models.ManyToManyField(
        "providers.ProviderAccount", through="bets.PartnerAccess", related_name="partners"
    )

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class PartnerAccess(models.Model):
    """A partner may place bets on a provider account."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="access")
    account = models.ForeignKey(
        "providers.ProviderAccount", on_delete=models.CASCADE, related_name="access"
    )

    class Meta:
        verbose_name_plural = "partner access"
        constraints = [
            models.UniqueConstraint(name="bets_access_once", fields=["partner", "account"]),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} at {self.account_id}"


class ApiKey(models.Model):
    """A partner's key to the API. Only a keyed hash is stored; the prefix tells keys apart."""

    id = Id()
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="api_keys")
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.prefix}…"
