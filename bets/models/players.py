from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bets.models.fields import Id
from bets.models.partners import Partner


class PlayerStatus(models.TextChoices):
    ACTIVE = "active", "active"
    BLOCKED = "blocked", "blocked"
    SELF_EXCLUDED = "self_excluded", "self-excluded"
    CLOSED = "closed", "closed"


class Player(models.Model):
    """A person who bets, in one currency, for one partner."""

    id = Id()
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="players")
    external_id = models.CharField(max_length=64)
    username = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    status = models.CharField(
        max_length=13, choices=PlayerStatus.choices, default=PlayerStatus.ACTIVE
    )
    wallet = models.OneToOneField("wallets.Wallet", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        permissions = [
            ("see_personal_data", "Can see players' names and what names them"),
            ("change_player_status", "Can block, exclude and readmit players"),
            ("write_off_debt", "Can write off a player's debt"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="bets_player_external_id", fields=["partner", "external_id"]
            ),
            models.CheckConstraint(
                name="bets_player_status", condition=Q(status__in=PlayerStatus.values)
            ),
            models.CheckConstraint(
                name="bets_player_named", condition=~Q(external_id="") & ~Q(username="")
            ),
        ]
        indexes = [
            models.Index(name="bets_player_by_external_id", fields=["external_id"]),
            models.Index(name="bets_player_by_username", fields=["username"]),
        ]

    def __str__(self) -> str:
        return self.username


class ProviderIdentity(models.Model):
    """The name by which a provider account knows a player."""

    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="identities")
    account = models.ForeignKey(
        "providers.ProviderAccount", on_delete=models.PROTECT, related_name="identities"
    )
    uid = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "provider identities"
        constraints = [
            models.UniqueConstraint(name="bets_identity_uid", fields=["account", "uid"]),
            models.UniqueConstraint(name="bets_identity_player", fields=["account", "player"]),
            models.CheckConstraint(name="bets_identity_named", condition=~Q(uid="")),
        ]

    def __str__(self) -> str:
        return self.uid
