"""Which fields and values of a provider's messages the contract does not know.

Each is counted per account and place, and shown to staff until one of them has seen it.
"""

import logging
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from providers import durability
from providers.models import DetailKind, SeenDetail
from providers.redaction import redact

logger = logging.getLogger(__name__)

# What a provider sends decides how many rows there are, so both numbers have an end.
MOST_AT_ONCE = 50
MOST_PER_ACCOUNT = 1_000
_LONGEST_NAME = 200
_LONGEST_PLACE = 100

_COUNT = """
WITH told AS (
    SELECT kind, name FROM unnest(%(kinds)s::text[], %(names)s::text[]) AS told (kind, name)
), lined_up AS (
    SELECT told.kind, told.name, seen.id IS NOT NULL AS known,
           row_number() OVER (PARTITION BY seen.id IS NULL ORDER BY told.kind, told.name) AS line
    FROM told LEFT JOIN providers_seendetail seen
      ON seen.account_id = %(account)s AND seen.place = %(place)s
     AND seen.kind = told.kind AND seen.name = told.name
)
INSERT INTO providers_seendetail (account_id, place, kind, name)
SELECT %(account)s, %(place)s, lined_up.kind, lined_up.name
FROM lined_up, set_config(
    'synchronous_commit', coalesce(%(durability)s, current_setting('synchronous_commit')), true
)
WHERE lined_up.known OR lined_up.line + (
    SELECT count(*) FROM providers_seendetail WHERE account_id = %(account)s
) <= %(most)s
ORDER BY lined_up.kind, lined_up.name
ON CONFLICT (account_id, place, kind, name) DO UPDATE
SET count = providers_seendetail.count + 1, last_seen = clock_timestamp()
"""


def note(
    *, account_id: UUID, place: str, fields: Sequence[str] = (), values: Sequence[str] = ()
) -> None:
    """Count what was seen at `place`, an operation or an inbound path of this account.

    Each name counts once a message, and at most `MOST_AT_ONCE` of them. Inside a transaction it
    waits for the commit: one row is shared by all messages with the same detail, and must not be
    locked for as long as a bet is. Never raises.
    """
    details = [
        *((DetailKind.FIELD.value, name) for name in _clean(fields)),
        *((DetailKind.VALUE.value, name) for name in _clean(values)),
    ][:MOST_AT_ONCE]
    if not details:
        return
    count = partial(_count, account_id, redact(_printable(place))[:_LONGEST_PLACE], details)
    if _inside_transaction():
        transaction.on_commit(count)
    else:
        count()


def acknowledge(*, details: Iterable[SeenDetail], by: str, now: datetime) -> int:
    """Somebody has seen them: they are not new any more. Returns how many were."""
    return SeenDetail.objects.filter(
        pk__in=[detail.pk for detail in details], acknowledged_at=None
    ).update(acknowledged_at=now, acknowledged_by=by)


def _clean(names: Iterable[str]) -> list[str]:
    """Printable, without personal data, of a length that a page can show, each once."""
    cleaned = {_printable(name) for name in names}
    return sorted({redact(name)[:_LONGEST_NAME] for name in cleaned if name})


def _printable(name: str) -> str:
    """A text column refuses NUL characters and halves of characters; a page shows no others."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in str(name)[:1000]).strip()


def _inside_transaction() -> bool:
    """The transaction around a whole test is none."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def _savepoint_if_inside() -> AbstractContextManager[None]:
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def _count(account_id: UUID, place: str, details: list[tuple[str, str]]) -> None:
    values: dict[str, Any] = {
        "account": account_id,
        "place": place,
        "kinds": [kind for kind, _ in details],
        "names": [name for _, name in details],
        "most": MOST_PER_ACCOUNT,
        "durability": durability.relaxed(),
    }
    try:
        with _savepoint_if_inside(), connection.cursor() as cursor:
            cursor.execute(_COUNT, values)
    except Exception:
        # What is only counted must not stop what is being done.
        logger.exception("what was new at %s could not be counted", place)
