"""The client against an exchange that was written from the document alone."""

import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from providers import exchange, registry, services
from providers.contract import (
    Cancelled,
    Done,
    Menu,
    OfferStatus,
    Placed,
    ReadRefused,
    Rejected,
    Unknown,
)
from providers.models import SeenDetail
from providers.sandbox.server import RunningSandbox, running_sandbox
from tests.factories.betflag import BACK, LAY, make_exchange, make_offers

pytestmark = pytest.mark.django_db

MARKET = "813016"


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=40, seed=5, auto_settle=False) as running:
        running.post("/betflag/settings", {"traders": False})
        yield running


@pytest.fixture
def sandbox(shared: RunningSandbox) -> Iterator[RunningSandbox]:
    yield shared
    shared.call("DELETE", "/faults")
    shared.post(
        "/betflag/settings",
        {"traders": False, "lay_amount": "stake", "back_takes": "banca"},
    )
    shared.post("/betflag/settle", {"winner": 0})


@pytest.fixture
def account(sandbox):
    return make_exchange(sandbox.url + "/betflag", offer_statuses="1=open,2=open,3=cancelled")


@pytest.fixture
def betflag():
    return registry.get("betflag")


def place(account, *offers, **changes):
    return registry.get("betflag").place_offers(
        account, make_offers(*offers, **changes), deadline_s=5
    )


def own(account):
    """What the account has now; the sandbox gives every test the same one, newest last."""
    return registry.get("betflag").own_offers(account, MARKET, deadline_s=5)


def test_an_order_lies_open_is_matched_and_is_cancelled(sandbox, account, betflag):
    errors = sandbox.client_errors()
    placed = place(account)
    lay, back = placed.offers
    sandbox.post("/betflag/match", {"offer": back.reference, "amount": 50_000})

    found = {offer.reference: offer for offer in own(account)}

    assert found[lay.reference].status is OfferStatus.OPEN
    partly = found[back.reference]
    assert (partly.status, partly.matched) == (OfferStatus.PARTLY_MATCHED, Decimal(500))
    opened = {
        offer.reference: offer for offer in betflag.open_offers(account, MARKET, deadline_s=5)
    }
    assert opened.keys() == {lay.reference, back.reference}
    assert opened[back.reference].average_matched_odds == Decimal("1.52")

    gone = betflag.cancel_offers(account, MARKET, [lay.reference], deadline_s=5)
    rest = betflag.cancel_unmatched(account, MARKET, deadline_s=5)

    assert gone == Cancelled(references=(lay.reference,))
    assert rest == Cancelled(references=(back.reference,))
    found = {offer.reference: offer for offer in own(account)}
    assert found[lay.reference].status is OfferStatus.CANCELLED
    assert found[back.reference].status is OfferStatus.CANCELLED
    assert found[back.reference].matched == Decimal(500)
    assert sandbox.client_errors() == errors


def test_a_back_takes_what_the_book_shows_for_backs(sandbox, account, betflag):
    sandbox.post("/betflag/settings", {"traders": True})
    # The traders come once a second.
    for _ in range(100):
        time.sleep(0.05)
        book = betflag.book(account, MARKET, depth=3, deadline_s=5)
        if len(book.selections) == 3 and all(len(each.back) == 3 for each in book.selections):
            break
    best = book.selections[0].back[0]
    assert [price.odds for price in book.selections[0].back] == sorted(
        (price.odds for price in book.selections[0].back), reverse=True
    )
    assert book.selections[0].lay[0].odds > best.odds

    placed = place(account, replace(BACK, selection_id="1", odds=best.odds, stake=Decimal("5.00")))

    assert placed.offers[0].matched == Decimal("5.00")
    assert (book.status, book.market_id) == ("open", MARKET)


def test_swapped_sides_are_read_by_the_setting(sandbox, account, betflag):
    sandbox.post("/betflag/settings", {"back_takes": "punta"})
    place(account, LAY)
    services.save_account(code=account.code, settings={"back_takes": "punta"})
    account.refresh_from_db()

    (first, *_) = betflag.book(account, MARKET, depth=1, deadline_s=5).selections

    assert first.back[0].odds == Decimal("1.76")
    assert first.lay == ()


def test_lays_that_count_with_their_liability(sandbox, account):
    sandbox.post("/betflag/settings", {"lay_amount": "liability"})
    assert place(account, LAY).code == "provider_refused"
    services.save_account(code=account.code, settings={"lay_amount": "liability"})
    account.refresh_from_db()

    assert isinstance(place(account, LAY), Placed)


def test_money_and_exposure_follow(account, betflag):
    before = betflag.funds(account, deadline_s=5)
    place(account, LAY)

    funds = betflag.funds(account, deadline_s=5)
    exposure = betflag.exposure(account, MARKET, deadline_s=5)

    assert funds.locked - before.locked == Decimal("87.40")
    assert (funds.balance, funds.free) == (before.balance, before.free - Decimal("87.40"))
    assert exposure.worst == Decimal("87.40")
    assert exposure.results[0] == ("1", Decimal("-87.40"))
    assert betflag.commission_percent(account, deadline_s=5) == Decimal("2.51")
    assert dict(betflag.holder(account, deadline_s=5).facts)["First name"] == "Mario"


def test_every_menu_is_read(account, betflag):
    everything = betflag.events(account, Menu.ALL, deadline_s=5)
    live = betflag.events(account, Menu.LIVE, deadline_s=5)
    soon = betflag.events(account, Menu.UPCOMING_LIVE, deadline_s=5)

    assert everything[0].name == "Lazio - Hellas Verona"
    assert {event.id for event in (*live, *soon)} <= {event.id for event in everything}
    assert live
    for event in everything:
        found = betflag.event_markets(account, event.id, deadline_s=5)
        assert (found.markets, found.starts_at) == (event.markets, event.starts_at)


def test_nothing_that_the_exchange_says_is_new_to_us(sandbox, account, betflag):
    services.save_account(
        code=account.code, settings={"market_statuses": "2=open,3=suspended,4=closed"}
    )
    account.refresh_from_db()
    placed = place(account)
    sandbox.post("/betflag/match", {"offer": placed.offers[0].reference, "amount": 100})
    betflag.cancel_unmatched(account, MARKET, deadline_s=5)
    sandbox.post("/betflag/suspend", {})
    own(account)
    assert betflag.book(account, MARKET, depth=1, deadline_s=5).status == "suspended"
    for read in (betflag.open_offers, betflag.matches, betflag.exposure):
        read(account, MARKET, deadline_s=5)
    betflag.events(account, Menu.ALL, deadline_s=5)
    betflag.event_markets(account, "411222", deadline_s=5)
    betflag.funds(account, deadline_s=5)
    betflag.holder(account, deadline_s=5)
    betflag.keep_alive(account, deadline_s=5)

    assert list(SeenDetail.objects.filter(account=account).values_list("name", flat=True)) == []


def test_sessions_are_lost_and_found(sandbox, account, betflag):
    place(account, LAY)
    for refusal in ("status", "errore"):
        sandbox.post("/betflag/settings", {"session_refusal": refusal})
        sandbox.post("/betflag/sessions/lose", {})
        assert isinstance(place(account, LAY), Placed)
        sandbox.order_fault("betflag", "session_lost", call="read")
        assert betflag.funds(account, deadline_s=5).currency == "EUR"
    sandbox.post("/betflag/settings", {"session_refusal": "status"})
    assert betflag.keep_alive(account, deadline_s=5) == Done()
    assert betflag.log_out(account, deadline_s=5) == Done()


def test_a_version_that_changed_is_refused_at_either_end(sandbox, account, betflag):
    version = betflag.book(account, MARKET, depth=1, deadline_s=5).version
    assert isinstance(place(account, LAY, market_version=version), Placed)
    sandbox.order_fault("betflag", "stale_version")

    there = place(account, LAY, market_version=version)
    here = place(account, LAY, market_version=version)

    assert there.code == "provider_refused"
    assert there.message == "The exchange refused: “Versione mercato non aggiornata”."
    assert here.code == "market_version_stale"


@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        ("accept_then_timeout", True),
        ("timeout", False),
        ("error_500", False),
        ("junk_body", True),
        ("connection_reset", False),
        ("partial_answer", True),
    ],
)
def test_without_a_clear_answer_own_offers_say_what_became_of_it(sandbox, account, fault, taken):
    before = {offer.reference for offer in own(account)}
    sandbox.order_fault("betflag", fault, call="place", seconds=2)
    slip = make_offers()

    placed = registry.get("betflag").place_offers(account, slip, deadline_s=1)

    assert isinstance(placed, Unknown)
    new = [offer for offer in own(account) if offer.reference not in before]
    assert len(new) == (2 if taken else 0)
    for wanted, found in zip(slip.offers, new, strict=False):
        assert (found.selection_id, found.side) == (wanted.selection_id, wanted.side)
        assert (found.odds, found.stake) == (wanted.odds, wanted.stake)


def test_refusals_quote_the_exchanges_words(sandbox, account):
    sandbox.order_fault("betflag", "reject", code="insufficient_funds")

    assert place(account) == Rejected(
        code="insufficient_funds",
        message="The account's free balance does not cover the liability: “Saldo insufficiente”.",
        provider_code="1020",
    )


def test_a_market_that_it_does_not_know_has_a_code_of_its_own(sandbox, account):
    betflag = registry.get("betflag")
    with pytest.raises(ReadRefused) as of_book:
        betflag.book(account, "1", depth=1, deadline_s=5)
    with pytest.raises(ReadRefused) as of_offers:
        betflag.own_offers(account, "1", deadline_s=5)
    assert {of_book.value.code, of_offers.value.code} == {"market_not_found"}


def test_what_is_kept_at_kick_off_is_what_the_order_says(sandbox, account):
    kept = place(account, LAY, keep_in_play=True).offers[0].reference
    gone = place(account, LAY, keep_in_play=False).offers[0].reference

    sandbox.post("/betflag/live", {})

    status = {offer.reference: offer.status for offer in own(account)}
    assert (status[kept], status[gone]) == (OfferStatus.OPEN, OfferStatus.CANCELLED)


def test_what_is_kept_in_a_live_suspension_is_what_the_order_says(sandbox, account):
    sandbox.post("/betflag/live", {})
    kept = place(account, LAY, keep_on_suspension=True).offers[0].reference
    gone = place(account, LAY, keep_on_suspension=False).offers[0].reference

    sandbox.post("/betflag/suspend", {})

    status = {offer.reference: offer.status for offer in own(account)}
    assert (status[kept], status[gone]) == (OfferStatus.OPEN, OfferStatus.CANCELLED)


def test_the_neutral_service_reaches_the_exchange(account):
    book = exchange.book(account=account, market_id=MARKET, depth=1, deadline_s=5)

    assert [selection.label for selection in book.selections] == ["1", "X", "2"]


def test_the_connection_can_be_tested(account):
    assert services.test_connection(account=account).ok
