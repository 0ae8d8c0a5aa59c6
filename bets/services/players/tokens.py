"""Short-lived tokens that stand for a player towards a provider's server (superbet's PAM)."""

import secrets
from datetime import datetime, timedelta

from bets.models import Player, PlayerToken
from providers.encryption import keyed_hash
from providers.models import ProviderAccount

LIFETIME = timedelta(minutes=15)
_BYTES = 32
_LONGEST = 100
_PRUNE_BATCH = 5_000


def issue(*, player: Player, account: ProviderAccount, now: datetime) -> str:
    """A new token of 43 characters, good for 15 minutes and this account only.

    Former ones stay in force. It cannot be read again.
    """
    token = secrets.token_urlsafe(_BYTES)
    PlayerToken.objects.create(
        player=player, account=account, digest=keyed_hash(token), expires_at=now + LIFETIME
    )
    return token


def resolve(*, account: ProviderAccount, token: str, now: datetime) -> Player | None:
    """The player whom a token of this account stands for; `None` once it has expired."""
    if not 0 < len(token) <= _LONGEST:
        return None
    found = (
        PlayerToken.objects.select_related("player")
        .filter(digest=keyed_hash(token), account=account, expires_at__gt=now)
        .first()
    )
    return found.player if found else None


def prune(*, now: datetime, batch: int = _PRUNE_BATCH) -> int:
    """Delete at most `batch` expired tokens, oldest first; returns how many."""
    expired = PlayerToken.objects.filter(expires_at__lte=now).order_by("expires_at")
    deleted, _ = PlayerToken.objects.filter(
        pk__in=list(expired.values_list("pk", flat=True)[:batch])
    ).delete()
    return deleted
