"""The simulated superbet engine: tickets, results and its messages to the operator's webhook.

It shares no code with `protocol`. Source: documents/superbet.txt; what the page beside it adds is
said where it is used.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, ClassVar

from providers.sandbox import wire
from providers.sandbox.contract import Surroundings
from providers.sandbox.faults import TRANSPORT_FAULTS, FaultPoints
from providers.sandbox.fields import Fields, fields_of
from providers.sandbox.messages import BadOrderError, Reply, Request, Routes, json_reply
from providers.superbet.sandbox.counter import Counter
from providers.superbet.sandbox.offer import MESSAGES, Offer
from providers.superbet.sandbox.results import RESULTS, ROLLBACK_REASON, ResultDesk
from providers.superbet.sandbox.target import USUAL_OPERATOR, USUAL_SECRET, Target, read_target
from providers.superbet.sandbox.tickets import SoldTicket, TicketBook
from providers.superbet.sandbox.webhook import Webhook, named

USUAL_RESERVE_EXPIRES_S = 120
USUAL_LIST_LENGTH = "10"


class SuperbetSandbox:
    """One superbet engine; settings are those of a target."""

    name = "superbet"
    at_root = False
    fault_points: FaultPoints = {
        "reserve": TRANSPORT_FAULTS | {"reject", "reserve_not_approved", "discard"},
        "paid": TRANSPORT_FAULTS | {"reject", "paid_lost"},
        "create": TRANSPORT_FAULTS | {"reject", "discard"},
        "ticket": TRANSPORT_FAULTS | {"reject"},
        "callback": frozenset(
            {"duplicate_callback", "rollback_later", "unknown_action", "bad_signature"}
        ),
    }
    fault_words: ClassVar[Mapping[str, str]] = {
        "bad_signature": "The next result is signed wrongly once, and then rightly.",
        "discard": "Given up and discarded, although the webhook has said yes.",
        "duplicate_callback": "The next result comes three times at once.",
        "paid_lost": "Paid, and the connection is reset.",
        "reserve_not_approved": "A ticket with approved: false.",
        "rollback_later": "A result, withdrawn seconds later, and then another one.",
        "unknown_action": "A ticket_update comes besides the next result.",
    }
    reject_codes = frozenset(map(str, MESSAGES))
    demo_settings: ClassVar[Mapping[str, str]] = {"operator": USUAL_OPERATOR}
    demo_secrets: ClassVar[Mapping[str, str]] = {"signing_secret": USUAL_SECRET}

    def __init__(self, around: Surroundings, settings: Mapping[str, Any]) -> None:
        self._around = around
        self._book = TicketBook()
        self._webhook = Webhook(around, self._book)
        self._webhook.target = read_target(settings, Target())
        self._offer = Offer(around.world)
        self._results = ResultDesk(around, self._book, self._webhook)
        self._counter = Counter(around, self._book, self._offer, self._webhook)
        self._reserve_expires_s = float(USUAL_RESERVE_EXPIRES_S)
        self._closed_after_s = around.options.match_s

    @property
    def routes(self) -> Routes:
        """The engine's own wire."""
        return {
            ("POST", "/be/tickets/reserve"): self._counter.reserve,
            ("POST", "/be/tickets/{ticket}/paid"): self._counter.paid,
            ("POST", "/be/tickets"): self._counter.create,
            ("GET", "/be/tickets/{ticket}"): self._counter.ticket,
            ("GET", "/be/tickets"): self._counter.tickets,
        }

    @property
    def order_routes(self) -> Routes:
        """The orders of superbet alone."""
        return {
            ("PUT", "/target"): self.set_target,
            ("POST", "/target"): self.set_target,
            ("GET", "/target"): self.show_target,
            ("DELETE", "/target"): self.drop_target,
            ("GET", "/offer"): self.show_offer,
            ("GET", "/bets"): self.list_tickets,
            ("POST", "/results"): self.order_result,
            ("POST", "/rollback"): self.order_rollback,
            ("POST", "/discard"): self.order_discard,
            ("POST", "/message"): self.order_message,
            ("POST", "/settings"): self.change_settings,
        }

    def set_target(self, request: Request) -> Reply:
        """The operator's webhook: {"callback_base", "operator"?, "signing_secret"?}."""
        try:
            data = wire.loads(request.body)
        except ValueError as error:
            raise BadOrderError("body", "is not JSON") from error
        if not isinstance(data, dict):
            raise BadOrderError("body", "is not a JSON object")
        self._webhook.target = read_target(data, self._webhook.target)
        self._around.state.touch()
        return self.show_target(request)

    def show_target(self, request: Request) -> Reply:
        """Which operator this engine works for now."""
        return json_reply({"target": self._webhook.target.shown()})

    def drop_target(self, request: Request) -> Reply:
        """Forget the webhook: then every ticket is refused with 114."""
        self._webhook.target = Target()
        self._around.state.touch()
        return self.show_target(request)

    def show_offer(self, request: Request) -> Reply:
        """Events and bets that can be taken now."""
        return json_reply({"events": list(self._offer.listed(time.time()))})

    def list_tickets(self, request: Request) -> Reply:
        """The tickets, newest first, with the messages about them (?ticket= for one)."""
        wanted = request.argument("ticket")
        with self._book.lock:
            tickets = [asdict(ticket) for ticket in self._book.newest()]
        shown = [t for t in tickets if wanted in ("", t["id"], t["code"])]
        return json_reply({"bets": shown})

    def order_result(self, request: Request) -> Reply:
        """A result now: {"ticket", "result": "won|lost|void|refunded"}; it may be repeated."""
        fields = fields_of(request)
        ticket = self._named_ticket(fields)
        result = fields.choice("result", RESULTS)
        fields.done()
        if ticket.status in ("new", "reserved", "cancelled"):
            raise BadOrderError("ticket", f"is {ticket.status}: it has no result")
        answer = self._results.order(ticket, result)
        return json_reply({"ticket": ticket.shown(), "answer": answer.as_json()})

    def order_rollback(self, request: Request) -> Reply:
        """Withdraw a result now: {"ticket", "reason"?}; order another one afterwards."""
        fields = fields_of(request)
        ticket = self._named_ticket(fields)
        reason = fields.text("reason", ROLLBACK_REASON)
        fields.done()
        answer = self._results.roll_back(ticket, reason)
        return json_reply({"ticket": ticket.shown(), "answer": answer.as_json()})

    def order_discard(self, request: Request) -> Reply:
        """Cancel a ticket now and say so: {"ticket"}."""
        fields = fields_of(request)
        ticket = self._named_ticket(fields)
        fields.done()
        ticket.status, ticket.updated_at = "cancelled", time.time()
        answer = self._webhook.ask("ticket_discard", named(ticket), ticket)
        return json_reply({"ticket": ticket.shown(), "answer": answer.as_json()})

    def order_message(self, request: Request) -> Reply:
        """Send a message of any action about a ticket: {"ticket", "action"}."""
        fields = fields_of(request)
        ticket = self._named_ticket(fields)
        action = fields.text("action")
        fields.done()
        answer = self._webhook.ask(action, ticket.for_webhook(), ticket)
        return json_reply({"ticket": ticket.shown(), "answer": answer.as_json()})

    def change_settings(self, request: Request) -> Reply:
        """Taxes in percent, times: {"ext"?, "wht"?, "reserve_expires_s"?, "closed_after_s"?}."""
        fields = fields_of(request)
        ext = fields.decimal("ext", self._counter.ext)
        wht = fields.decimal("wht", self._counter.wht)
        expires_s = fields.seconds("reserve_expires_s", _exact(self._reserve_expires_s))
        closed_after_s = fields.seconds("closed_after_s", _exact(self._closed_after_s))
        fields.done()
        self._counter.ext, self._counter.wht = ext, wht
        self._reserve_expires_s, self._closed_after_s = expires_s, closed_after_s
        return json_reply(
            {
                "ext": ext,
                "wht": wht,
                "reserve_expires_s": expires_s,
                "closed_after_s": closed_after_s,
            }
        )

    def tick(self, now: float) -> None:
        """Let reservations expire, decide and tell what is due, close what is old."""
        for ticket in self._book.newest("reserved"):
            if now - ticket.created_at > self._reserve_expires_s:
                self._book.move(ticket, "cancelled", now=now, only_from=("reserved",))
                self._around.state.touch()
        if self._around.options.auto_settle:
            self._announce(self._results.due(now=now))
            self._results.close(now=now, after_s=self._closed_after_s)
        self._results.change_due(now=now)
        if self._book.forget_old(now=now):
            self._around.state.touch()

    def settle_all(self, now: float) -> int:
        """Decide every open ticket, as if its event ended now."""
        decided = self._results.due(now=now, at_once=True)
        self._announce(decided)
        return len(decided)

    def dump(self) -> dict[str, Any]:
        """The target and all tickets."""
        return {"target": asdict(self._webhook.target), "tickets": self._book.dump()}

    def load(self, kept: dict[str, Any], now: float) -> None:
        """Take up tickets and target; a webhook given at the start goes before the kept one.

        What nobody acknowledged is told again.
        """
        if kept.get("target") and not self._webhook.target.callback_base:
            self._webhook.target = read_target(kept["target"], self._webhook.target)
        self._book.load(kept.get("tickets", []))
        if self._webhook.target.callback_base:
            for ticket in self._book.newest("resulted"):
                self._results.tell_again(ticket)

    def _announce(self, tickets: list[SoldTicket]) -> None:
        for ticket in tickets:
            self._results.announce(ticket)

    def _named_ticket(self, fields: Fields) -> SoldTicket:
        ticket = self._book.find(fields.text("ticket"))
        if ticket is None:
            raise BadOrderError("ticket", "is not known")
        return ticket


def _exact(seconds: float) -> Decimal:
    return Decimal(str(seconds))


SANDBOX = SuperbetSandbox
