"""What goes on while an account is suspended: questions about open business, and nothing else."""

from contextlib import nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from providers import admission, calls, completion, exchange, health, services
from providers.contract import (
    Accepted,
    Incomplete,
    NotSent,
    ReadRefused,
    Rejected,
    Settle,
    Verdict,
)
from providers.models import ProviderCall
from providers.transport import CallNotSent, Transport
from tests.factories.betflag import make_exchange, make_offers
from tests.factories.calls import a_call, open_the_circuit
from tests.factories.providers import make_account
from tests.factories.superbet import TICKET, make_open_ticket, make_superbet, make_ticket_slip
from tests.providers.betflag.asked import MARKET, answer
from tests.providers.samples import sample
from tests.providers.scripted import Scripted, reply

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def suspend(account, **how) -> None:
    health.suspend(account_id=account.id, by="staff:ada", reason="Audit.", now=NOW, **how)


# --- which calls go -----------------------------------------------------------------------------


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
def account():
    account = make_account()
    suspend(account)
    return account


def held_back(transport, server, account, *, asks: bool = True, follows: bool = True) -> str:
    """The code of why it is held back, empty if it goes."""
    server.on("/ask", reply({}))
    call = a_call(account, server.url + "/ask", asks=asks)
    try:
        with admission.following_up() if follows else nullcontext():
            transport.call(call)
    except CallNotSent as held:
        return held.code
    return ""


@pytest.mark.parametrize(
    ("asks", "follows", "expected"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_only_a_question_about_open_business_goes(
    server, transport, account, asks, follows, expected
):
    code = held_back(transport, server, account, asks=asks, follows=follows)

    assert code == ("" if expected else "provider_suspended")
    assert server.connections == int(expected)


def test_a_call_that_was_held_back_just_before_does_not_hold_a_question_back(
    server, transport, account
):
    assert held_back(transport, server, account, asks=False, follows=False)

    assert held_back(transport, server, account) == ""


def test_a_suspension_may_hold_questions_back_as_well(server, transport):
    account = make_account()
    suspend(account, wholly=True)
    assert held_back(transport, server, account) == "provider_suspended"

    health.resume(account_id=account.id)
    suspend(account)
    assert held_back(transport, server, account) == ""


def test_refused_credentials_and_an_open_circuit_hold_a_question_back(server, transport, account):
    health.credentials_refused(account_id=account.id, message="no")
    assert held_back(transport, server, account) == "provider_suspended"

    health.forget_refusal(account_id=account.id)
    open_the_circuit(account, due=False)
    assert held_back(transport, server, account) == "circuit_open"
    assert server.connections == 0


# --- what that means for providers --------------------------------------------------------------


def test_what_became_of_a_ticket_is_asked_and_none_is_placed(server: Scripted):
    account = make_superbet(server.url)
    suspend(account)
    server.on(f"/be/tickets/{TICKET}", reply(sample("superbet", "paid", "response")))

    found = calls.resolve(account=account, bet=make_open_ticket(), deadline_s=5)
    placed = services.place(
        account=account, slip=make_ticket_slip(), deadline_s=5, keep=lambda _: True
    )

    assert isinstance(found, Accepted)
    assert isinstance(placed, NotSent)
    assert placed.code == "provider_suspended"
    assert server.connections == 1


def test_the_amounts_of_a_result_are_asked(server: Scripted):
    account = make_superbet(server.url)
    suspend(account)
    server.on(f"/be/tickets/{TICKET}", reply(sample("superbet", "paid", "response")))
    won = Settle(reference=TICKET, verdict=Verdict.WON, incomplete=True)

    with pytest.raises(Incomplete) as unclear:
        completion.complete(account=account, command=won, deadline_s=5)

    assert "suspended" not in str(unclear.value)
    assert ProviderCall.objects.get().operation == "ticket"


def test_own_offers_are_watched_with_a_login_and_none_is_placed(server: Scripted):
    account = make_exchange(server.url)
    suspend(account)
    server.on("POST /security/session", answer("login"))
    server.on("GET /offers/all/813016", answer("own_offers"))

    offers = exchange.own_offers(account=account, market_id=MARKET, deadline_s=5)

    assert offers[1].matched == Decimal("500.00")
    placed = exchange.place_offers(
        account=account, slip=make_offers(), batch_id=uuid4(), deadline_s=5
    )
    assert (type(placed), placed.code) == (NotSent, "provider_suspended")
    with pytest.raises(ReadRefused, match="suspended"):
        exchange.funds(account=account, deadline_s=5)
    assert sent(server) == ["/security/session", "/offers/all/813016"]


def test_an_offer_that_is_not_listed_is_looked_for_among_the_open_ones(server: Scripted):
    account = make_exchange(server.url)
    suspend(account)
    server.on("POST /security/session", answer("login"))

    with pytest.raises(ReadRefused) as refused:
        exchange.open_offers(account=account, market_id=MARKET, deadline_s=5)

    assert "suspended" not in str(refused.value)
    assert len(sent(server)) == 2


def test_a_bet_that_can_only_be_returned_waits(server: Scripted):
    account = make_account("gr8", base_url=server.url, secrets={"token": "Bearer abc"})
    suspend(account)

    fate = calls.resolve(account=account, bet=make_open_ticket(placed_at=NOW), deadline_s=5)

    assert not isinstance(fate, Accepted | Rejected)
    assert "suspended" in str(fate)
    assert server.connections == 0


def sent(server: Scripted) -> list[str]:
    return [request.path for request in server.received]
