"""Logins at providers, shared by all processes and never done by two of them at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from providers import encryption, leases
from providers.models import ProviderSession

_LEASE_MARGIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Session:
    """An open session; `version` tells it from the one that follows."""

    version: int
    cookies: Mapping[str, str] = field(repr=False)


def current(*, account_id: UUID) -> Session | None:
    """The session that is stored, if any. Whether it still works, only the provider knows."""
    stored = ProviderSession.objects.filter(account_id=account_id).first()
    if stored is None:
        return None
    return Session(stored.version, encryption.decrypt_mapping(stored.cookies))


def renew(
    *,
    account_id: UUID,
    stale: Session | None,
    log_in: Callable[[], Mapping[str, str]],
    wait_s: float,
) -> Session:
    """A session newer than `stale`: the one that somebody else opened meanwhile, or our own.

    `log_in` returns the cookies; what it raises passes through. It has to end within `wait_s`.
    Raises `leases.LeaseBusy` when another process is logging in for longer than `wait_s`.
    """
    with leases.held(name=f"login:{account_id}", seconds=wait_s + _LEASE_MARGIN_S, wait_s=wait_s):
        found = current(account_id=account_id)
        if found is not None and (stale is None or found.version != stale.version):
            return found
        return _store(account_id, log_in())


def _store(account_id: UUID, cookies: Mapping[str, str]) -> Session:
    stored = encryption.encrypt_mapping(cookies)
    now = timezone.now()
    changed = ProviderSession.objects.filter(account_id=account_id).update(
        cookies=stored, version=F("version") + 1, obtained_at=now
    )
    if not changed:
        ProviderSession.objects.create(account_id=account_id, cookies=stored, obtained_at=now)
    version = ProviderSession.objects.values_list("version", flat=True).get(account_id=account_id)
    return Session(version, dict(cookies))
