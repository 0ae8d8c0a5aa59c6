"""Where tickets are sold: reserve, paid, create, and what is asked of them.

Source: documents/superbet.txt; paid, create, get and list from the page beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from providers.sandbox.contract import Surroundings
from providers.sandbox.courier import Answer
from providers.sandbox.faults import Fault, disturbed
from providers.sandbox.messages import Reply, Request, json_reply
from providers.superbet.sandbox import document
from providers.superbet.sandbox.offer import Offer, RefusedError
from providers.superbet.sandbox.reading import AskedTicket, InvalidError, read_asked
from providers.superbet.sandbox.tickets import SoldTicket, TicketBook
from providers.superbet.sandbox.webhook import Webhook, named

USUAL_EXT = Decimal("12.5")
USUAL_WHT = Decimal("10.0")
USUAL_REJECT = 116
LONGEST_LIST = 100

Act = Callable[[Request, Fault | None], Reply]


class Counter:
    """Answers the engine's own wire; `ext` and `wht` are the taxes in percent."""

    def __init__(
        self, around: Surroundings, book: TicketBook, offer: Offer, webhook: Webhook
    ) -> None:
        self._around = around
        self._book = book
        self._offer = offer
        self._webhook = webhook
        self.ext = USUAL_EXT
        self.wht = USUAL_WHT

    def reserve(self, request: Request) -> Reply:
        """Reserve a ticket for a player, who pays later."""
        return self._judged(request, "reserve", self._reserve)

    def create(self, request: Request) -> Reply:
        """Sell a ticket at once: the operator takes its price while the client waits."""
        return self._judged(request, "create", partial(self._sell, "ticket_create", "open"))

    def paid(self, request: Request) -> Reply:
        """Turn a reservation into a bet."""
        return self._judged(request, "paid", self._pay)

    def ticket(self, request: Request) -> Reply:
        """A ticket by id or code."""
        return self._judged(request, "ticket", self._show)

    def tickets(self, request: Request) -> Reply:
        """The newest tickets (?limit=10&user_id=&skip_types=)."""
        return self._judged(request, "ticket", self._list)

    def _judged(self, request: Request, call: str, act: Act) -> Reply:
        """Signature first; then a fault, or the engine's own answer, or both."""
        fault_of = self._webhook.target.fault_of(request)
        if fault_of:
            self._note_client_error(call, fault_of, request)
            return json_reply({"message": "Forbidden"}, status=403)
        fault = self._around.faults.draw("superbet", call)
        try:
            if fault is not None and fault.fault == "reject":
                raise RefusedError(int(fault.code or USUAL_REJECT), "on-order")
            answer = act(request, fault) if fault is None or fault.taken else json_reply({})
        except RefusedError as refused:
            answer = json_reply({"code": refused.code, "message": refused.message}, status=400)
        except InvalidError as invalid:
            self._note_client_error(call, str(invalid), request)
            answer = json_reply({"detail": invalid.detail}, status=422)
        return disturbed(answer, fault) if fault else answer

    # --- sell -----------------------------------------------------------------------------------

    def _reserve(self, request: Request, fault: Fault | None) -> Reply:
        if document.asks_for_it(request.body):
            return json_reply(document.RESPONSE)
        return self._sell("ticket_reserve", "reserved", request, fault)

    def _sell(self, action: str, status: str, request: Request, fault: Fault | None) -> Reply:
        asked = read_asked(request.body)
        for remark in asked.remarks:
            self._note_client_error(action, remark, request)
        ticket = self._write(asked, request)
        wish = fault.fault if fault else ""
        if wish == "reserve_not_approved":
            return self._not_approved(ticket)
        said = self._webhook.ask(action, ticket.for_webhook(), ticket)
        if said.status != 200 or wish == "discard":
            return self._give_up(ticket, said)
        self._book.move(ticket, status, now=time.time(), only_from=("new",))
        self._around.state.touch()
        return json_reply(ticket.shown())

    def _write(self, asked: AskedTicket, request: Request) -> SoldTicket:
        """The ticket in the book. Raises RefusedError."""
        target, now = self._webhook.target, time.time()
        if request.headers.get("operator-name", "") != asked.operator:
            raise RefusedError(115)
        if asked.operator != target.operator:
            raise RefusedError(112, asked.operator)
        if not target.callback_base:
            raise RefusedError(114, asked.operator)
        legs = self._offer.legs(asked.event, asked.bets, now=now)
        player = self._webhook.identify(asked.token)
        if player is None:
            raise RefusedError(101)
        return self._book.write(
            operator=asked.operator,
            user_id=str(player["player_id"]),
            price=asked.price,
            currency=asked.currency,
            atag=asked.atag,
            source=asked.source,
            event=asked.event,
            bets=asked.bets,
            legs=legs,
            ext=self.ext,
            wht=self.wht,
            created_at=now,
        )

    def _give_up(self, ticket: SoldTicket, said: Answer) -> Reply:
        """A clear no needs no word; after anything else the operator is told to undo it."""
        if not 400 <= said.status < 500:
            self._webhook.tell("ticket_discard", named(ticket), ticket)
        return self._not_approved(ticket)

    def _not_approved(self, ticket: SoldTicket) -> Reply:
        ticket.approved = False
        self._book.move(ticket, "cancelled", now=time.time(), only_from=("new",))
        self._around.state.touch()
        return json_reply(ticket.shown())

    # --- pay and look ---------------------------------------------------------------------------

    def _pay(self, request: Request, fault: Fault | None) -> Reply:
        ticket = self._found(request)
        if not self._book.move(ticket, "open", now=time.time(), only_from=("reserved",)):
            raise RefusedError(117, ticket.id)
        self._around.state.touch()
        if fault is not None and fault.fault == "paid_lost":
            return Reply(ending="reset")
        return json_reply(ticket.shown())

    def _show(self, request: Request, fault: Fault | None) -> Reply:
        return json_reply(self._found(request).shown())

    def _list(self, request: Request, fault: Fault | None) -> Reply:
        limit = request.argument("limit", "10")
        if not limit.isdecimal() or not 1 <= int(limit) <= LONGEST_LIST:
            raise InvalidError([{"loc": ["query", "limit"], "msg": "is not from 1 to 100"}])
        user_id, skipped = request.argument("user_id"), request.argument("skip_types").split(",")
        found = [
            ticket.shown()
            for ticket in self._book.newest()
            if user_id in ("", ticket.user_id) and "superbet" not in skipped
        ]
        return json_reply(found[: int(limit)])

    def _found(self, request: Request) -> SoldTicket:
        ticket = self._book.find(request.params["ticket"])
        if ticket is None:
            raise RefusedError(102, request.params["ticket"])
        return ticket

    def _note_client_error(self, call: str, reason: str, request: Request) -> None:
        self._around.journal.client_error(
            provider="superbet",
            call=call,
            reason=reason,
            body=request.body.decode(errors="replace"),
        )
