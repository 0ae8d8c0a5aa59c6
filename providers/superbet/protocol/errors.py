"""The engine's error codes by name, in words that people read, and as neutral codes.

Source: `documents/superbet.txt`, "Response status codes"; 100, 101, 102 and 117 from the page
beside it. 104, 108 to 110 and 113 are described nowhere.
"""

from dataclasses import dataclass
from enum import IntEnum


class ErrorCode(IntEnum):
    """The `code` of an answer with HTTP status 400."""

    TICKET_NOT_READABLE = 100
    USER_NOT_FOUND = 101
    TICKET_NOT_FOUND = 102
    EVENT_NOT_FOUND = 103
    TEAM_NOT_FOUND = 105
    MARKET_NOT_FOUND = 106
    EVENT_STARTED = 107
    DUPLICATE_CODE = 111
    OPERATOR_NOT_FOUND = 112
    NO_WEBHOOK_URL = 114
    OPERATORS_DIFFER = 115
    MARKET_NOT_ALLOWED = 116
    TICKET_NOT_RESERVED = 117


# The engine does not have this ticket.
NOT_THERE = frozenset({ErrorCode.TICKET_NOT_READABLE, ErrorCode.TICKET_NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Meaning:
    """A neutral code, as the partner API lists it, and what to tell people."""

    neutral: str
    words: str


_MEANINGS: dict[int, Meaning] = {
    ErrorCode.TICKET_NOT_READABLE: Meaning("not_at_provider", "The ticket cannot be found"),
    ErrorCode.USER_NOT_FOUND: Meaning(
        "provider_refused", "The engine could not find out who the player is"
    ),
    ErrorCode.TICKET_NOT_FOUND: Meaning("not_at_provider", "The ticket does not exist"),
    ErrorCode.EVENT_NOT_FOUND: Meaning("selection_not_found", "The event is no longer on offer"),
    ErrorCode.TEAM_NOT_FOUND: Meaning("selection_not_found", "A team of the bet is not known"),
    ErrorCode.MARKET_NOT_FOUND: Meaning("selection_not_found", "A bet is no longer on offer"),
    ErrorCode.EVENT_STARTED: Meaning("bet_blocked", "The event has already started"),
    ErrorCode.DUPLICATE_CODE: Meaning(
        "provider_refused", "The engine could not give the ticket a code; place it again"
    ),
    ErrorCode.OPERATOR_NOT_FOUND: Meaning(
        "provider_misconfigured", "The engine does not know the operator of this account"
    ),
    ErrorCode.NO_WEBHOOK_URL: Meaning(
        "provider_misconfigured", "The engine has no webhook address for this operator"
    ),
    ErrorCode.OPERATORS_DIFFER: Meaning(
        "provider_misconfigured", "The operators in the body and in the header differ"
    ),
    ErrorCode.MARKET_NOT_ALLOWED: Meaning("bet_blocked", "This market may not be bet on"),
    ErrorCode.TICKET_NOT_RESERVED: Meaning("provider_refused", "The ticket is not reserved"),
}
_BY_STATUS: dict[int, Meaning] = {
    401: Meaning("provider_access_denied", "The engine did not accept our credentials"),
    403: Meaning("provider_access_denied", "We do not have access to this at the engine"),
    422: Meaning("wrong_bet_data", "The engine finds fault with the bet"),
}
_OTHER = Meaning("provider_refused", "The engine refused the bet")


def is_known(code: int) -> bool:
    return code in _MEANINGS


def says_no(status: int) -> bool:
    """Whether an HTTP status says by itself that nothing was done."""
    return status in _BY_STATUS


def meaning(*, status: int, code: int | None) -> Meaning:
    """What a refusal means; `provider_refused` for one that no document names."""
    if code in _MEANINGS:
        return _MEANINGS[code]
    return _BY_STATUS.get(status, _OTHER)
