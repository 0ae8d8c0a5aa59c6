"""Results: graded when they are due or ordered, told, withdrawn and told again, closed."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

from providers.sandbox.contract import Surroundings
from providers.sandbox.courier import Answer
from providers.sandbox.faults import Fault
from providers.sandbox.grading import coefficient, grade
from providers.superbet.sandbox.tickets import SoldTicket, TicketBook
from providers.superbet.sandbox.webhook import Webhook, named

RESULTS = ("won", "lost", "void", "refunded")
DUPLICATES = 3
ACTIONS = {"won": "ticket_win", "lost": "ticket_lost", "void": "ticket_void"}
OTHER_RESULT = {"won": "lost", "lost": "won", "void": "lost"}
ROLLBACK_REASON = "wrong result entered"
REFUND_REASON = "refunded by the trading desk"


class ResultDesk:
    """Decides tickets and says so to the operator."""

    def __init__(self, around: Surroundings, book: TicketBook, webhook: Webhook) -> None:
        self._around = around
        self._book = book
        self._webhook = webhook

    def due(self, *, now: float, at_once: bool = False) -> list[SoldTicket]:
        """Decide what is known by now, or everything that is open; returns what was decided."""
        decided = []
        for ticket in self._book.newest("open"):
            known_by = max(leg.known_at for leg in ticket.legs) if at_once else now
            found = grade(
                ticket.legs, now=max(now, known_by), ordered=self._around.world.ordered_result
            )
            if found is None:
                continue
            word: str = found.result
            if word == "reduced":
                word = "won" if found.coefficient > 1 else "void"
            self._decide(ticket, word, found.coefficient, now=now)
            decided.append(ticket)
        return decided

    def announce(self, ticket: SoldTicket) -> None:
        """Tell a result until it is taken, in the way that a fault asks for."""
        fault = self._around.faults.draw("superbet", "callback")
        self._disturb(ticket, fault, *_message(ticket, ticket.result))
        self._tell(ticket)

    def tell_again(self, ticket: SoldTicket) -> None:
        """After a restart: the operator takes a repeat for what it is."""
        if ticket.result in ACTIONS:
            self._tell(ticket)

    def order(self, ticket: SoldTicket, result: str) -> Answer:
        """Decide now as ordered, and wait for the first answer; a no is tried again later.

        A fault on order strikes it as it strikes any result.
        """
        word = "void" if result == "refunded" else result
        self._decide(ticket, word, coefficient(ticket.legs), now=time.time())
        action, data = _message(ticket, result)
        self._disturb(ticket, self._around.faults.draw("superbet", "callback"), action, data)
        return self._insist(action, data, ticket)

    def roll_back(self, ticket: SoldTicket, reason: str) -> Answer:
        """Withdraw the result: the ticket is open again, until another is ordered."""
        self._reopen(ticket)
        return self._insist("ticket_rollback", named(ticket, reason), ticket)

    def change_due(self, *, now: float) -> None:
        """Carry on with the results that are to be withdrawn and replaced by themselves."""
        for ticket in self._book.newest("resulted", "calculating"):
            if ticket.change_at is None or ticket.change_at > now:
                continue
            if ticket.status == "resulted":
                self._reopen(ticket)
                ticket.change_at = now + ticket.change_after_s
                self._webhook.tell("ticket_rollback", named(ticket, ROLLBACK_REASON), ticket)
            else:
                ticket.change_at = None
                self._decide(ticket, ticket.next_result, coefficient(ticket.legs), now=now)
                self._tell(ticket)

    def close(self, *, now: float, after_s: float) -> None:
        """Say of what was decided long enough ago that no rollback follows."""
        for ticket in self._book.newest("resulted"):
            decided_at = ticket.resulted_at
            if ticket.change_at is not None or not decided_at or now - decided_at < after_s:
                continue
            if self._book.move(ticket, "closed", now=now, only_from=("resulted",)):
                self._webhook.tell("ticket_closed", named(ticket), ticket)
                self._around.state.touch()

    def _decide(self, ticket: SoldTicket, result: str, odds: Decimal, *, now: float) -> None:
        with self._book.lock:
            ticket.status, ticket.result = "resulted", result
            ticket.updated_at = ticket.resulted_at = now
            ticket.pays(result, odds)
        self._around.state.touch()

    def _reopen(self, ticket: SoldTicket) -> None:
        with self._book.lock:
            ticket.status, ticket.result, ticket.resulted_at = "calculating", "pending", None
            ticket.pays("pending", Decimal(0))

    def _tell(self, ticket: SoldTicket) -> None:
        self._webhook.tell(*_message(ticket, ticket.result), ticket)

    def _disturb(
        self, ticket: SoldTicket, fault: Fault | None, action: str, data: dict[str, Any]
    ) -> None:
        """What a fault adds to the message of a result."""
        name = fault.fault if fault else ""
        if name == "unknown_action":
            self._webhook.tell("ticket_update", ticket.for_webhook(), ticket)
        if name == "bad_signature":
            self._webhook.tell(action, data, ticket, wrong_signature=True)
        for _ in range(DUPLICATES - 1 if name == "duplicate_callback" else 0):
            self._webhook.tell(action, data, ticket)
        if fault is not None and name == "rollback_later":
            self._change_later(ticket, fault.seconds)

    def _change_later(self, ticket: SoldTicket, after_s: float) -> None:
        """Withdraw the result after a while, and give the other one a moment later."""
        with self._book.lock:
            ticket.next_result = OTHER_RESULT[ticket.result]
            ticket.change_at, ticket.change_after_s = time.time() + after_s, after_s

    def _insist(self, action: str, data: dict[str, object], ticket: SoldTicket) -> Answer:
        answer = self._webhook.ask(action, data, ticket)
        if not answer.is_good:
            wait_s = self._around.options.retry_s
            self._webhook.tell(action, data, ticket, delay_s=wait_s)
        return answer


def _message(ticket: SoldTicket, result: str) -> tuple[str, dict[str, Any]]:
    """The action and the data that tell a result."""
    if result == "refunded":
        return "ticket_refund", named(ticket, REFUND_REASON)
    return ACTIONS[result], ticket.for_webhook() if result == "void" else named(ticket)
