"""What the tests of superbet's placements ask for, and what the engine answers."""

import json

from providers import services
from providers.models import ProviderCall
from tests.factories.superbet import TICKET, make_ticket_slip
from tests.providers.samples import sample
from tests.providers.scripted import Scripted, reply

RESERVE = "/be/tickets/reserve"
PAID = f"/be/tickets/{TICKET}/paid"
GET = f"/be/tickets/{TICKET}"
CREATE = "/be/tickets"
RESERVED = json.loads(sample("superbet", "reserve", "response"))
OPEN = json.loads(sample("superbet", "paid", "response"))
CANCELLED = json.loads(sample("superbet", "not_approved", "response"))


def error(code: int) -> dict:
    return json.loads(sample("superbet", f"error_{code}", "response"))


class Kept:
    """Stores the id of a ticket, or says that the coupon waits no more."""

    def __init__(self, server: Scripted, *, answer: bool = True) -> None:
        self._server = server
        self._answer = answer
        self.references: list[str] = []
        self.sent_before: list[str] = []

    def __call__(self, reference: str) -> bool:
        self.references.append(reference)
        self.sent_before = [request.path for request in self._server.received]
        return self._answer


def place(account, *bets, keep=bool, deadline_s=5.0, **changes):
    slip = make_ticket_slip(*bets, **changes)
    return services.place(account=account, keep=keep, slip=slip, deadline_s=deadline_s)


def calls() -> list[tuple[str, str]]:
    return list(ProviderCall.objects.order_by("id").values_list("operation", "outcome"))


def limited(retry_after: str):
    headers = (f"Retry-After: {retry_after}",) if retry_after else ()
    return reply("", status=429, headers=(*headers, "Content-Type: text/plain"))


UNDECIDED = [
    reply({"message": "conflict"}, status=409),
    reply({"code": 408, "message": "timed out"}, status=408),
]
