"""betflag over real HTTP, against a server that answers what a test tells it."""

import json
import threading
import time
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connections
from django.utils import timezone

from providers import exchange, keeping, registry, services, sessions
from providers.betflag.client import Betflag
from providers.cache import Cache
from providers.contract import (
    Cancelled,
    Capability,
    Done,
    Match,
    Menu,
    NotSent,
    OfferStatus,
    Placed,
    PlacedOffer,
    ReadRefused,
    Rejected,
    Side,
    Unknown,
)
from providers.declarations import InvalidAccount
from providers.models import CallOutcome, ProviderCall, ProviderSession, SeenDetail
from tests.factories.betflag import BACK, SECRETS, build_menu, make_exchange, make_offers
from tests.factories.providers import make_account, make_slip
from tests.providers.processes import run_together
from tests.providers.samples import sample
from tests.providers.scripted import Scripted, drip, reply, reset

pytestmark = pytest.mark.django_db

MARKET = "813016"
LOGIN, BALANCE, PLACE, BOOK = (
    "POST /security/session",
    "GET /account/balance",
    "POST /offers",
    "GET /offers/market/813016,1",
)
TOKEN = "90205160-600c-4cf8-9803-62fc14eee768"


def answer(case: str, **how):
    return reply(sample("betflag", case, "response"), **how)


def log_in_as(token: str):
    return reply({"Balance": 7475, "SessionToken": token, "UserId": "13"})


@pytest.fixture
def account(server: Scripted, db):
    server.on(LOGIN, answer("login"))
    server.on(BALANCE, answer("balance"))
    server.on(PLACE, answer("place"))
    server.on(BOOK, answer("book"))
    return make_exchange(server.url)


@pytest.fixture
def betflag() -> Betflag:
    """With a cache of its own, so that no test reads what another has kept."""
    return Betflag(cache=Cache())


def place(account, slip=None):
    return registry.get("betflag").place_offers(account, slip or make_offers(), deadline_s=5)


# --- what is sent -------------------------------------------------------------------------------


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


# --- sessions -----------------------------------------------------------------------------------


def test_one_session_serves_all_and_is_kept_encrypted(server, account):
    betflag = registry.get("betflag")

    betflag.funds(account, deadline_s=5)
    betflag.funds(account, deadline_s=5)

    assert len(server.requests(LOGIN)) == 1
    stored = ProviderSession.objects.get(account=account)
    assert TOKEN.encode() not in bytes(stored.cookies)
    assert sessions.current(account_id=account.id).cookies == {"token": TOKEN}


LOST = {
    "401": reply("", status=401),
    "403": reply({"errore": "", "esito": 1024}, status=403),
    "errore": answer("session_lost"),
    "errore with 400": answer("session_lost", status=400),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_lost_session_is_renewed_once_and_the_order_sent_again(server, account, lost):
    server.on(LOGIN, log_in_as("old"), log_in_as("new"))
    server.on(PLACE, lost, answer("place"))

    assert isinstance(place(account), Placed)

    tokens = [sent.headers["x-bf-session-token"] for sent in server.requests(PLACE)]
    assert tokens == ["old", "new"]


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_session_refused_twice_is_a_no(server, account, lost):
    server.on(PLACE, lost)

    placed = place(account)

    assert isinstance(placed, Rejected)
    assert placed.code == "provider_access_denied"
    assert (len(server.requests(PLACE)), len(server.requests(LOGIN))) == (2, 2)


def test_another_refusal_does_not_cost_a_login(server, account):
    server.on(PLACE, answer("refused"))

    placed = place(account)

    assert placed == Rejected(
        code="provider_refused", message="Mercato sospeso", provider_code="1011"
    )
    assert (len(server.requests(PLACE)), len(server.requests(LOGIN))) == (1, 1)


def test_without_a_session_nothing_is_sent(server, account):
    server.on(LOGIN, answer("login_refused"))

    placed = place(account)

    assert placed == NotSent(code="provider_credentials_refused", message="Credenziali non valide")
    assert server.requests(PLACE) == []


TEN_LOGINS = """
from providers import queries, registry
from providers.contract import Menu

account = queries.account(code=sys.argv[1])
print(registry.get("betflag").funds(account, deadline_s=30).free)
"""


@pytest.mark.django_db(transaction=True)
def test_processes_that_start_at_once_log_in_once(server):
    """Half of the twenty are processes, half threads with connections of their own."""
    account = make_exchange(server.url)
    server.on(BALANCE, answer("balance"))

    def slowly(connection):
        time.sleep(0.3)
        return answer("login")(connection)

    server.on(LOGIN, slowly)
    seen = []

    def ask():
        try:
            seen.append(str(registry.get("betflag").funds(account, deadline_s=30).free))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(10)]

    printed = run_together(
        TEN_LOGINS,
        account.code,
        number=10,
        meanwhile=lambda: [thread.start() for thread in threads],
    )
    for thread in threads:
        thread.join(timeout=60)

    assert printed + seen == ["424.73"] * 20
    assert len(server.requests(LOGIN)) == 1


def test_a_session_is_kept_alive(server, account):
    server.on("PUT /security/keepalive", answer("keep_alive"))
    betflag = registry.get("betflag")
    betflag.funds(account, deadline_s=5)
    before = timezone.now()

    assert betflag.keep_alive(account, deadline_s=5) == Done()

    (sent,) = server.requests("PUT /security/keepalive")
    assert sent.headers["x-bf-session-token"] == TOKEN
    assert ProviderSession.objects.get(account=account).kept_alive_at >= before
    assert len(server.requests(LOGIN)) == 1


def test_a_new_token_of_a_keep_alive_is_used_from_then_on(server, account):
    server.on("PUT /security/keepalive", answer("keep_alive_new_token"))
    betflag = registry.get("betflag")
    betflag.funds(account, deadline_s=5)

    assert betflag.keep_alive(account, deadline_s=5) == Done()
    betflag.funds(account, deadline_s=5)

    first, second = server.requests(BALANCE)
    assert first.headers["x-bf-session-token"] == TOKEN
    assert second.headers["x-bf-session-token"] == "5f0e7a52-8c34-4a5e-9a66-0d7a1f1f9b1c"
    assert ProviderSession.objects.get(account=account).kept_alive_at is not None


def test_a_keep_alive_opens_what_is_not_there_or_has_ended(server, account):
    server.on("PUT /security/keepalive", answer("session_lost"))
    betflag = registry.get("betflag")

    assert betflag.keep_alive(account, deadline_s=5) == Done(note="logged in")
    assert betflag.keep_alive(account, deadline_s=5) == Done(note="logged in again")
    assert len(server.requests(LOGIN)) == 2


def test_the_job_keeps_stored_sessions_of_active_accounts_alive(server, account):
    idle, off = make_exchange(server.url), make_exchange(server.url)
    server.on("PUT /security/keepalive", answer("keep_alive"))
    for one in (account, off):
        registry.get("betflag").funds(one, deadline_s=5)
    services.save_account(code=off.code, is_active=False)

    assert keeping.keep_sessions_alive() == 1

    assert len(server.requests("PUT /security/keepalive")) == 1
    assert ProviderSession.objects.get(account=account).kept_alive_at is not None
    assert not ProviderSession.objects.filter(account=idle).exists()


def test_one_session_that_cannot_be_kept_alive_is_told(server, account, caplog):
    server.on("PUT /security/keepalive", reset)
    registry.get("betflag").funds(account, deadline_s=5)

    assert keeping.keep_sessions_alive() == 0
    assert f"the session of {account.code} could not be kept alive" in caplog.text


def test_logging_out_forgets_the_session(server, account):
    server.on("DELETE /security/session", answer("logout"))
    betflag = registry.get("betflag")
    betflag.funds(account, deadline_s=5)

    assert betflag.log_out(account, deadline_s=5) == Done()
    assert sessions.current(account_id=account.id) is None
    assert betflag.log_out(account, deadline_s=5) == Done(note="there was no session")


def test_a_session_that_the_exchange_has_ended_is_forgotten_at_logout(server, account):
    server.on("DELETE /security/session", reply("", status=401))
    betflag = registry.get("betflag")
    betflag.funds(account, deadline_s=5)

    assert isinstance(betflag.log_out(account, deadline_s=5), Rejected)
    assert sessions.current(account_id=account.id) is None


def test_the_connection_test_tries_the_credentials_and_the_balance(server, account):
    assert services.test_connection(account=account).detail == (
        "logged in; 424.73 of 424.73 EUR are free"
    )
    services.test_connection(account=account)
    assert len(server.requests(LOGIN)) == 2

    server.on(LOGIN, answer("login_refused"))
    report = services.test_connection(account=account)

    assert not report.ok
    assert report.detail.startswith("provider_credentials_refused")


# --- orders without a clear answer --------------------------------------------------------------


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


# --- the version of a market --------------------------------------------------------------------


def test_a_stale_version_is_refused_before_the_order_is_sent(server, account):
    placed = place(account, make_offers(market_version=7))

    assert isinstance(placed, Rejected)
    assert placed.code == "market_changed"
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

    assert place(account, make_offers(market_version=1)).code == "market_changed"
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


# --- own offers ---------------------------------------------------------------------------------


@pytest.fixture
def offers(server, account):
    server.on("GET /offers/all/813016", answer("own_offers"))
    server.on("GET /offers/open/813016", answer("open_offers"))
    server.on("GET /offers/matches/813016", answer("matches"))
    return account


def test_own_offers_have_the_average_odds_of_their_matches(offers):
    unmatched, partly, whole = registry.get("betflag").own_offers(offers, MARKET, deadline_s=5)

    assert (unmatched.status, unmatched.average_matched_odds) == (OfferStatus.OPEN, None)
    assert partly.status is OfferStatus.PARTLY_MATCHED
    # 200.00 at 1.52 and 300.00 at 1.55
    assert partly.average_matched_odds == Decimal("1.538")
    assert (partly.side, partly.odds, partly.stake, partly.matched) == (
        Side.BACK,
        Decimal("1.52"),
        Decimal("628.00"),
        Decimal("500.00"),
    )
    assert (whole.status, whole.average_matched_odds) == (OfferStatus.MATCHED, Decimal(2))


def test_without_matches_the_averages_stay_open(server, offers):
    server.on("GET /offers/matches/813016", reset)

    found = registry.get("betflag").own_offers(offers, MARKET, deadline_s=5)

    assert [offer.average_matched_odds for offer in found] == [None, None, None]
    assert found[1].matched == Decimal("500.00")


def own(*rows):
    body = json.loads(sample("betflag", "own_offers", "response"))
    names = ("id", "tipo", "esi", "quo", "imp", "abb", "st")
    body["offerte"]["o"] = [dict(zip(names, row, strict=True)) for row in rows]
    return reply(body)


def test_an_unexplained_state_is_cancelled_only_if_it_is_not_open(server, offers):
    """BC0001 is among the open ones of the sample; BC0007 is not."""
    server.on(
        "GET /offers/all/813016",
        own(("BC0001", 0, 1, 176, 11500, 0, 8), ("BC0007", 1, 1, 176, 900, 400, 8)),
    )

    still_open, gone = registry.get("betflag").own_offers(offers, MARKET, deadline_s=5)

    assert still_open.status is OfferStatus.OPEN
    assert (gone.status, gone.matched) == (OfferStatus.CANCELLED, Decimal("4.00"))
    assert SeenDetail.objects.filter(name__contains="st=8").exists()


def test_an_offer_matched_between_two_reads_is_not_taken_as_cancelled(server, offers):
    server.on(
        "GET /offers/all/813016",
        own(("BC0007", 1, 1, 176, 900, 0, 8)),
        own(("BC0007", 1, 1, 176, 900, 900, 8)),
    )

    (found,) = registry.get("betflag").own_offers(offers, MARKET, deadline_s=5)

    assert found.status is OfferStatus.MATCHED


def test_without_the_open_offers_an_unexplained_state_stays_open(server, offers):
    server.on("GET /offers/all/813016", own(("BC0007", 1, 1, 176, 900, 0, 8)))
    server.on("GET /offers/open/813016", reply("", status=404))

    (found,) = registry.get("betflag").own_offers(offers, MARKET, deadline_s=5)

    assert found.status is OfferStatus.OPEN


def test_a_state_that_the_account_explains_needs_no_second_look(server, offers):
    services.save_account(
        code=offers.code, settings={"offer_statuses": "1=open, 2=open, 8=cancelled"}
    )
    offers.refresh_from_db()
    server.on("GET /offers/all/813016", own(("BC0007", 1, 1, 176, 900, 0, 8)))

    (found,) = registry.get("betflag").own_offers(offers, MARKET, deadline_s=5)

    assert found.status is OfferStatus.CANCELLED
    assert server.requests("GET /offers/open/813016") == []


def test_matches_are_the_parts_of_offers(offers):
    first, *_ = registry.get("betflag").matches(offers, MARKET, deadline_s=5)

    assert first == Match(
        reference="BC0002",
        selection_id="3",
        side=Side.BACK,
        odds=Decimal("1.52"),
        amount=Decimal("200.00"),
    )


# --- the cache ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_many_readers_of_one_book_cause_one_call(server, betflag):
    account = make_exchange(server.url, book_cache_s="30")

    def slowly(connection):
        time.sleep(0.2)
        return answer("book")(connection)

    server.on("GET /offers/market/813016,3", slowly)
    books = []

    def read():
        try:
            books.append(betflag.book(account, MARKET, depth=3, deadline_s=10))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=read) for _ in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    again = Betflag(cache=Cache()).book(account, MARKET, depth=3, deadline_s=10)

    assert len(server.requests("GET /offers/market/813016,3")) == 1
    assert len(books) == 25
    assert all(book == again for book in books)


def test_depths_and_markets_and_accounts_are_kept_apart(server, betflag):
    first, second = (make_exchange(server.url, book_cache_s="30") for _ in range(2))
    paths = [f"GET /offers/market/{market}" for market in ("813016,1", "813016,2", "813017,1")]
    for path in paths:
        server.on(path, answer("book"))

    for account in (first, second):
        for market, depth in ((MARKET, 1), (MARKET, 2), ("813017", 1)):
            betflag.book(account, market, depth=depth, deadline_s=5)
            betflag.book(account, market, depth=depth, deadline_s=5)

    assert [len(server.requests(path)) for path in paths] == [2, 2, 2]


def test_menus_are_kept_for_their_time(server, betflag):
    account = make_exchange(server.url, menu_cache_s="0.3")
    server.on("GET /navigation/menu-ex", reply(build_menu(3)))

    for _ in range(3):
        assert len(betflag.events(account, Menu.ALL, deadline_s=5)) == 3
    time.sleep(0.35)
    betflag.events(account, Menu.ALL, deadline_s=5)

    assert len(server.requests("GET /navigation/menu-ex")) == 2


def test_what_failed_is_asked_again(server, betflag):
    account = make_exchange(server.url, menu_cache_s="30")
    server.on("GET /navigation/menu-ex", reply("", status=502), reply(build_menu(3)))

    with pytest.raises(ReadRefused):
        betflag.events(account, Menu.ALL, deadline_s=5)

    assert len(betflag.events(account, Menu.ALL, deadline_s=5)) == 3


# --- the account --------------------------------------------------------------------------------


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
