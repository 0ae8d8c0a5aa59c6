"""Logins at providers, shared by all processes and never done by two of them at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from providers import encryption, leases
from providers.models import ProviderSession

_LEASE_MARGIN_S = 5.0
_EXPIRY_MARGIN = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Session:
    """An open session; `version` tells it from the one that follows."""

    version: int
    cookies: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a login gave: its secrets, and for how many seconds they work, if it said so."""

    cookies: Mapping[str, str] = field(repr=False)
    lifetime_s: float | None = None


def current(*, account_id: UUID) -> Session | None:
    """The session that is stored and not about to expire, if any.

    Whether it still works, only the provider knows.
    """
    stored = ProviderSession.objects.filter(account_id=account_id).first()
    if stored is None:
        return None
    if stored.expires_at and stored.expires_at < timezone.now() + _margin(stored):
        return None
    return Session(stored.version, encryption.decrypt_mapping(stored.cookies))


def _margin(stored: ProviderSession) -> timedelta:
    """How long before its end a session is renewed: a short one is to be used all the same."""
    if stored.expires_at is None:
        return _EXPIRY_MARGIN
    return min(_EXPIRY_MARGIN, (stored.expires_at - stored.obtained_at) / 4)


def renew(
    *,
    account_id: UUID,
    stale: Session | None,
    log_in: Callable[[], Opened],
    wait_s: float,
) -> Session:
    """A session newer than `stale`: the one that somebody else opened meanwhile, or our own.

    What `log_in` raises passes through. It has to end within `wait_s`.
    Raises `leases.LeaseBusy` when another process is logging in for longer than `wait_s`.
    """
    with leases.held(name=f"login:{account_id}", seconds=wait_s + _LEASE_MARGIN_S, wait_s=wait_s):
        found = current(account_id=account_id)
        if found is not None and (stale is None or found.version != stale.version):
            return found
        return _store(account_id, log_in())


def note_kept_alive(*, account_id: UUID, version: int) -> None:
    """The provider has just said that this session still works."""
    ProviderSession.objects.filter(account_id=account_id, version=version).update(
        kept_alive_at=timezone.now()
    )


def drop(*, account_id: UUID, version: int) -> None:
    """Forget a session that was ended, unless another has taken its place."""
    ProviderSession.objects.filter(account_id=account_id, version=version).delete()


def _store(account_id: UUID, opened: Opened) -> Session:
    stored = encryption.encrypt_mapping(opened.cookies)
    now = timezone.now()
    lifetime = None if opened.lifetime_s is None else timedelta(seconds=opened.lifetime_s)
    expires_at = None if lifetime is None else now + lifetime
    changed = ProviderSession.objects.filter(account_id=account_id).update(
        cookies=stored,
        version=F("version") + 1,
        obtained_at=now,
        kept_alive_at=None,
        expires_at=expires_at,
    )
    if not changed:
        ProviderSession.objects.create(
            account_id=account_id, cookies=stored, obtained_at=now, expires_at=expires_at
        )
    version = ProviderSession.objects.values_list("version", flat=True).get(account_id=account_id)
    return Session(version, dict(opened.cookies))
