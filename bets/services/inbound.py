"""Carries out what a provider's request asks for. The one entrance of the inbox to the domain."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from bets.services import debits, results
from bets.services.batch import Cause
from bets.services.results import Report
from providers.contract import Command, Debit, Outcome
from providers.models import ProviderAccount


def carry_out(
    *,
    account: ProviderAccount,
    commands: Sequence[Command],
    delivery_id: UUID,
    now: datetime,
    received_at: datetime | None = None,
) -> list[Outcome]:
    """Do what the commands say and report the effect of each, in their order.

    Debits are taken all or none. Other commands do not depend on one another. What cannot be
    done is an outcome, not an exception. The caller's transaction holds everything.
    `received_at` is when the request came, if it was not just now.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("commands are carried out inside a transaction")
    cause = Cause(
        actor=f"provider:{account.code}",
        now=now,
        delivery_id=delivery_id,
        received_at=received_at or now,
    )
    taken = [command for command in commands if isinstance(command, Debit)]
    reports = [command for command in commands if isinstance(command, Report)]
    of_debits = iter(debits.take(account=account, debits=taken, cause=cause))
    of_reports = iter(results.apply(account=account, reports=reports, cause=cause))
    return [next(of_debits if isinstance(command, Debit) else of_reports) for command in commands]
