"""Placing a ticket: reserve, keep its id, pay; or create it at once.

A reservation that is not paid is no bet. So whatever goes wrong before `paid` ends in a no, and
only a `paid` or a create whose answer is lost leaves it open whether the bet exists.
"""

import logging
from math import ceil

from providers.contract import (
    Accepted,
    AccountView,
    BetSlip,
    KeepReference,
    NotSent,
    Placement,
    Rejected,
    Unknown,
)
from providers.superbet.engine import Engine, Errand
from providers.superbet.protocol import meanings, tickets
from providers.superbet.protocol.errors import ErrorCode, is_known, says_no
from providers.superbet.protocol.tickets import Limited, Refusal, Ticket, TicketAnswer
from providers.transport import CallFailed, CallLost, CallNotSent, Deadline

logger = logging.getLogger(__name__)

# Of the whole time, what a reservation may take: the rest is for paying it.
_RESERVE_SHARE = 0.6
# A payment that is sent with less time than this would only be lost.
_LEAST_TO_PAY_S = 0.3
_LEAST_TO_LIST_S = 0.1


class Placing:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def place(
        self, account: AccountView, slip: BetSlip, *, deadline_s: float, keep: KeepReference
    ) -> Placement:
        if account.setting("placement") == "create":
            return self.create(account, slip, deadline_s=deadline_s)
        deadline = Deadline(deadline_s)
        reserved = self._reserve(account, slip, deadline)
        if not isinstance(reserved, Ticket):
            return reserved
        return self._bind(account, slip, reserved, deadline, keep)

    def create(self, account: AccountView, slip: BetSlip, *, deadline_s: float) -> Placement:
        """A ticket at once: its price is taken through our webhook while this call is open."""
        errand = Errand(account=account, deadline_s=deadline_s)
        try:
            answer = self._engine.create(errand, _body(account, slip))
        except CallNotSent as error:
            return NotSent(code=error.code, message=error.message)
        except CallLost as error:
            return Unknown(reason=error.message)
        if isinstance(answer, Refusal):
            return meanings.rejected(answer)
        if not isinstance(answer, Ticket):
            return Unknown(reason=meanings.in_words(answer))
        other = meanings.differs(answer, slip)
        if other:
            return Unknown(reason=f"Ticket {answer.id} is not the one asked for: {other}.")
        return _created(answer)

    # --- reserve --------------------------------------------------------------------------------

    def _reserve(
        self, account: AccountView, slip: BetSlip, deadline: Deadline
    ) -> Ticket | Rejected | NotSent:
        try:
            answer = self._ask_to_reserve(account, slip, deadline)
        except CallNotSent as error:
            return NotSent(code=error.code, message=error.message)
        except CallLost as error:
            return self._lost(account, slip, deadline, error.message)
        if isinstance(answer, Ticket):
            return _usable(answer, slip) or answer
        if isinstance(answer, Refusal):
            return meanings.rejected(answer)
        if isinstance(answer, Limited):
            return _limited(answer)
        return self._lost(account, slip, deadline, answer.reason)

    def _ask_to_reserve(
        self, account: AccountView, slip: BetSlip, deadline: Deadline
    ) -> TicketAnswer:
        """Ask; where the engine wants a pause that fits into the time, ask once more after it.

        That is safe: a request that was refused for its rate was not acted on, and a reservation
        is no bet. The transport keeps the pause.
        """
        body = _body(account, slip)
        answer = self._engine.reserve(_errand(account, deadline, _RESERVE_SHARE), body)
        if not isinstance(answer, Limited) or answer.retry_after_s is None:
            return answer
        if answer.retry_after_s + _LEAST_TO_PAY_S >= deadline.left_s * _RESERVE_SHARE:
            return answer
        return self._engine.reserve(_errand(account, deadline, _RESERVE_SHARE), body)

    def _lost(
        self, account: AccountView, slip: BetSlip, deadline: Deadline, reason: str
    ) -> Rejected:
        """There may be a reservation without an id. It is never paid, so it is no bet."""
        self._note_tickets(account, slip, deadline)
        return Rejected(
            code="provider_no_clear_answer",
            message=f"The reservation had no clear answer: {reason.rstrip('.')}. Nothing was paid.",
        )

    def _note_tickets(self, account: AccountView, slip: BetSlip, deadline: Deadline) -> None:
        """For the record, as far as time allows: the call log has the player's tickets then."""
        if deadline.left_s < _LEAST_TO_LIST_S:
            return
        try:
            self._engine.tickets(_errand(account, deadline), user_id=slip.player_uid)
        except CallFailed as error:
            logger.warning("no tickets for the record of %s: %s", slip.coupon_id, error.message)

    # --- pay ------------------------------------------------------------------------------------

    def _bind(
        self,
        account: AccountView,
        slip: BetSlip,
        reserved: Ticket,
        deadline: Deadline,
        keep: KeepReference,
    ) -> Placement:
        """From here on the ticket's id is kept, so that whatever happens can be found out."""
        is_kept = keep(reserved.id)
        if reserved.is_open:
            return meanings.accepted(reserved)
        if not is_kept:
            return Rejected(
                code="coupon_closed",
                message=(
                    "The coupon waits for no answer any more, or the engine has discarded the "
                    "ticket. Nothing was paid."
                ),
            )
        if reserved.status != "reserved":
            return Unknown(reason=f"The reservation came back as {_state(reserved)}.")
        if deadline.left_s < _LEAST_TO_PAY_S:
            return Rejected(
                code="provider_timeout",
                message="The reservation took all the time there was. Nothing was paid.",
            )
        return self._pay(account, slip, reserved, deadline)

    def _pay(
        self, account: AccountView, slip: BetSlip, reserved: Ticket, deadline: Deadline
    ) -> Placement:
        try:
            answer = self._engine.paid(_errand(account, deadline), reserved.id)
        except CallNotSent as error:
            return NotSent(code=error.code, message=error.message)
        except CallLost as error:
            return Unknown(reason=error.message)
        if not isinstance(answer, Refusal):
            return _standing(answer, reserved)
        if _leaves_open(answer):
            return self._look(account, slip, reserved, deadline)
        return meanings.rejected(answer)

    def _look(
        self, account: AccountView, slip: BetSlip, reserved: Ticket, deadline: Deadline
    ) -> Placement:
        """Ask for the ticket, after a `paid` that was sent and left open what became of it."""
        try:
            answer = self._engine.ticket(_errand(account, deadline), reserved.id)
        except CallFailed as error:
            return Unknown(reason=error.message)
        return _standing(answer, reserved)


def _body(account: AccountView, slip: BetSlip) -> dict[str, object]:
    return tickets.ticket_body(
        slip,
        operator=account.setting("operator"),
        source=account.setting("source"),
        field_set=account.setting("field_set"),
        is_marked=account.setting("mark_tickets") == "atag",
    )


def _errand(account: AccountView, deadline: Deadline, share: float = 1.0) -> Errand:
    return Errand(account=account, deadline_s=deadline.left_s * share)


def _limited(answer: Limited) -> NotSent:
    wait_s = answer.retry_after_s
    return NotSent(
        code="rate_limited",
        message=meanings.in_words(answer),
        retry_after_s=None if wait_s is None else ceil(wait_s),
    )


def _usable(ticket: Ticket, slip: BetSlip) -> Rejected | None:
    """Why a reservation is not to be paid; `approved` and `status` both have to say yes."""
    if ticket.approved is not True or ticket.status == "cancelled":
        return Rejected(
            code="provider_refused",
            message=f"The engine did not approve the ticket: it is {_state(ticket)}.",
            provider_code="not_approved",
        )
    other = meanings.differs(ticket, slip)
    if other:
        return Rejected(
            code="provider_refused",
            message=f"The ticket reserved is not the one asked for: {other}. Nothing was paid.",
        )
    return None


def _created(ticket: Ticket) -> Accepted | Rejected | Unknown:
    if ticket.approved is False or ticket.status == "cancelled":
        return Rejected(
            code="provider_refused",
            message=f"The engine did not approve the ticket: it is {_state(ticket)}.",
            provider_code="not_approved",
        )
    if ticket.is_open:
        return meanings.accepted(ticket)
    return Unknown(reason=f"The ticket came back as {_state(ticket)}.")


def _standing(answer: TicketAnswer, reserved: Ticket) -> Accepted | Rejected | Unknown:
    """What became of a ticket that we hold the id of."""
    if not isinstance(answer, Ticket):
        return Unknown(reason=meanings.in_words(answer))
    if answer.id != reserved.id:
        return Unknown(reason=f"The engine answered for {answer.id} instead of {reserved.id}.")
    if answer.is_open:
        return meanings.accepted(answer, reserved=reserved)
    if answer.status == "cancelled":
        return Rejected(code="provider_refused", message="The engine cancelled the ticket.")
    return Unknown(reason=f"The ticket came back as {_state(answer)}.")


def _leaves_open(refusal: Refusal) -> bool:
    """117 says that the ticket is not reserved: perhaps because it is open already.

    A code that no document names may say the same, and so may a mere message.
    """
    if refusal.code is None:
        return not says_no(refusal.status)
    return refusal.code == ErrorCode.TICKET_NOT_RESERVED or not is_known(refusal.code)


def _state(ticket: Ticket) -> str:
    """A ticket's status and approval as a part of a sentence: `reserved and not approved`."""
    approval = {True: "approved", False: "not approved", None: "without a word on its approval"}
    return f"{ticket.status or 'without a status'} and {approval[ticket.approved]}"
