"""The staff queue: who looks after a flag, and how it was resolved."""

from datetime import datetime
from typing import Any

from django.db import transaction

from bets.models import Flag


class FlagResolved(Exception):
    """Somebody has resolved the flag already."""


class SomebodyElseHasTo(Exception):
    """The flag is about what this member did: another pair of eyes resolves it."""


@transaction.atomic
def take(*, flag: Flag, user: Any) -> Flag:
    """Make a member of staff the owner of an open flag. Raises FlagResolved."""
    locked = _open(flag)
    locked.owner = user
    locked.save(update_fields=["owner"])
    return locked


@transaction.atomic
def resolve(*, flag: Flag, user: Any, note: str, now: datetime) -> Flag:
    """Close an open flag with a note on what was found.

    Raises FlagResolved, and SomebodyElseHasTo for who caused it.
    """
    locked = _open(flag)
    if locked.caused_by_id is not None and locked.caused_by_id == user.pk:
        raise SomebodyElseHasTo
    locked.resolved_at, locked.resolved_by, locked.resolution = now, user, note
    locked.save(update_fields=["resolved_at", "resolved_by", "resolution"])
    return locked


def _open(flag: Flag) -> Flag:
    locked = Flag.objects.select_for_update(no_key=True).get(pk=flag.pk)
    if locked.resolved_at is not None:
        raise FlagResolved
    return locked
