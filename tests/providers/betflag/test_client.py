"""betflag over real HTTP, against a server that answers what a test tells it."""

import json
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from providers import exchange, registry, services
from providers.contract import (
    Cancelled,
    Capability,
    Menu,
    NotSent,
    Placed,
    PlacedOffer,
    ReadRefused,
    Rejected,
    Unknown,
)
from providers.declarations import InvalidAccount
from providers.models import CallOutcome, ProviderCall, SeenDetail
from tests.factories.betflag import BACK, SECRETS, make_exchange, make_offers
from tests.factories.providers import make_account, make_slip
from tests.providers.betflag.asked import (
    BALANCE,
    BOOK,
    LOGIN,
    MARKET,
    PLACE,
    TOKEN,
    answer,
    place,
)
from tests.providers.samples import sample
from tests.providers.scripted import drip, reply, reset

pytestmark = pytest.mark.django_db


def test_the_order_on_the_wire_is_the_documents(server, account):
    placed = place(account)

    (login,), (sent,) = server.requests(LOGIN), server.requests(PLACE)
    assert login.json() == {"Username": "exchange-username", "Pwd": "exchange-password"}
    assert sent.json() == json.loads(sample("betflag", "place", "request"))
    assert sent.headers["x-bfkey"] == "exchange-api-key"
    assert sent.headers["x-bf-session-token"] == TOKEN
    assert "x-bf-session-token" not in login.headers
    assert placed == Placed(
        offers=(
            PlacedOffer(reference="BC0001", matched=Decimal(0)),
            PlacedOffer(reference="BC0002", matched=Decimal("500.00")),
        )
    )
    assert ProviderCall.objects.get(operation="place").outcome == CallOutcome.ACCEPTED


def test_some_offers_are_cancelled_or_all(server, account):
    server.on("DELETE /offers", answer("cancel"))
    server.on("DELETE /offers/unmatched", answer("cancel_unmatched"))
    betflag = registry.get("betflag")

    some = betflag.cancel_offers(account, MARKET, ["BC0001"], deadline_s=5)
    every = betflag.cancel_unmatched(account, MARKET, deadline_s=5)
    none = betflag.cancel_offers(account, MARKET, [], deadline_s=5)

    assert some == Cancelled(references=("BC0001",))
    assert every == Cancelled(references=("BC0001", "BC0002"))
    assert none == Cancelled(references=())
    assert [sent.json() for sent in server.requests("DELETE /offers")] == [
        json.loads(sample("betflag", "cancel", "request"))
    ]
    (sent,) = server.requests("DELETE /offers/unmatched")
    assert sent.json() == json.loads(sample("betflag", "cancel_unmatched", "request"))


def test_every_path_can_be_another(server, account):
    services.save_account(
        code=account.code,
        settings={
            "path.login": "/v3/login",
            "path.balance": "/v3/money",
            "path.book": "/v3/book?market={id_mercato}&depth={livello}",
        },
    )
    account.refresh_from_db()
    server.on("POST /v3/login", answer("login"))
    server.on("GET /v3/money", answer("balance"))
    server.on("GET /v3/book?market=813016&depth=2", answer("book"))
    betflag = registry.get("betflag")

    assert betflag.funds(account, deadline_s=5).balance == Decimal("424.73")
    assert len(betflag.book(account, MARKET, depth=2, deadline_s=5).selections) == 3
    assert server.requests(LOGIN) == []


def test_what_identifies_a_path_may_not_be_forgotten():
    account = make_exchange("http://127.0.0.1:9", **{"path.book": "/book/{id_mercato}"})

    assert services.warnings(account=account) == ("path.book: names no {livello}",)


@pytest.mark.parametrize("market", ["", "x", "1/../2", "-1", "1,2", "٣"])
def test_what_is_no_market_is_asked_nothing(server, account, market):
    betflag = registry.get("betflag")

    for read in (betflag.own_offers, betflag.open_offers, betflag.matches, betflag.exposure):
        with pytest.raises(ReadRefused):
            read(account, market, deadline_s=5)
    with pytest.raises(ReadRefused):
        betflag.book(account, market, depth=1, deadline_s=5)
    with pytest.raises(ReadRefused):
        betflag.event_markets(account, market, deadline_s=5)
    assert isinstance(betflag.cancel_unmatched(account, market, deadline_s=5), Rejected)
    assert isinstance(betflag.cancel_offers(account, market, ["B"], deadline_s=5), Rejected)
    assert isinstance(place(account, make_offers(market_id=market)), Rejected)
    assert server.connections == 0


@pytest.mark.parametrize(
    "step",
    [
        reset,
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + b" " * 4000),
        reply("<html></html>"),
        answer("place", status=500),
        answer("refused", status=503),
        answer("esito_unknown"),
        answer("place_partial"),
    ],
    ids=["reset", "drip", "html", "500", "503 with a no", "another esito", "an offer is missing"],
)
def test_what_is_neither_yes_nor_no_is_unknown_and_not_repeated(server, account, step):
    server.on(PLACE, step)

    placed = registry.get("betflag").place_offers(account, make_offers(), deadline_s=1)

    assert isinstance(placed, Unknown)
    assert len(server.requests(PLACE)) == 1
    assert ProviderCall.objects.get(operation="place").outcome == CallOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("row", "change"),
    [
        (0, {"importo": 11499}),
        (0, {"tipo": 1}),
        (0, {"abbinato": 11501}),
        (1, {"offerta": "BC0001"}),
        (1, {"offerta": ""}),
        (1, {"abbinato": -1}),
    ],
)
def test_an_answer_about_other_offers_is_unknown(server, account, row, change):
    body = json.loads(sample("betflag", "place", "response"))
    body["ordine"][row] |= change
    server.on(PLACE, reply(body))

    assert isinstance(place(account), Unknown)


def test_the_named_amount_may_be_what_is_left(server, account):
    body = json.loads(sample("betflag", "place", "response"))
    body["ordine"][1]["importo"] = 12800
    server.on(PLACE, reply(body))

    assert place(account).offers[1].matched == Decimal("500.00")


def test_an_error_beside_placed_orders_is_unknown(server, account):
    body = {**json.loads(sample("betflag", "place", "response")), "errore": "Errore interno"}
    server.on(PLACE, reply(body))

    assert isinstance(place(account), Unknown)


def test_a_stale_version_is_refused_before_the_order_is_sent(server, account):
    placed = place(account, make_offers(market_version=7))

    assert isinstance(placed, Rejected)
    assert placed.code == "market_version_stale"
    assert server.requests(PLACE) == []


def test_the_version_is_compared_with_the_book_of_now(server, account):
    """Not with one that is kept."""
    services.save_account(code=account.code, settings={"book_cache_s": "60"})
    account.refresh_from_db()
    betflag = registry.get("betflag")
    betflag.book(account, MARKET, depth=1, deadline_s=5)
    later = json.loads(sample("betflag", "book", "response"))
    later["offerte"]["versione"] = 2
    server.on(BOOK, reply(later))

    assert place(account, make_offers(market_version=1)).code == "market_version_stale"
    assert isinstance(place(account, make_offers(market_version=2)), Placed)
    (sent,) = server.requests(PLACE)
    assert sent.json()["versione_mercato"] == 2


def test_any_version_needs_no_book(server, account):
    place(account, make_offers(market_version=0))

    assert server.requests(BOOK) == []


def test_without_the_book_nothing_is_sent(server, account):
    server.on(BOOK, reset)

    assert isinstance(place(account, make_offers(market_version=1)), NotSent)
    assert server.requests(PLACE) == []


def test_times_are_of_rome(server, account):
    server.on("GET /navigation/menu-ex", answer("menu"))

    winter, summer = registry.get("betflag").events(account, Menu.ALL, deadline_s=5)

    rome = ZoneInfo("Europe/Rome")
    assert winter.starts_at == datetime(2020, 12, 12, 20, 45, tzinfo=rome)
    assert winter.starts_at.utcoffset().total_seconds() == 3600
    assert summer.starts_at.utcoffset().total_seconds() == 7200


def test_the_holders_data_is_shown_and_not_logged(server, account):
    server.on("GET /account/info", answer("account_info_person"))

    holder = exchange.holder(account=account, deadline_s=5)

    facts = dict(holder.facts)
    assert (facts["First name"], facts["Last name"]) == ("Mario", "Rossi")
    assert facts["Tax code"] == "RSSMRA80A01H501U"
    assert "Phone" not in facts, "what is empty is left out"
    assert "il mio gatto" not in facts.values(), "the secret answer is not for staff"
    call = ProviderCall.objects.get(operation="account_info")
    assert (call.response, call.outcome) == ("[redacted]", CallOutcome.OK)
    kept = f"{call.url} {call.request} {call.response} {call.error} {holder!r}"
    for value in (*facts.values(), "il mio gatto"):
        assert len(value) < 4 or value not in kept
    details = " ".join(SeenDetail.objects.values_list("name", flat=True))
    assert "Mario" not in details


def test_the_session_token_is_not_in_the_log(server, account):
    server.on(BALANCE, reply({"Balance": 1, "echo": f"your token is {TOKEN}"}))

    with pytest.raises(ReadRefused):
        registry.get("betflag").funds(account, deadline_s=5)

    for call in ProviderCall.objects.all():
        assert TOKEN not in f"{call.request} {call.response} {call.error}"
        for secret in SECRETS.values():
            assert secret not in f"{call.request} {call.response} {call.error}"


def test_the_commission_is_in_percent(server, account):
    server.on("GET /account/commission", answer("commission"))
    betflag = registry.get("betflag")

    assert betflag.commission_percent(account, deadline_s=5) == Decimal("2.51")

    services.save_account(code=account.code, settings={"commission_unit": "0.1"})
    account.refresh_from_db()
    assert betflag.commission_percent(account, deadline_s=5) == Decimal("25.1")


def test_an_account_needs_an_address_and_its_secrets():
    with pytest.raises(InvalidAccount, match="base_url"):
        make_account("betflag", base_url="", secrets=SECRETS)
    with pytest.raises(InvalidAccount, match="api_key"):
        make_account("betflag", secrets={})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ticks", "1.01-2"),
        ("ticks", "1.01-2:0"),
        ("ticks", "1.01-2:0.00"),
        ("ticks", "1,5-2:0.01"),
        ("min_stake", "-1"),
        ("book_cache_s", "-1"),
        ("book_cache_s", "1e9"),
        ("back_takes", "back"),
        ("offer_statuses", "3=matched"),
        ("exposure_fields", "tot"),
        ("path.book", "http://evil.example/"),
        ("path.book", "offers"),
        ("path.nothing", "/x"),
    ],
)
def test_settings_of_another_form_are_refused(name, value):
    with pytest.raises(InvalidAccount, match=name):
        make_exchange("http://127.0.0.1:9", **{name: value})


def test_an_exchange_takes_no_bets(account):
    betflag = registry.get("betflag")

    assert betflag.capabilities == {Capability.EXCHANGE}
    assert betflag.check_slip(account, make_slip()).code == "placement_not_supported"
    placed = betflag.place(account, make_slip(), deadline_s=1, keep=bool)
    assert placed.code == "placement_not_supported"
    assert betflag.routes == ()


def test_a_back_can_be_refused_by_the_accounts_own_rules(server, account):
    services.save_account(code=account.code, settings={"min_stake": "1000"})
    account.refresh_from_db()

    refused = place(account, make_offers(BACK))

    assert refused.code == "stake_too_small"
    assert server.connections == 0
