"""How many calls an account may make: a token bucket, and the provider's own word.

The bucket is one row, shared by all processes, and a token is taken by one statement. Who comes
when it is empty is told how long to wait for a token of its own, so that waiting calls go in
turn and ask only once. The database's clock decides.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from email.utils import parsedate_to_datetime
from uuid import UUID

from django.db import connection

from providers import durability
from providers.contract import AccountView
from providers.statements import Statement

LONGEST_THROTTLE_S = 300.0
# What a 429 means that names no time.
SHORTEST_THROTTLE_S = 1.0

# A bucket of `burst` tokens that is full again at F has burst - (F - now) * rate of them.
_TAKE = Statement(
    """
INSERT INTO providers_ratebucket AS bucket (account_id, full_at)
SELECT $1::uuid, clock_timestamp() + make_interval(secs => $2::float8)
FROM set_config('synchronous_commit', coalesce($5, current_setting('synchronous_commit')), true)
ON CONFLICT (account_id) DO UPDATE
SET full_at = greatest(bucket.full_at, clock_timestamp()) + make_interval(secs => $2::float8)
WHERE greatest(bucket.full_at, clock_timestamp()) + make_interval(secs => $2::float8)
    <= clock_timestamp() + make_interval(secs => $3::float8 + $4::float8)
RETURNING (extract(epoch FROM full_at - clock_timestamp()) - $3::float8)::text
"""
)
_THROTTLE = """
INSERT INTO providers_providerhealth AS health (account_id, throttled_until)
VALUES (%(account)s, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (account_id) DO UPDATE
SET throttled_until = greatest(health.throttled_until, excluded.throttled_until)
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls a second, and so many at once after a pause."""

    per_s: Decimal
    burst: int


def of(account: AccountView) -> Rate | None:
    """The account's limit, `None` if it has none. A burst is a second's worth by default."""
    per_s = account.setting("rate_per_s")
    if not per_s:
        return None
    burst = account.setting("rate_burst")
    rate = Decimal(per_s)
    return Rate(rate, int(burst) if burst else int(rate.to_integral_value(ROUND_CEILING)))


def take(*, account_id: UUID, rate: Rate, patience_s: float) -> float | None:
    """Take a token and say after how many seconds it may be used; none is taken beyond patience."""
    token_s = 1 / rate.per_s
    bucket_s, patience_s = token_s * rate.burst, max(patience_s, 0)
    row = _TAKE.first_row(account_id, token_s, bucket_s, patience_s, durability.relaxed())
    return None if row is None else max(float(row[0] or 0), 0.0)


def throttle(*, account_id: UUID, seconds: float) -> None:
    """The provider asked for a pause: no call of any process goes before it is over."""
    with connection.cursor() as cursor:
        cursor.execute(_THROTTLE, {"account": account_id, "seconds": seconds})


def retry_after_s(header: str | None, *, now: datetime) -> float | None:
    """A `Retry-After` header, seconds or a date, within the limits; `None` for anything else."""
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    else:
        try:
            seconds = (parsedate_to_datetime(text) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_THROTTLE_S)
