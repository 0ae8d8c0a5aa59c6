"""Limit multipliers of players at providers: every change is kept, the newest is what holds."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from bets.models import ErrandState, LimitChange, Player
from bets.services.players import errands
from providers import services as providers
from providers.contract import Capability, Deed
from providers.models import ProviderAccount

JOB = "bets.jobs.send_limits"
HIGHEST = Decimal(10)
DECIMALS = 2


class LimitsNotSupported(Exception):
    """The account's provider has no limit multipliers."""


class LimitsOutOfRange(Exception):
    """A multiplier is not from 0 to 10 with at most two decimals."""


def change(
    *,
    player: Player,
    account: ProviderAccount,
    prematch: Decimal,
    live: Decimal,
    reason: str,
    actor: str,
    now: datetime,
) -> LimitChange:
    """Queue new multipliers; older ones that were not sent yet never are.

    Raises LimitsNotSupported or LimitsOutOfRange.
    """
    if not providers.can(account=account, capability=Capability.LIMITS):
        raise LimitsNotSupported(f"{account.code} has no limit multipliers.")
    for multiplier in (prematch, live):
        if not _is_multiplier(multiplier):
            raise LimitsOutOfRange(f"{multiplier} is not from 0 to {HIGHEST} with two decimals.")
    with transaction.atomic():
        # Changes of one player are queued one after the other, so that the newest is the last.
        Player.objects.select_for_update(no_key=True).get(pk=player.pk)
        of_player(player=player).filter(account=account, state=ErrandState.QUEUED).update(
            state=ErrandState.SUPERSEDED, next_attempt_at=None
        )
        queued = LimitChange.objects.create(
            player=player,
            account=account,
            prematch=prematch,
            live=live,
            reason=reason,
            actor=actor,
            requested_at=now,
            next_attempt_at=now,
        )
    errands.wake(job=JOB)
    return queued


def _is_multiplier(number: Decimal) -> bool:
    if not number.is_finite() or not 0 <= number <= HIGHEST:
        return False
    return number == round(number, DECIMALS)


def of_player(*, player: Player) -> QuerySet[LimitChange]:
    """A player's changes, newest first."""
    return LimitChange.objects.filter(player=player).select_related("account").order_by("-id")


def current(*, player: Player) -> list[LimitChange]:
    """The newest change of a player at each account."""
    newest = LimitChange.objects.filter(player=player).order_by("account_id", "-id")
    rows = newest.distinct("account_id").select_related("account")
    return sorted(rows, key=lambda row: row.account.code)


def send_due(*, now: datetime) -> int:
    """Send what is queued, and again what got no clear answer; returns how many."""
    return errands.drain(model=LimitChange, job=JOB, send=_send, now=now)


def _send(row: LimitChange) -> Deed:
    return providers.set_limits(
        account=row.account,
        player=errands.profile(player=row.player, account=row.account),
        prematch=row.prematch,
        live=row.live,
        reason=row.reason,
        deadline_s=errands.CALL_S,
    )
