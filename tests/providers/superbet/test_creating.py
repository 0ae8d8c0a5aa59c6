"""Creating tickets with one call over real HTTP."""

from decimal import Decimal

import pytest

from providers.contract import Accepted, Rejected, Unknown
from providers.models import ProviderAccount
from tests.factories.superbet import make_superbet
from tests.providers.scripted import reply, reset
from tests.providers.superbet.asked import (
    CANCELLED,
    CREATE,
    OPEN,
    RESERVED,
    UNDECIDED,
    limited,
    place,
)


@pytest.fixture
def creating(server, db) -> ProviderAccount:
    server.on(CREATE, reply(OPEN))
    return make_superbet(server.url, placement="create")


def test_a_created_ticket_is_accepted_with_one_call(server, creating):
    placed = place(creating)

    assert isinstance(placed, Accepted)
    assert placed.excise == Decimal("1.11")
    assert [sent.path for sent in server.received] == [CREATE]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({**OPEN, "approved": False}, Rejected),
        (CANCELLED, Rejected),
        (RESERVED, Unknown),
        ({**OPEN, "status": "frozen"}, Unknown),
        ({**OPEN, "price": 2000}, Unknown),
    ],
)
def test_a_created_ticket_in_another_state(server, creating, answer, kind):
    server.on(CREATE, reply(answer))

    assert isinstance(place(creating), kind)


@pytest.mark.parametrize("step", [reset, limited("0"), reply("<html>", status=400), *UNDECIDED])
def test_a_lost_creation_is_unknown_and_not_repeated(server, creating, step):
    server.on(CREATE, step)

    assert isinstance(place(creating), Unknown)
    assert len(server.requests(CREATE)) == 1
