"""The calls to the bet engine: signed, sent once, read, and concluded in the call log."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from providers import health, wire
from providers.contract import AccountView
from providers.models import CallOutcome
from providers.superbet.protocol import meanings, signing, tickets
from providers.superbet.protocol.tickets import (
    Limited,
    ListAnswer,
    Refusal,
    Ticket,
    TicketAnswer,
    Unreadable,
)
from providers.transport import Answer, Call, Transport, conclude

MOST_LISTED = 100
# The document has one status for whoever may not call; 401 is what others say.
_REFUSED = {
    401: "the engine did not accept our signature",
    403: "the engine gives us no access: the signing secret or the operator is not what it expects",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """For whom a call is made, and how long it may take."""

    account: AccountView
    deadline_s: float


class Engine:
    """Every method raises `CallNotSent` or `CallLost` where there is no whole answer."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def reserve(self, errand: Errand, body: dict[str, Any]) -> TicketAnswer:
        """Keep a ticket for a player who has not paid: no bet until `paid`."""
        answer = self._call(errand, "reserve", "POST", tickets.RESERVE_PATH, body)
        return _ticket(answer, ok=CallOutcome.OK, unread=CallOutcome.UNKNOWN)

    def paid(self, errand: Errand, reference: str) -> TicketAnswer:
        """Turn a reservation into a bet. The request has no body, so its time alone is signed."""
        answer = self._call(errand, "paid", "POST", tickets.paid_path(reference))
        return _ticket(answer, ok=CallOutcome.ACCEPTED, unread=CallOutcome.UNKNOWN)

    def create(self, errand: Errand, body: dict[str, Any]) -> TicketAnswer:
        """Make a bet at once; the engine takes the price through our webhook meanwhile."""
        answer = self._call(errand, "create", "POST", tickets.TICKETS_PATH, body)
        return _ticket(answer, ok=CallOutcome.ACCEPTED, unread=CallOutcome.UNKNOWN)

    def ticket(self, errand: Errand, reference: str) -> TicketAnswer:
        """A ticket as it is now, by id or code."""
        answer = self._call(errand, "ticket", "GET", tickets.ticket_path(reference))
        return _ticket(answer, ok=CallOutcome.OK, unread=CallOutcome.ERROR)

    def tickets(
        self,
        errand: Errand,
        *,
        limit: int = 10,
        user_id: str = "",
        skip_types: tuple[str, ...] = (),
    ) -> ListAnswer:
        """The newest tickets, of one player if `user_id` is given."""
        path = tickets.list_path(limit=limit, user_id=user_id, skip_types=skip_types)
        answer = self._call(errand, "tickets", "GET", path)
        read = tickets.read_list_answer(
            status=answer.status, retry_after_s=answer.retry_after_s, body=answer.body
        )
        _conclude(answer, read, ok=CallOutcome.OK, unread=CallOutcome.ERROR)
        return read

    def _call(
        self, errand: Errand, operation: str, method: str, path: str, body: Any = None
    ) -> Answer:
        account = errand.account
        # The transport writes its bodies with `wire.dumps`, so these are the bytes that are sent.
        signed = signing.headers(
            operator=account.setting("operator"),
            secret=account.secret("signing_secret"),
            body=b"" if body is None else wire.dumps(body),
            now=datetime.now(UTC),
        )
        answer = self._transport.call(
            Call(
                account=account,
                operation=operation,
                method=method,
                url=account.base_url + path,
                json=body,
                asks=method == "GET",
                headers=signed,
                deadline_s=errand.deadline_s,
            )
        )
        _learn_of_credentials(account, answer.status)
        return answer


def _learn_of_credentials(account: AccountView, status: int) -> None:
    """Whoever signs otherwise than the engine expects may not call (`superbet.txt`, 403)."""
    if status in _REFUSED:
        health.credentials_refused(account_id=account.id, message=_REFUSED[status])
    elif status < 300:
        health.credentials_worked(account_id=account.id)


def _ticket(answer: Answer, *, ok: CallOutcome, unread: CallOutcome) -> TicketAnswer:
    read = tickets.read_ticket_answer(
        status=answer.status, retry_after_s=answer.retry_after_s, body=answer.body
    )
    stands = isinstance(read, Ticket) and (read.is_open or ok is CallOutcome.OK)
    _conclude(answer, read, ok=ok if stands else unread, unread=unread)
    return read


def _conclude(
    answer: Answer, read: TicketAnswer | ListAnswer, *, ok: CallOutcome, unread: CallOutcome
) -> None:
    """Say in the log what an answer came to, and what in it is new."""
    outcome, error = ok, ""
    if isinstance(read, Unreadable):
        outcome, error = unread, read.reason
    elif isinstance(read, Refusal):
        outcome, error = CallOutcome.REJECTED, meanings.rejected(read).message
    elif isinstance(read, Limited):
        outcome, error = CallOutcome.REJECTED, "too many requests"
    elif isinstance(read, Ticket) and (read.approved is False or read.status == "cancelled"):
        outcome = CallOutcome.REJECTED if ok is not CallOutcome.OK else ok
    values, fields = _new(read)
    conclude(
        call_id=answer.call_id,
        outcome=outcome,
        error=error,
        unknown_fields=fields,
        unknown_values=values,
    )


def _new(read: TicketAnswer | ListAnswer) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The values and the fields that no document names."""
    if isinstance(read, Refusal):
        return meanings.unknown_codes(read), ()
    found = read if isinstance(read, tuple) else (read,) if isinstance(read, Ticket) else ()
    values = {value for ticket in found for value in ticket.unknown_values}
    fields = {name for ticket in found for name in ticket.unknown_fields}
    return tuple(sorted(values)), tuple(sorted(fields))
