"""Makes players known to providers that want to know them before they bet."""

from datetime import datetime

from django.db import transaction

from bets.models import ErrandState, Player, Registration
from bets.services.players import errands
from providers import services as providers
from providers.contract import Capability, Deed
from providers.models import ProviderAccount

JOB = "bets.jobs.send_registrations"


class RegistrationNotSupported(Exception):
    """The account's provider registers no players."""


def register(
    *, player: Player, account: ProviderAccount, reason: str, actor: str, now: datetime
) -> Registration:
    """Queue a player's registration, once: whoever asks again gets the one there is.

    One that failed is queued again. Raises RegistrationNotSupported.
    """
    if not providers.can(account=account, capability=Capability.REGISTER):
        raise RegistrationNotSupported(f"{account.code} registers no players.")
    asked = {"reason": reason, "actor": actor, "requested_at": now, "next_attempt_at": now}
    with transaction.atomic():
        row, created = Registration.objects.select_for_update(no_key=True).get_or_create(
            player=player, account=account, defaults=asked
        )
        if not created and row.state == ErrandState.FAILED:
            _queue_again(row, asked)
            created = True
    if created:
        errands.wake(job=JOB)
    return row


def of_player(*, player: Player, account: ProviderAccount | None = None) -> list[Registration]:
    """A player's registrations by the account's code, or the one at an account."""
    rows = Registration.objects.filter(player=player).select_related("account")
    if account is not None:
        rows = rows.filter(account=account)
    return list(rows.order_by("account__code"))


def send_due(*, now: datetime) -> int:
    """Send what is queued, and again what got no clear answer; returns how many."""
    return errands.drain(model=Registration, job=JOB, send=_send, now=now)


def _queue_again(row: Registration, asked: dict[str, object]) -> None:
    for name, value in asked.items():
        setattr(row, name, value)
    row.state, row.error, row.attempts = ErrandState.QUEUED, "", 0
    row.sent_at = row.answered_at = None
    row.save()


def _send(row: Registration) -> Deed:
    return providers.register(
        account=row.account,
        player=errands.profile(player=row.player, account=row.account),
        reason=row.reason,
        deadline_s=errands.CALL_S,
    )
