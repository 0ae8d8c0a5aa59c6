"""How an account stands with its provider, in words that staff can act on.

The state is computed from the stored facts and the newest calls; nothing has to be kept up to
date for it while all is well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from providers import admission, ids
from providers.models import Breaker, ProviderAccount, ProviderCall, ProviderHealth
from providers.models.calls import COUNTED_FAILURES
from providers.redaction import redact

RECENT = timedelta(minutes=15)
_MOST_CALLS = 200
_LONGEST_TEXT = 500
# Less than this is bad luck, not a provider in trouble.
_FEW_FAILURES = 3
_SMALL_SHARE = 5


class State(StrEnum):
    """What staff have to know first: the first that is true, from the bottom up."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    CREDENTIALS_REFUSED = "credentials refused"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`failed` of the newest `calls` brought nothing; `why` is a sentence for staff."""

    state: State
    since: datetime | None
    why: str
    facts: ProviderHealth | None
    calls: int
    failed: int


class AlreadySuspended(Exception):
    """Somebody was faster."""


# --- for staff ----------------------------------------------------------------------------------


def of(*, account_id: UUID, now: datetime) -> Health:
    """The health of one account. Two queries."""
    facts = ProviderHealth.objects.filter(account_id=account_id).first()
    calls, failures = _recent([account_id], now).get(account_id, _NO_CALLS)
    state, since, why = _state(facts, now, calls=calls, failures=failures)
    return Health(state=state, since=since, why=why, facts=facts, calls=calls, failed=len(failures))


def states(*, accounts: Sequence[ProviderAccount], now: datetime) -> Mapping[UUID, State]:
    """The state of each as `of` tells it. One query if `health` was selected along."""
    recent = _recent([account.pk for account in accounts], now)
    found = {}
    for account in accounts:
        calls, failures = recent.get(account.pk, _NO_CALLS)
        facts = getattr(account, "health", None)
        found[account.pk] = _state(facts, now, calls=calls, failures=failures)[0]
    return found


def last_failure(*, account_id: UUID) -> ProviderCall | None:
    """The newest call that brought nothing, however old it is."""
    return (
        ProviderCall.objects.filter(account_id=account_id, failure__in=COUNTED_FAILURES)
        .order_by("-id")
        .first()
    )


def suspend(*, account_id: UUID, by: str, reason: str, now: datetime, wholly: bool = False) -> None:
    """Hold back the calls of the account, in all processes within a second.

    Callbacks still come in. Questions about open business still go out, unless it is suspended
    `wholly`. Raises `AlreadySuspended`.
    """
    health, _ = ProviderHealth.objects.get_or_create(account_id=account_id)
    changed = ProviderHealth.objects.filter(pk=health.pk, suspended_at=None).update(
        suspended_at=now,
        suspended_by=by[:200],
        suspended_reason=reason[:_LONGEST_TEXT],
        suspended_wholly=wholly,
    )
    if not changed:
        raise AlreadySuspended


def resume(*, account_id: UUID) -> bool:
    """Let calls go again. False if the account was not suspended."""
    changed = ProviderHealth.objects.filter(
        account_id=account_id, suspended_at__isnull=False
    ).update(suspended_at=None, suspended_by="", suspended_reason="", suspended_wholly=False)
    admission.forget(account_id)
    return bool(changed)


# --- for clients --------------------------------------------------------------------------------

_REFUSED = """
INSERT INTO providers_providerhealth AS health
    (account_id, credentials_refused_at, credentials_error)
VALUES (%(account)s, clock_timestamp(), %(error)s)
ON CONFLICT (account_id) DO UPDATE
SET credentials_refused_at = coalesce(health.credentials_refused_at, clock_timestamp()),
    credentials_error = excluded.credentials_error
"""


def credentials_refused(*, account_id: UUID, message: str) -> None:
    """The provider said in so many words that it does not take our login, key or token."""
    values: dict[str, Any] = {"account": account_id, "error": redact(message)[:_LONGEST_TEXT]}
    with connection.cursor() as cursor:
        cursor.execute(_REFUSED, values)


def credentials_worked(*, account_id: UUID) -> None:
    """The provider took them. Asks nothing of the database unless they were refused before.

    Call it after a call of this account, which is how this process knows.
    """
    if admission.credentials_were_refused(account_id):
        forget_refusal(account_id=account_id)


def forget_refusal(*, account_id: UUID) -> None:
    """There are new credentials, or the old ones work again."""
    ProviderHealth.objects.filter(
        account_id=account_id, credentials_refused_at__isnull=False
    ).update(credentials_refused_at=None, credentials_error="")


# --- the state ----------------------------------------------------------------------------------


Recent = tuple[int, list[datetime]]
_NO_CALLS: Recent = (0, [])
_NEWEST = """
SELECT wanted.id, count(*), coalesce(
    array_agg(newest.created_at) FILTER (WHERE newest.failure = ANY(%(counted)s)), '{}'
)
FROM unnest(%(accounts)s::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT failure, created_at FROM providers_providercall
    WHERE account_id = wanted.id AND id >= %(first)s AND duration_ms IS NOT NULL
    ORDER BY id DESC LIMIT %(most)s
) AS newest
GROUP BY wanted.id
"""


def _recent(account_ids: Sequence[UUID], now: datetime) -> dict[UUID, Recent]:
    """How many of the newest calls of each account ended, and when those that failed began.

    An account without calls is not among them.
    """
    values: dict[str, Any] = {
        "accounts": list(account_ids),
        "counted": [str(each) for each in COUNTED_FAILURES],
        "first": ids.first_at(now - RECENT),
        "most": _MOST_CALLS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, values)
        return {account_id: (calls, failed) for account_id, calls, failed in cursor.fetchall()}


def _state(
    facts: ProviderHealth | None, now: datetime, *, calls: int, failures: list[datetime]
) -> tuple[State, datetime | None, str]:
    return (
        (_suspended(facts) if facts else None)
        or (_refused(facts) if facts else None)
        or (_circuit(facts, now) if facts else None)
        or _failing(calls, failures)
        or (State.HEALTHY, None, "Calls go through.")
    )


def _suspended(facts: ProviderHealth) -> tuple[State, datetime | None, str] | None:
    if facts.suspended_at is None:
        return None
    kind, _, name = facts.suspended_by.partition(":")
    who = f"{name} ({kind})" if name else kind
    return State.SUSPENDED, facts.suspended_at, f"Suspended by {who}: {facts.suspended_reason}"


def _refused(facts: ProviderHealth) -> tuple[State, datetime | None, str] | None:
    if facts.credentials_refused_at is None:
        return None
    return State.CREDENTIALS_REFUSED, facts.credentials_refused_at, facts.credentials_error


def _circuit(facts: ProviderHealth, now: datetime) -> tuple[State, datetime | None, str] | None:
    if facts.breaker != Breaker.CLOSED:
        why = "The circuit is open: calls are held back, and one is let through now and then."
        return State.DEGRADED, facts.opened_at, why
    if facts.throttled_until and facts.throttled_until > now:
        return State.DEGRADED, None, "The provider asked us to wait; calls wait with it."
    return None


def _failing(calls: int, failures: list[datetime]) -> tuple[State, datetime | None, str] | None:
    if len(failures) < _FEW_FAILURES or _SMALL_SHARE * len(failures) <= calls:
        return None
    minutes = round(RECENT.total_seconds() / 60)
    why = f"{len(failures)} of {calls} calls of the past {minutes} minutes failed."
    return State.DEGRADED, min(failures), why
