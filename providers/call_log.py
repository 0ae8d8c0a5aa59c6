"""Writes the call log: a row before the first byte leaves, and what came of it.

Each step is one statement, and none waits for the disk: a row survives the death of our process,
which is what it is for. The first statement also says how the account stands, so that a call that
nothing is wrong with asks the database nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

from providers import durability, watch
from providers.models import CallFailure, CallOutcome
from providers.outgoing import Answer, Call
from providers.redaction import MASK, READ, redact

_BEGIN = """
INSERT INTO providers_providercall (
    id, account_id, operation, subject_kind, subject_id, method, url, request, response,
    outcome, failure, error, created_at
)
SELECT %(id)s, %(account)s, %(operation)s, %(subject_kind)s, %(subject_id)s, %(method)s,
       %(url)s, %(request)s, '', %(outcome)s, %(failure)s, %(error)s, clock_timestamp()
FROM set_config(
    'synchronous_commit', coalesce(%(durability)s, current_setting('synchronous_commit')), true
)
RETURNING (
    SELECT json_build_object(
        'suspended', CASE WHEN suspended_at IS NOT NULL THEN suspended_reason END,
        'breaker', breaker,
        'retry_in_s', extract(epoch FROM coalesce(
            CASE WHEN breaker = 'half_open' THEN trial_until ELSE retry_at END, clock_timestamp()
        ) - clock_timestamp()),
        'throttled_s', extract(epoch FROM coalesce(throttled_until, clock_timestamp())
            - clock_timestamp()),
        'credentials_refused', credentials_refused_at IS NOT NULL
    )
    FROM providers_providerhealth
    WHERE account_id = %(account)s AND (
        breaker <> 'closed' OR suspended_at IS NOT NULL OR credentials_refused_at IS NOT NULL
        OR throttled_until > clock_timestamp()
    )
)
"""
_ANSWERED = """
UPDATE providers_providercall
SET response = %(response)s, response_status = %(status)s, duration_ms = %(duration_ms)s,
    failure = %(failure)s
FROM set_config(
    'synchronous_commit', coalesce(%(durability)s, current_setting('synchronous_commit')), true
)
WHERE id = %(id)s
"""
_FAILED = """
UPDATE providers_providercall
SET outcome = %(outcome)s, failure = %(failure)s, error = %(error)s, duration_ms = %(duration_ms)s
FROM set_config(
    'synchronous_commit', coalesce(%(durability)s, current_setting('synchronous_commit')), true
)
WHERE id = %(id)s
"""
_CONCLUDED = """
UPDATE providers_providercall SET outcome = %(outcome)s, error = %(error)s
FROM set_config(
    'synchronous_commit', coalesce(%(durability)s, current_setting('synchronous_commit')), true
)
WHERE id = %(id)s
RETURNING account_id, operation
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is wrong with an account. `suspended` is the reason, `None` if it is not.

    `retry_in_s` is when an open breaker lets a trial call through, or gives up the one under way.
    """

    suspended: str | None
    breaker: str
    retry_in_s: float
    throttled_s: float
    credentials_refused: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """The row of a call that has begun; `standing` is `None` when nothing is wrong."""

    call_id: UUID
    standing: Standing | None


def begin(call: Call, *, body: bytes | None, secrets: Sequence[str]) -> Entry:
    """A row from before the first byte, so that a killed process leaves a trace of its call."""
    values = _row(call, body, secrets, outcome=CallOutcome.UNKNOWN, failure="", error="")
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, values)
        wrong = cursor.fetchone()[0]
    return Entry(values["id"], Standing(**wrong) if wrong else None)


def add_withheld(call: Call, *, body: bytes | None, secrets: Sequence[str], error: str) -> UUID:
    """The row of a call that was held back before it had one."""
    values = _row(
        call,
        body,
        secrets,
        outcome=CallOutcome.NOT_SENT,
        failure=CallFailure.WITHHELD,
        error=error,
    )
    _execute(_BEGIN, values)
    return UUID(str(values["id"]))


def failed(
    *, call_id: UUID, sent: bool, failure: CallFailure, error: str, duration_ms: int | None
) -> None:
    """There is no answer. Whether the request may have arrived decides about the outcome."""
    values = {
        "id": call_id,
        "outcome": CallOutcome.UNKNOWN if sent else CallOutcome.NOT_SENT,
        "failure": failure,
        "error": error,
        "duration_ms": duration_ms,
    }
    _execute(_FAILED, values)


def forget(*, call_id: UUID) -> None:
    """Take out a row that would only be one of very many."""
    _execute("DELETE FROM providers_providercall WHERE id = %(id)s", {"id": call_id})


def answered(call: Call, answer: Answer, *, secrets: Sequence[str], failure: str) -> None:
    """There is an answer; what it means comes with `conclude`."""
    text = MASK
    if not call.personal:
        start = answer.body[: 4 * READ + 4].decode(errors="replace")
        text = redact(start, secrets=(*secrets, *answer.cookies.values()))
    values = {
        "id": answer.call_id,
        "response": text,
        "status": answer.status,
        "duration_ms": answer.duration_ms,
        "failure": failure,
    }
    _execute(_ANSWERED, values)


def conclude(
    *,
    call_id: UUID,
    outcome: CallOutcome,
    error: str = "",
    unknown_fields: Sequence[str] = (),
    unknown_values: Sequence[str] = (),
) -> None:
    """Say in the log what a call came to, once its answer has been understood.

    What in the answer the contract does not know is kept for staff: names of fields, and values
    as `status=frozen`.
    """
    values: dict[str, Any] = {
        "id": call_id,
        "outcome": outcome,
        "error": redact(error),
        "durability": durability.relaxed(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CONCLUDED, values)
        row = cursor.fetchone()
    if row and (unknown_fields or unknown_values):
        watch.note(account_id=row[0], place=row[1], fields=unknown_fields, values=unknown_values)


def _row(
    call: Call,
    body: bytes | None,
    secrets: Sequence[str],
    *,
    outcome: str,
    failure: str,
    error: str,
) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "account": call.account.id,
        "operation": call.operation,
        "subject_kind": call.subject_kind,
        "subject_id": call.subject_id,
        "method": call.method,
        "url": redact(call.url, secrets=secrets),
        "request": redact((body or b"").decode(), secrets=secrets),
        "outcome": outcome,
        "failure": failure,
        "error": error,
        "durability": durability.relaxed(),
    }


def _execute(statement: str, values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"durability": durability.relaxed(), **values})
