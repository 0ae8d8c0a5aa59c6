from django.db import models
from django.db.models.functions import Now

from bets.models.fields import Id
from bets.models.players import Player


class PlayerToken(models.Model):
    """A short-lived token by which a provider's server asks us who a player is.

    Only a keyed hash is stored. Several tokens of one player may be in force at once.
    """

    id = Id()
    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="tokens")
    account = models.ForeignKey(
        "providers.ProviderAccount", on_delete=models.CASCADE, related_name="+"
    )
    digest = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(name="bets_token_to_prune", fields=["expires_at"])]

    def __str__(self) -> str:
        return f"token until {self.expires_at:%Y-%m-%d %H:%M:%S}"
