"""Asks a provider for results: what one of them leaves out, and those that did not come.

Outside any transaction. An account that is switched off or suspended is asked as well.
"""

import logging
from collections.abc import Sequence
from typing import cast

from providers import admission, call_log, failures, registry
from providers.contract import Capability, Completes, Incomplete, Polls, Settle
from providers.models import ProviderAccount
from providers.transport import refuse_inside_transaction

logger = logging.getLogger(__name__)


def complete(*, account: ProviderAccount, command: Settle, deadline_s: float) -> Settle:
    """The result with its amounts.

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


def polls(*, account: ProviderAccount) -> bool:
    """Whether the account may be asked for results that did not come."""
    provider = registry.get(account.provider)
    if Capability.POLL not in provider.capabilities:
        return False
    return cast(Polls, provider).polls(account)


def poll(
    *, account: ProviderAccount, references: Sequence[str], deadline_s: float
) -> tuple[Settle, ...]:
    """The results of these bets, as far as there are any by now.

    Raises Incomplete where there is no clear answer, whatever the reason, and RuntimeError inside
    a transaction.
    """
    refuse_inside_transaction()
    provider = cast(Polls, registry.get(account.provider))
    try:
        with admission.following_up():
            found = provider.poll(account, references, deadline_s=deadline_s)
    except Incomplete:
        raise
    except Exception as error:
        logger.exception("asking %s for results failed", account.code)
        call_log.write_unread()
        raise Incomplete(failures.FAULT) from error
    return tuple(each for each in found if each.reference in references)
