"""The engine's messages to the operator's webhook: asked and waited for, or told until taken.

Source: superbet's page, "PAM webhook that we host".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from providers.sandbox import wire
from providers.sandbox.contract import Surroundings
from providers.sandbox.courier import Answer, Callback
from providers.superbet.sandbox.target import Target
from providers.superbet.sandbox.tickets import SoldTicket, TicketBook


class Webhook:
    """Sends messages; every one about a ticket is kept with it."""

    def __init__(self, around: Surroundings, book: TicketBook) -> None:
        self._around = around
        self._book = book
        self.target = Target()

    def ask(self, action: str, data: dict[str, Any], ticket: SoldTicket | None = None) -> Answer:
        """One attempt, waiting for its answer."""
        callback = self._callback(action, data)
        answer = self._around.courier.send_now(callback)
        if ticket is not None:
            self._noting(ticket, callback)(answer)
        return answer

    def tell(
        self,
        action: str,
        data: dict[str, Any],
        ticket: SoldTicket,
        *,
        delay_s: float = 0,
        wrong_signature: bool = False,
    ) -> None:
        """Deliver from now on, until it is answered 200; a wrong signature is tried once."""
        callback = self._callback(action, data, wrong_signature=wrong_signature)
        self._around.courier.schedule(
            callback,
            on_answer=self._noting(ticket, callback),
            delay_s=delay_s,
            until_good=not wrong_signature,
        )

    def identify(self, token: str) -> dict[str, Any] | None:
        """Who is behind a token, as the operator says."""
        answer = self.ask("identify", {"operator": self.target.operator, "token": token})
        try:
            player = wire.loads(answer.body) if answer.status == 200 else None
        except ValueError:
            return None
        known = isinstance(player, dict) and isinstance(player.get("player_id"), str | int)
        return player if known else None

    def _callback(
        self, action: str, data: dict[str, Any], *, wrong_signature: bool = False
    ) -> Callback:
        target = self.target
        body = wire.dumps({"action": action, "data": data})
        return Callback(
            "superbet",
            target.callback_base,
            body,
            headers=lambda: target.headers(body, wrong=wrong_signature),
        )

    def _noting(self, ticket: SoldTicket, callback: Callback) -> Callable[[Answer], None]:
        def note(answer: Answer) -> None:
            entry = {"at": int(time.time()), "sent": callback.body, **answer.as_json()}
            self._book.note(ticket, entry)
            self._around.state.touch()

        return note


def named(ticket: SoldTicket, reason: str = "") -> dict[str, Any]:
    """The fields of the messages that only name a ticket."""
    data = {"operator": ticket.operator, "ticket_id": ticket.id}
    return {**data, "reason": reason} if reason else data
