"""Asks a provider for what one of its results leaves out, outside any transaction."""

import logging
from typing import cast

from providers import admission, call_log, failures, registry
from providers.contract import Capability, Completes, Incomplete, Settle
from providers.models import ProviderAccount
from providers.transport import refuse_inside_transaction

logger = logging.getLogger(__name__)


def complete(*, account: ProviderAccount, command: Settle, deadline_s: float) -> Settle:
    """The result with its amounts. An account that is switched off or suspended is asked as well.

    Raises Incomplete where there is no clear answer now, whatever the reason, and RuntimeError
    inside a transaction.
    """
    refuse_inside_transaction()
    provider = registry.get(account.provider)
    if Capability.COMPLETE not in provider.capabilities:
        raise Incomplete(f"{provider.title} cannot be asked for what a result leaves out")
    try:
        with admission.following_up():
            found = cast(Completes, provider).complete(account, command, deadline_s=deadline_s)
    except Incomplete:
        raise
    except Exception as error:
        logger.exception("asking %s about bet %s failed", account.code, command.reference)
        call_log.write_unread()
        raise Incomplete(failures.FAULT) from error
    if found.incomplete:
        raise Incomplete(f"{provider.title} did not tell what bet {command.reference} pays")
    return found
