"""Carries out what a provider's request asks for. The one entrance of the inbox to the domain."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from bets.services.coupon import results
from bets.services.coupon.batch import Cause
from bets.services.coupon.results import Report
from bets.services.inbound import debits, questions
from bets.services.inbound.wallet import moves as wallet_moves
from providers.contract import (
    Command,
    Debit,
    MoveKind,
    Outcome,
    Question,
    Reserve,
    Settle,
    Unfamiliar,
    WalletMove,
)
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
    done is an outcome, not an exception. The caller's transaction holds everything, and the
    caller has asked the provider for what a result leaves out (`Settle.incomplete`).
    `received_at` is when the request came, if it was not just now.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("commands are carried out inside a transaction")
    if any(is_incomplete(command) for command in commands):
        raise RuntimeError("a result without its amounts is completed first")
    cause = Cause(
        actor=f"provider:{account.code}",
        now=now,
        delivery_id=delivery_id,
        received_at=received_at or now,
    )
    taken = [command for command in commands if isinstance(command, Debit)]
    reports = [command for command in commands if isinstance(command, Report)]
    moves = [command for command in commands if isinstance(command, WalletMove)]
    of_debits = iter(debits.take(account=account, debits=taken, cause=cause))
    of_reports = iter(results.apply(account=account, reports=reports, cause=cause))
    of_moves = iter(wallet_moves.carry_out(account=account, moves=moves, cause=cause))

    def outcome(command: Command) -> Outcome:
        if isinstance(command, Debit):
            return next(of_debits)
        if isinstance(command, WalletMove):
            return next(of_moves)
        if isinstance(command, Question | Reserve | Unfamiliar):
            return _answer(account, command, cause)
        return next(of_reports)

    return [outcome(command) for command in commands]


def is_incomplete(command: Command) -> bool:
    """Whether the provider has to be asked before the command can be carried out."""
    return isinstance(command, Settle) and command.incomplete


def is_question(command: Command) -> bool:
    """Whether the command changes nothing, so that nothing is lost if it is not carried out."""
    return isinstance(command, Question | Reserve)


def takes_stake(command: Command) -> bool:
    """Whether the command takes a stake, which may not be done late: the vendor has given up."""
    if isinstance(command, WalletMove):
        return command.kind is MoveKind.STAKE
    return isinstance(command, Debit)


def _answer(
    account: ProviderAccount, command: Question | Reserve | Unfamiliar, cause: Cause
) -> Outcome:
    if isinstance(command, Reserve):
        return questions.reserve(account=account, asked=command)
    if isinstance(command, Unfamiliar):
        return questions.note_unfamiliar(account=account, message=command, cause=cause)
    return questions.answer(account=account, question=command, cause=cause)
