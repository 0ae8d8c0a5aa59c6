"""The circuit breaker of an account: while its provider is down, calls are not even tried.

It opens after `FAILURES` failures within `WINDOW_S` when more than half of the calls of that time
failed. After `PAUSE_S` one call of all processes is let through; it closes the breaker or opens it
again. The state lies in the database, the failures are counted from the call log, and the
database's clock decides. Nothing is written while calls succeed.
"""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from providers import ids

logger = logging.getLogger(__name__)

FAILURES = 20
WINDOW_S = 30
PAUSE_S = 10
# A call counts when it ends; its key says when it began.
_LONGEST_CALL_S = 150

# The share of failures is taken of the newest calls only, so that a busy account costs no more.
_OPEN = """
WITH counting AS (
    SELECT clock_timestamp() - make_interval(secs => %(window_s)s) AS ended_after,
           coalesce((SELECT closed_at FROM providers_providerhealth WHERE account_id = %(account)s),
                    '-infinity') AS began_after
), failed AS (
    SELECT count(*) AS n
    FROM providers_providercall call, counting
    WHERE call.account_id = %(account)s AND call.id >= %(oldest)s
      AND call.failure IN ('not_sent', 'lost', 'server_error')
      AND call.created_at >= counting.began_after
      AND call.created_at + make_interval(secs => call.duration_ms / 1000.0) >= counting.ended_after
)
INSERT INTO providers_providerhealth AS health (account_id, breaker, opened_at, retry_at)
SELECT %(account)s, 'open', clock_timestamp(),
       clock_timestamp() + make_interval(secs => %(pause_s)s)
FROM failed, counting
WHERE failed.n >= %(failures)s AND 2 * failed.n > (
    SELECT count(*) FROM (
        SELECT FROM providers_providercall call
        WHERE call.account_id = %(account)s AND call.id >= %(oldest)s
          AND call.duration_ms IS NOT NULL AND call.failure <> 'withheld'
          AND call.created_at >= counting.began_after
          AND call.created_at + make_interval(secs => call.duration_ms / 1000.0)
              >= counting.ended_after
        ORDER BY call.id DESC LIMIT 2 * failed.n
    ) AS newest
)
ON CONFLICT (account_id) DO UPDATE
SET breaker = 'open', opened_at = excluded.opened_at, retry_at = excluded.retry_at
WHERE health.breaker = 'closed'
"""
_TAKE_TRIAL = """
UPDATE providers_providerhealth
SET breaker = 'half_open', trial_until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE account_id = %(account)s AND (
    (breaker = 'open' AND retry_at <= clock_timestamp())
    OR (breaker = 'half_open' AND trial_until <= clock_timestamp())
)
"""
_CLOSE = """
UPDATE providers_providerhealth
SET breaker = 'closed', closed_at = clock_timestamp(), opened_at = NULL, retry_at = NULL,
    trial_until = NULL
WHERE account_id = %(account)s AND breaker <> 'closed'
"""
_REOPEN = """
UPDATE providers_providerhealth
SET breaker = 'open', retry_at = clock_timestamp() + make_interval(secs => %(pause_s)s),
    trial_until = NULL
WHERE account_id = %(account)s AND breaker = 'half_open'
"""


def count_failure(*, account_id: UUID) -> bool:
    """A call just failed and is in the log. Whether that has opened the breaker."""
    oldest = timezone.now() - timedelta(seconds=WINDOW_S + _LONGEST_CALL_S)
    values = {
        "account": account_id,
        "oldest": ids.first_at(oldest),
        "failures": FAILURES,
        "window_s": WINDOW_S,
        "pause_s": PAUSE_S,
    }
    opened = _changed(_OPEN, values)
    if opened:
        logger.warning("circuit of provider account %s opened", account_id)
    return opened


def take_trial(*, account_id: UUID, seconds: float) -> bool:
    """Whether the caller's is the one call that is let through. It has to end within `seconds`."""
    return _changed(_TAKE_TRIAL, {"account": account_id, "seconds": seconds})


def close(*, account_id: UUID) -> bool:
    """The provider answers again: earlier failures count no more."""
    closed = _changed(_CLOSE, {"account": account_id})
    if closed:
        logger.warning("circuit of provider account %s closed", account_id)
    return closed


def reopen(*, account_id: UUID) -> bool:
    """The trial call failed: another pause."""
    return _changed(_REOPEN, {"account": account_id, "pause_s": PAUSE_S})


def _changed(statement: str, values: dict[str, Any]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return bool(cursor.rowcount)
