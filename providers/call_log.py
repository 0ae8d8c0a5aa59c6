"""Writes the call log: a row before the first byte leaves, and what came of it.

A call is two statements, and none waits for the disk: a row survives the death of our process,
which is what it is for. The first also says how the account stands, so that a call that nothing
is wrong with asks the database nothing else.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection
from uuid_utils.compat import uuid7

from providers import durability, ids, watch
from providers.models import CallFailure, CallOutcome
from providers.outgoing import Answer, Call
from providers.redaction import MASK, READ, redact, redact_forms, written_forms
from providers.statements import Row, Statement

logger = logging.getLogger(__name__)

_BEGIN = Statement(
    "SELECT begin_provider_call("
    "$1::uuid, $2::uuid, $3, $4, $5::uuid, $6, $7, $8, $9, $10, $11, $12)::text"
)
_ADD = Statement(
    "SELECT account_id::text, operation"
    " FROM add_to_provider_call($1::uuid, $2, $3, $4, $5, $6::int, $7::int, $8)"
)
_PRUNE = """
DELETE FROM providers_providercall WHERE id < %(before)s AND id <= coalesce(
    (
        SELECT id FROM providers_providercall WHERE id < %(before)s
        ORDER BY id OFFSET %(batch)s - 1 LIMIT 1
    ),
    %(before)s
)
"""
_UNCHANGED: dict[str, Any] = dict.fromkeys(
    ("outcome", "failure", "error", "response", "status", "duration_ms")
)
# Good answers wait for what they mean, which follows within milliseconds, to be written with it.
_LONGEST_UNWRITTEN_S = 1.0
_unwritten: dict[UUID, tuple[float, dict[str, Any]]] = {}


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


def begin(
    call: Call,
    *,
    body: bytes | None,
    forms: Sequence[str],
    meanwhile: Callable[[], None] | None = None,
) -> Entry:
    """A row from before the first byte, so that a killed process leaves a trace of its call.

    It is there when this returns; `meanwhile` runs while the database writes it.
    """
    _write_what_was_left(older_than_s=_LONGEST_UNWRITTEN_S)
    call_id = uuid7()
    wrong = _insert(call_id, call, body, forms, meanwhile=meanwhile)
    return Entry(call_id, Standing(**json.loads(wrong)) if wrong else None)


def add_withheld(call: Call, *, body: bytes | None, forms: Sequence[str], error: str) -> UUID:
    """The row of a call that was held back before it had one."""
    call_id = uuid7()
    _insert(call_id, call, body, forms, known=("not_sent", "withheld", error))
    return call_id


def failed(
    *, call_id: UUID, sent: bool, failure: CallFailure, error: str, duration_ms: int | None
) -> None:
    """There is no answer. Whether the request may have arrived decides about the outcome."""
    outcome = CallOutcome.UNKNOWN if sent else CallOutcome.NOT_SENT
    _add(call_id, outcome=outcome, failure=failure, error=error, duration_ms=duration_ms)


def forget(*, call_id: UUID) -> None:
    """Take out a row that would only be one of very many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM providers_providercall WHERE id = %s", (call_id,))


def answered(call: Call, answer: Answer, *, forms: Sequence[str], failure: str) -> None:
    """There is an answer; what it means comes with `conclude`.

    It is written along with that. If that never comes it is written by `write_unread`, or with
    the next call of this process. A failure is written at once: it is counted.
    """
    values = {
        "response": _response(call, answer, forms),
        "status": answer.status,
        "duration_ms": answer.duration_ms,
    }
    if failure:
        _add(answer.call_id, failure=failure, **values)
    else:
        _unwritten[answer.call_id] = (time.monotonic(), values)


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
    _, answer = _unwritten.pop(call_id, (0.0, {}))
    row = _add(call_id, outcome=outcome, error=redact(error), **answer)
    if row and (unknown_fields or unknown_values):
        watch.note(
            account_id=UUID(row[0]),
            place=str(row[1]),
            fields=unknown_fields,
            values=unknown_values,
        )


def write_unread() -> None:
    """Write the answers that are still kept back: what reads them broke just now.

    They are what explains it, and this process may never make another call. Never raises.
    """
    try:
        _write_what_was_left(older_than_s=0)
    except DatabaseError:
        logger.exception("answers that were not understood could not be written")


def prune(*, before: datetime, batch: int) -> int:
    """Delete at most `batch` calls older than `before`, oldest first; returns how many.

    The key says when a call began, so that nothing is read that is not deleted. A range of it
    and no list: whatever the planner believes of the table, a list may be read once for each row.
    """
    values: dict[str, Any] = {"before": ids.first_at(before), "batch": batch}
    with connection.cursor() as cursor:
        cursor.execute(_PRUNE, values)
        return int(cursor.rowcount)


def _response(call: Call, answer: Answer, forms: Sequence[str]) -> str:
    if call.personal:
        return MASK
    start = answer.body[: 4 * READ + 4].decode(errors="replace")
    if answer.cookies:
        forms = (*forms, *written_forms(answer.cookies.values()))
    return redact_forms(start, forms)


def _insert(
    call_id: UUID,
    call: Call,
    body: bytes | None,
    forms: Sequence[str],
    *,
    known: tuple[str, str, str] = ("unknown", "", ""),
    meanwhile: Callable[[], None] | None = None,
) -> str | None:
    """A new row; gives as JSON what is wrong with the account.

    `known` are its outcome, failure and error.
    """
    row = _BEGIN.first_row(
        call_id,
        call.account.id,
        call.operation,
        call.subject_kind,
        call.subject_id,
        call.method,
        redact_forms(call.url, forms),
        redact_forms((body or b"").decode(), forms),
        *known,
        durability.relaxed(),
        meanwhile=meanwhile,
    )
    return row[0] if row else None


def _add(call_id: UUID, **values: Any) -> Row | None:
    """Write what is known by now; gives the account and the operation of the row."""
    return _ADD.first_row(call_id, *(_UNCHANGED | values).values(), durability.relaxed())


def _write_what_was_left(*, older_than_s: float) -> None:
    """Answers whose meaning nobody told, because what reads them broke."""
    if not _unwritten:
        return
    late = time.monotonic() - older_than_s
    for call_id, (since, _) in list(_unwritten.items()):
        if since <= late and (left := _unwritten.pop(call_id, None)):
            _add(call_id, **left[1])
