"""What became of a ticket whose answer was lost."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from providers import calls, services
from providers.contract import Accepted, Rejected, Unknown
from providers.models import ProviderCall
from tests.factories.superbet import TICKET, make_open_ticket, make_superbet, make_ticket_slip
from tests.providers.samples import sample
from tests.providers.scripted import Scripted, reply, reset

GET = f"/be/tickets/{TICKET}"
OPEN = json.loads(sample("superbet", "paid", "response"))
NOT_FOUND = json.loads(sample("superbet", "error_102", "response"))
LONG_AGO = datetime.now(UTC) - timedelta(hours=2)
LONG_PAST = "2024-07-11T18:40:52.995000"

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(server: Scripted):
    return make_superbet(server.url)


@pytest.fixture
def creating(server: Scripted):
    return make_superbet(server.url, placement="create")


def resolve(account, **changes):
    return calls.resolve(account=account, bet=make_open_ticket(**changes), deadline_s=5)


def ticket(**changes):
    return {**OPEN, "created": datetime.now(UTC).isoformat(), **changes}


@pytest.mark.parametrize("status", ["open", "calculating", "resulted", "closed"])
def test_a_ticket_that_stands_is_accepted(server, account, status):
    server.on(GET, reply(ticket(status=status)))

    placed = resolve(account)

    assert isinstance(placed, Accepted)
    assert (placed.reference, placed.excise) == (TICKET, Decimal("1.11"))
    (call,) = ProviderCall.objects.all()
    assert (call.operation, call.subject_kind) == ("ticket", "coupon")


def test_a_cancelled_ticket_is_rejected(server, account):
    server.on(GET, reply(ticket(status="cancelled")))

    assert isinstance(resolve(account), Rejected)


@pytest.mark.parametrize("status", ["reserved", "new"])
def test_a_reservation_is_left_alone_until_it_has_expired(server, account, status):
    server.on(GET, reply(ticket(status=status)))
    young = resolve(account)
    server.on(GET, reply(ticket(status=status, created=LONG_PAST)))
    old = resolve(account, placed_at=LONG_AGO)

    assert isinstance(young, Unknown)
    assert 1790 < young.decided_in_s <= 1800
    assert isinstance(old, Rejected)
    assert old.code == "reservation_expired"
    assert all(sent.method == "GET" for sent in server.received), "it is never paid again"


def test_the_later_of_both_clocks_counts(server, account):
    server.on(GET, reply(ticket(status="reserved", created=LONG_PAST)))
    just_placed = resolve(account)
    server.on(GET, reply(ticket(status="reserved")))
    just_created = resolve(account, placed_at=LONG_AGO)

    assert isinstance(just_placed, Unknown)
    assert isinstance(just_created, Unknown)


def test_the_account_says_when_a_reservation_expires(server):
    account = make_superbet(server.url, reserve_expires_s="5")
    created = (datetime.now(UTC) - timedelta(seconds=10)).isoformat()
    server.on(GET, reply(ticket(status="reserved", created=created)))

    assert isinstance(resolve(account), Rejected)


def test_a_ticket_that_is_gone_is_rejected_once_it_would_have_expired(server, account):
    server.on(GET, reply(NOT_FOUND, status=400))

    assert isinstance(resolve(account), Unknown)
    assert isinstance(resolve(account, placed_at=LONG_AGO), Rejected)


@pytest.mark.parametrize(
    "step",
    [
        reset,
        reply("<html>"),
        reply("", status=429),
        reply("", status=500),
        reply("", status=403),
        reply(ticket(status="frozen", created=LONG_PAST)),
        reply(ticket(status="", created=LONG_PAST)),
        reply(ticket(status="reserved", id="another", created=LONG_PAST)),
        reply(ticket(id="another")),
    ],
)
def test_any_other_answer_leaves_it_open(server, account, step):
    server.on(GET, step)

    assert isinstance(resolve(account, placed_at=LONG_AGO), Unknown)


@pytest.mark.parametrize(
    "step", [reply([ticket()] and json.dumps([ticket()])), reset, reply("<html>")]
)
def test_without_an_id_nothing_was_paid(server, account, step):
    server.on("/be/tickets?limit=10&user_id=token_i", step)

    placed = resolve(account, reference="")

    assert isinstance(placed, Rejected)
    assert placed.code == "provider_no_clear_answer"
    assert len(server.received) == 1


# --- tickets that were to be created at once ----------------------------------------------------


JUST_NOW = "just now"


def listed(**changes):
    """A ticket of a list, dated when the list is asked for."""
    return {**OPEN, "created": JUST_NOW, **changes}


def listing(server, *found):
    answer = json.dumps(list(found)).replace(JUST_NOW, datetime.now(UTC).isoformat())
    server.on("/be/tickets?limit=100&user_id=token_i", reply(answer))


def test_the_one_ticket_that_fits_is_accepted(server, creating):
    listing(
        server,
        listed(),
        listed(id="dearer", price=1100),
        listed(id="earlier", created=LONG_PAST),
        listed(id="other money", currency="KES"),
        listed(id="discarded", status="cancelled"),
        listed(id="other game", type="jackpot"),
        listed(id="other player", user_id="token_ii"),
    )

    placed = resolve(creating, reference="")

    assert isinstance(placed, Accepted)
    assert placed.reference == TICKET


@pytest.mark.parametrize(
    "found",
    [
        (),
        (listed(price=None),),
        (listed(created=None),),
        (listed(), listed(id="twin")),
        (listed(), listed(id="unclear", price=None)),
        (listed(), listed(id="undated", created=None)),
        (listed(status="reserved"),),
        (listed(), *(listed(id=f"t{number}", price=number) for number in range(99))),
        ({"code": "no id"},),
    ],
    ids=[
        *("none", "only one unclear", "only one undated", "two", "one unclear", "one undated"),
        *("not open", "list is full", "unreadable"),
    ],
)
def test_none_or_two_prove_nothing(server, creating, found):
    listing(server, *found)

    assert isinstance(resolve(creating, reference=""), Unknown)


def test_a_list_that_is_refused_proves_nothing(server, creating):
    server.on("/be/tickets?limit=100&user_id=token_i", reply("", status=403))

    assert isinstance(resolve(creating, reference=""), Unknown)


def test_a_ticket_that_was_to_be_created_is_not_taken_for_unpaid_once_the_account_reserves(
    server, creating
):
    server.on("/be/tickets", reset)
    listing(server, listed())
    bet = make_open_ticket(reference="")
    slip = make_ticket_slip(coupon_id=bet.coupon_id)
    calls.place(account=creating, slip=slip, deadline_s=5, keep=bool)
    account = services.save_account(code=creating.code, settings={"placement": "reserve"})

    placed = calls.resolve(account=account, bet=bet, deadline_s=5)

    assert isinstance(placed, Accepted)


@pytest.mark.parametrize(
    ("ids", "reference"),
    [
        (("other", "mine"), "mine"),
        (("other",), None),
        (("mine",), "mine"),
        (("mine", "none"), "mine"),
    ],
)
def test_a_ticket_that_carries_our_coupon_is_told_from_equal_ones(server, creating, ids, reference):
    carried = {"mine": str(UUID(int=5)), "other": str(UUID(int=9)), "none": None}
    listing(server, *(listed(id=each, atag=carried[each]) for each in ids))

    found = resolve(creating, reference="")

    assert getattr(found, "reference", None) == reference
