"""Whether an answer is a yes, a no, or neither. No I/O.

Source: `documents/betflag.txt`: every success that it shows has `esito` 1024 and an empty
`errore`. What refusals look like it does not say; that part is a guess of ours and stands here.
"""

import re

from providers import wire
from providers.betflag.protocol.operations import Operation
from providers.betflag.protocol.reading import Notes, Object, as_object, whole
from providers.contract import MalformedPayload, WrongShape

SUCCESS = 1024
ENVELOPE = frozenset({"errore", "esito"})
# How a lost session is told [open]: one of these statuses, or an `errore` that speaks of it.
LOST_SESSION_STATUSES = frozenset({401, 403})
LOST_SESSION_ERROR = re.compile(r"sessio|token|non autenticat", re.IGNORECASE)

_LONGEST_ERROR = 500


class SessionLost(Exception):
    """Refused for want of a valid session: nothing was done."""


class Declined(Exception):
    """The exchange said no. `code` is its `esito`, the message its `errore`."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Unreadable(Exception):
    """Neither a yes nor a no."""


def judged(operation: Operation, *, status: int, body: bytes, notes: Notes) -> Object:
    """The object of a success. Raises `SessionLost`, `Declined` or `Unreadable`."""
    if status in LOST_SESSION_STATUSES:
        raise SessionLost(f"HTTP {status}")
    if not (200 <= status < 300 or 400 <= status < 500):
        raise Unreadable(f"HTTP {status}")
    found = _object(operation, status=status, body=body)
    _refuse_error(found)
    if not 200 <= status < 300:
        raise Unreadable(f"HTTP {status} without an errore")
    if operation.is_enveloped and not operation.is_open:
        _check_success(found, notes)
    return found


def _object(operation: Operation, *, status: int, body: bytes) -> Object:
    try:
        return as_object(wire.loads(body), "body")
    except (MalformedPayload, WrongShape) as error:
        if operation.is_open and 200 <= status < 300:
            return {}
        raise Unreadable(f"HTTP {status}: {error.message}") from None


def _refuse_error(found: Object) -> None:
    """Any `errore` that is not empty is a refusal [inf], unless it comes with orders placed."""
    error = found.get("errore")
    if error is not None and not isinstance(error, str):
        raise Unreadable("errore: must be a text")
    message = (error or "").strip()[:_LONGEST_ERROR]
    if not message:
        return
    if found.get("ordine"):
        raise Unreadable("an errore beside placed orders")
    code = wire.as_whole(found.get("esito"))
    if code != SUCCESS and LOST_SESSION_ERROR.search(message):
        raise SessionLost(message)
    raise Declined(message, code="" if code is None else str(code))


def _check_success(found: Object, notes: Notes) -> None:
    try:
        code = whole(found, "esito")
    except WrongShape as error:
        raise Unreadable(error.message) from None
    if code != SUCCESS:
        notes.value("esito", code)
        raise Unreadable(f"esito {code} without an errore")
