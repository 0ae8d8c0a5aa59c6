"""Partners: their API keys, the provider accounts they may use, their players' names there."""

import hmac
import re
import secrets
from datetime import datetime

from django.db import IntegrityError, transaction

from bets.models import ApiKey, Partner, PartnerAccess, Player, ProviderIdentity
from providers.encryption import keyed_hash
from providers.models import ProviderAccount

_PREFIX_BYTES = 5
_SECRET_BYTES = 32
_FORM = re.compile(r"sd_([0-9a-f]{10})_[A-Za-z0-9_-]{43}")


class PartnerExists(Exception):
    """There is a partner with this code."""


class IdentityTaken(Exception):
    """Another player goes by this name at the provider account."""


def create_partner(*, code: str, name: str) -> Partner:
    """Create an active partner. Raises PartnerExists."""
    try:
        with transaction.atomic():
            return Partner.objects.create(code=code, name=name)
    except IntegrityError:
        raise PartnerExists(code) from None


# --- API keys -----------------------------------------------------------------------------------


def issue_api_key(*, partner: Partner, name: str) -> str:
    """Create a key `sd_<prefix>_<secret>` and return it. It cannot be read again."""
    prefix = secrets.token_hex(_PREFIX_BYTES)
    key = f"sd_{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    ApiKey.objects.create(partner=partner, prefix=prefix, digest=_digest(key), name=name)
    return key


def revoke_api_key(*, key: ApiKey, now: datetime) -> None:
    """End a key at once. Revoking it again keeps the first time."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)


def authenticate(*, key: str) -> ApiKey | None:
    """The key's row with its partner, `None` unless both are in force. One query."""
    form = _FORM.fullmatch(key)
    if form is None:
        return None
    found = (
        ApiKey.objects.select_related("partner")
        .filter(prefix=form[1], revoked_at=None, partner__is_active=True)
        .first()
    )
    if found is None or not hmac.compare_digest(found.digest, _digest(key)):
        return None
    return found


def _digest(key: str) -> str:
    return keyed_hash(key).hex()


# --- access and identities ----------------------------------------------------------------------


def grant_access(*, partner: Partner, account: ProviderAccount) -> None:
    """Let a partner place bets on a provider account. Granting it again does nothing."""
    PartnerAccess.objects.get_or_create(partner=partner, account=account)


def revoke_access(*, partner: Partner, account: ProviderAccount) -> None:
    """Stop a partner from placing bets on a provider account. Open coupons go on."""
    PartnerAccess.objects.filter(partner=partner, account=account).delete()


def set_identity(*, player: Player, account: ProviderAccount, uid: str) -> ProviderIdentity:
    """Name the player at a provider account, instead of the external id. Raises IdentityTaken."""
    try:
        with transaction.atomic():
            identity, _ = ProviderIdentity.objects.update_or_create(
                player=player, account=account, defaults={"uid": uid}
            )
    except IntegrityError:
        raise IdentityTaken(uid) from None
    return identity
