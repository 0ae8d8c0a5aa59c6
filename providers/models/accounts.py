"""Accounts at providers, their sessions and callback tokens, and leases.

Secrets are stored encrypted and have no readable attribute; nothing here prints them.
"""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from providers import encryption, registry


class ProviderAccount(models.Model):
    """The operator's account with a provider. It satisfies `contract.AccountView`.

    An account that is not active places nothing; results of its open coupons still come in.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.SlugField(max_length=50, unique=True)
    provider = models.CharField(max_length=32)
    base_url = models.CharField(max_length=500, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    secrets = models.BinaryField(default=bytes, editable=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("code",)
        permissions = (
            ("test_connection", "Can test an account's connection"),
            ("suspend_provideraccount", "Can suspend and resume the calls of an account"),
            ("rotate_callback_token", "Can see, rotate and revoke callback tokens"),
        )
        constraints = (
            models.CheckConstraint(
                name="provider_account_code_given", condition=~Q(code="") & ~Q(provider="")
            ),
        )

    def __str__(self) -> str:
        return self.code

    def setting(self, name: str) -> str:
        """The value, or the declared default. Raises `KeyError` for an undeclared name."""
        declared = registry.declared_setting(self.provider, name)
        return str(self.settings.get(name, declared.default))

    def secret(self, name: str) -> str:
        """The decrypted secret, empty if there is none. Raises `encryption.CannotDecrypt`."""
        return encryption.decrypt_mapping(self.secrets).get(name, "")

    def secret_values(self) -> tuple[str, ...]:
        """Every decrypted secret, for taking them out of what is logged."""
        return tuple(encryption.decrypt_mapping(self.secrets).values())

    def secret_names(self) -> tuple[str, ...]:
        """Which secrets are set."""
        return tuple(sorted(encryption.decrypt_mapping(self.secrets)))


class CallbackToken(models.Model):
    """The secret in the path of an account's callback address.

    A retired token has been replaced and still works; a revoked one does not.
    """

    account = models.ForeignKey(
        ProviderAccount, on_delete=models.CASCADE, related_name="callback_tokens"
    )
    token = models.BinaryField(editable=False)
    token_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                name="callback_token_one_current",
                fields=("account",),
                condition=Q(retired_at=None, revoked_at=None),
            ),
        )

    def __str__(self) -> str:
        return f"callback token {self.pk}"


class ProviderSession(models.Model):
    """A login at a provider, shared by all processes. `version` counts the logins."""

    account = models.OneToOneField(
        ProviderAccount, on_delete=models.CASCADE, primary_key=True, related_name="session"
    )
    cookies = models.BinaryField(editable=False)
    version = models.PositiveIntegerField(default=1)
    obtained_at = models.DateTimeField()
    kept_alive_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"session {self.version} of {self.account_id}"


class Lease(models.Model):
    """Exclusive work across processes, until it is released or expires."""

    name = models.CharField(primary_key=True, max_length=200)
    owner = models.CharField(max_length=100)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
