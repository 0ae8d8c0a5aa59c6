"""Sessions that a provider would end if nobody used them for a while."""

import logging
from collections.abc import Iterator
from typing import cast

from providers import call_log, leases, registry
from providers.contract import Capability, Deed, Done, Exchange
from providers.models import ProviderAccount
from providers.transport import refuse_inside_transaction

logger = logging.getLogger(__name__)

_DEADLINE_S = 10.0
_LEASE_S = 20.0


def keep_sessions_alive() -> int:
    """Refresh the session of every active account at an exchange; says how many still work.

    An account without a session is left alone: its next call opens one. Nobody else refreshes
    the same one meanwhile. Not inside a transaction.
    """
    refuse_inside_transaction()
    return sum(_kept(account) for account in list(_accounts()))


def _accounts() -> Iterator[ProviderAccount]:
    exchanges = [each.name for each in registry.all() if Capability.EXCHANGE in each.capabilities]
    yield from ProviderAccount.objects.filter(
        provider__in=exchanges, is_active=True, session__isnull=False
    ).order_by("code")


def _kept(account: ProviderAccount) -> bool:
    try:
        with leases.held(name=f"keep_alive:{account.id}", seconds=_LEASE_S, wait_s=0):
            deed = _ask(account)
    except leases.LeaseBusy:
        return False
    if isinstance(deed, Done):
        return True
    logger.warning("the session of %s could not be kept alive: %s", account.code, deed)
    return False


def _ask(account: ProviderAccount) -> Deed | None:
    """A fault of ours at one account does not keep the others from being refreshed."""
    exchange = cast(Exchange, registry.get(account.provider))
    try:
        return exchange.keep_alive(account, deadline_s=_DEADLINE_S)
    except Exception:
        logger.exception("keeping the session of %s alive failed", account.code)
        call_log.write_unread()
        return None
