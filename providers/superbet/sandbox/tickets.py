"""The tickets of the engine: amounts in cents, states, and what is shown of them.

Source: documents/superbet.txt, "Response fields".
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from providers.sandbox.grading import Leg

OPERATOR_TIME = timedelta(hours=2)
KEEP_CLOSED_S = 3600
KEEP_CALLBACKS = 30
HUNDRED = Decimal(100)


def whole(amount: Decimal) -> int:
    """Half-up to the cent."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass
class SoldTicket:
    """One ticket; amounts in cents, percentages as they are, times in unix seconds.

    `status` goes reserved → open → resulted → closed, or to cancelled from the first two.
    """

    id: str
    code: str
    operator: str
    user_id: str
    price: int
    currency: str
    atag: str | None
    source: str
    event: int
    bets: list[int]
    legs: list[Leg]
    ext: Decimal
    wht: Decimal
    created_at: float
    status: str = "new"
    result: str = "pending"
    approved: bool = True
    gross_payout: int = 0
    net_payout: int = 0
    wht_amount: int = 0
    updated_at: float = 0
    resulted_at: float | None = None
    next_result: str = ""
    change_at: float | None = None
    change_after_s: float = 0
    callbacks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stake(self) -> int:
        """What is left of the price after the inclusive excise duty."""
        return whole(Decimal(self.price) / (1 + self.ext / HUNDRED))

    @property
    def ext_amount(self) -> int:
        """The excise duty in the price."""
        return self.price - self.stake

    def pays(self, result: str, coefficient: Decimal) -> None:
        """Set the payout: the withholding tax is on what is won above the stake."""
        gross = {"won": whole(self.stake * coefficient), "void": self.price}.get(result, 0)
        taxed = max(gross - self.stake, 0) if result == "won" else 0
        self.gross_payout = gross
        self.wht_amount = whole(taxed * self.wht / HUNDRED)
        self.net_payout = gross - self.wht_amount

    def shown(self) -> dict[str, Any]:
        """The documented answer, field by field in its order."""
        return {
            "id": self.id,
            "code": self.code,
            "price": self.price,
            "stake": self.stake,
            "gross_payout": self.gross_payout,
            "net_payout": self.net_payout,
            "wht_amount": self.wht_amount,
            "wht": self.wht,
            "ext_amount": self.ext_amount,
            "ext": self.ext,
            "ext_type": "inclusive",
            "currency": self.currency,
            "status": self.status,
            "result": self.result,
            "approved": self.approved,
            "source": self.source,
            "type": "superbet",
            "atag": self.atag,
            "user_id": self.user_id,
            "created": _moment(self.created_at),
            "operator_time_created": _moment(self.created_at, OPERATOR_TIME),
            "updated": _moment(self.updated_at),
            "operator_time_updated": _moment(self.updated_at, OPERATOR_TIME),
        }

    def for_webhook(self) -> dict[str, Any]:
        """The fields of ticket_reserve, ticket_create and ticket_void."""
        return {
            "operator": self.operator,
            "ticket_id": self.id,
            "ticket_code": self.code,
            "player_id": self.user_id,
            "price": self.price,
            "stake": self.stake,
            "wht_amount": self.wht_amount,
            "wht": self.wht,
            "ext_amount": self.ext_amount,
            "ext": self.ext,
            "ext_type": "inclusive",
            "gross_payout": self.gross_payout,
            "net_payout": self.net_payout,
            "currency": self.currency,
            "atag": self.atag,
            "ticket_type": "superbet",
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> SoldTicket:
        """The ticket as it was kept in the state file."""
        moments = {
            name: None if data[name] is None else float(data[name])
            for name in ("resulted_at", "change_at")
        }
        exact = {
            "legs": [Leg.load(leg) for leg in data["legs"]],
            "ext": Decimal(data["ext"]),
            "wht": Decimal(data["wht"]),
            "created_at": float(data["created_at"]),
            "updated_at": float(data["updated_at"]),
            "change_after_s": float(data["change_after_s"]),
            **moments,
        }
        return cls(**{**data, **exact})


class TicketBook:
    """All tickets that are kept, by id and by code."""

    def __init__(self) -> None:
        self._tickets: dict[str, SoldTicket] = {}
        self.lock = threading.RLock()

    def write(self, **details: Any) -> SoldTicket:
        """A new ticket under a new id and code."""
        # From real chance: a restart with the same seed must not repeat one.
        ticket = SoldTicket(id=secrets.token_hex(12), code=secrets.token_hex(3).upper(), **details)
        ticket.updated_at = ticket.created_at
        with self.lock:
            self._tickets[ticket.id] = ticket
        return ticket

    def find(self, id_or_code: str) -> SoldTicket | None:
        """The ticket of that id or code."""
        with self.lock:
            by_code = (each for each in self._tickets.values() if each.code == id_or_code)
            return self._tickets.get(id_or_code) or next(by_code, None)

    def newest(self, *statuses: str) -> list[SoldTicket]:
        """The tickets in these states, newest first; all of them if none is named."""
        with self.lock:
            found = [t for t in self._tickets.values() if not statuses or t.status in statuses]
        return sorted(found, key=lambda ticket: ticket.created_at, reverse=True)

    def move(
        self, ticket: SoldTicket, status: str, *, now: float, only_from: Iterable[str]
    ) -> bool:
        """Change the state of a ticket, unless it has another one meanwhile."""
        with self.lock:
            if ticket.status not in only_from:
                return False
            ticket.status, ticket.updated_at = status, now
        return True

    def note(self, ticket: SoldTicket, entry: dict[str, Any]) -> None:
        """Keep one message about a ticket, and its answer."""
        with self.lock:
            ticket.callbacks = [*ticket.callbacks, entry][-KEEP_CALLBACKS:]

    def forget_old(self, *, now: float) -> bool:
        """Drop what has been final for more than an hour; says whether anything was."""
        with self.lock:
            old = [
                ticket.id
                for ticket in self.newest("closed", "cancelled")
                if now - ticket.updated_at > KEEP_CLOSED_S
            ]
            for ticket_id in old:
                del self._tickets[ticket_id]
        return bool(old)

    def dump(self) -> list[dict[str, Any]]:
        """All tickets as JSON, oldest first."""
        return [asdict(ticket) for ticket in reversed(self.newest())]

    def load(self, kept: list[dict[str, Any]]) -> None:
        """Take up the tickets of an earlier run."""
        with self.lock:
            self._tickets.update((ticket.id, ticket) for ticket in map(SoldTicket.load, kept))


def _moment(at: float, offset: timedelta = timedelta(0)) -> str:
    """As 2024-01-28T14:33:01.000000."""
    moment = datetime.fromtimestamp(at, UTC) + offset
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")
