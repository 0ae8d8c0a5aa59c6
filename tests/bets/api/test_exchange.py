"""Events, markets and the account of an exchange, over the partner API."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from providers.contract import ReadRefused
from tests.factories.bets import a_partner
from tests.factories.problems import errors, problem
from tests.fakes.exchange import EVENT

pytestmark = pytest.mark.django_db

PATHS = (
    "/events",
    "/events/live",
    "/events/upcoming-live",
    "/events/70/markets",
    "/markets/7/book",
    "/markets/7/exposure",
    "/account",
    "/orders",
)


@pytest.fixture
def base(exchange_account) -> str:
    return f"/exchange/{exchange_account.code}"


def test_the_events(api, base) -> None:
    assert api.get(f"{base}/events").json() == {
        "events": [
            {
                "id": "70",
                "name": "Lazio - Verona",
                "sport": "Football",
                "competition": "Serie A",
                "starts_at": "2026-12-12T19:45:00.000000Z",
            }
        ]
    }


def test_each_menu_is_another(api, base, exchange) -> None:
    exchange.listed = (EVENT, replace(EVENT, id="71"))
    counts = {
        path: len(api.get(f"{base}{path}").json()["events"])
        for path in ("/events", "/events/live", "/events/upcoming-live")
    }
    assert counts == {"/events": 2, "/events/live": 1, "/events/upcoming-live": 1}


def test_two_thousand_events_take_the_same_statements(api, base, exchange) -> None:
    counts = set()
    for events in (1, 2000):
        exchange.listed = tuple(replace(EVENT, id=str(n)) for n in range(events))
        with CaptureQueriesContext(connection) as taken:
            assert len(api.get(f"{base}/events").json()["events"]) == events
        counts.add(len(taken))
    assert counts == {2}


def test_the_markets_of_an_event(api, base) -> None:
    body = api.get(f"{base}/events/70/markets").json()
    assert body["event"]["name"] == "Lazio - Verona"
    assert body["markets"] == [
        {
            "id": "7",
            "name": "Match odds",
            "version": 1,
            "selections": [{"id": "1", "label": "1"}, {"id": "2", "label": "X"}],
        }
    ]


def test_a_book(api, base, exchange) -> None:
    exchange.rival("7", "1", "lay", "1.5", "5")
    exchange.rival("7", "1", "back", "1.60", "7.25")
    assert api.get(f"{base}/markets/7/book").json() == {
        "market_id": "7",
        "version": 1,
        "status": "open",
        "live_delay_s": None,
        "selections": [
            {
                "id": "1",
                "label": "1",
                "back": [{"odds": "1.50", "amount": "5.00"}],
                "lay": [{"odds": "1.60", "amount": "7.25"}],
            },
            {"id": "2", "label": "X", "back": [], "lay": []},
        ],
    }


@pytest.mark.parametrize("depth", ["1", "2", "3"])
def test_a_book_is_as_deep_as_asked_for(api, base, exchange, depth) -> None:
    for odds in ("1.50", "1.48", "1.46", "1.44"):
        exchange.rival("7", "1", "lay", odds, "5")
    selection = api.get(f"{base}/markets/7/book", depth=depth).json()["selections"][0]
    assert [each["odds"] for each in selection["back"]] == ["1.50", "1.48", "1.46"][: int(depth)]


@pytest.mark.parametrize(
    ("depth", "code"),
    [
        *((depth, "out_of_range") for depth in ("0", "4", "-1", "99999999999")),
        *((depth, "malformed") for depth in ("1.0", "two", "", "\u0661")),
    ],
)
def test_another_depth_is_named(api, base, exchange, depth, code) -> None:
    assert errors(api.get(f"{base}/markets/7/book", depth=depth)) == {"depth": code}
    assert not exchange.calls


def test_a_parameter_that_does_not_exist_is_named(api, base) -> None:
    response = api.get(f"{base}/markets/7/book", level="1")
    assert errors(response) == {"level": "unknown_parameter"}
    response = api.get(f"{base}/markets/7/book", depth="x", foo="1", bar="2")
    both = {"depth": "malformed", "foo": "unknown_parameter", "bar": "unknown_parameter"}
    assert errors(response) == both


def test_the_exposure(api, base, exchange) -> None:
    exchange.by_hand("7", "1", "back", "2.00", "10.00")
    assert api.get(f"{base}/markets/7/exposure").json() == {
        "market_id": "7",
        "worst": "10.00",
        "results": [{"selection_id": "1", "result": "-10.00"}],
    }


def test_the_account_without_its_holder(api, base, exchange) -> None:
    response = api.get(f"{base}/account")
    assert response.json() == {
        "currency": "EUR",
        "balance": "1000.00",
        "free": "1000.00",
        "locked": "0.00",
        "commission": "2.51",
    }
    assert exchange.calls["holder"] == 0


@pytest.mark.parametrize("path", PATHS)
def test_an_account_of_others_is_absent(api_of, base, exchange, path) -> None:
    problem(api_of(a_partner()).get(f"{base}{path}"), 404, "not_found")
    assert not exchange.calls


@pytest.mark.parametrize("path", PATHS)
def test_without_a_key_nothing_is_told(client, base, exchange, path) -> None:
    problem(client.get(f"/api/v1{base}{path}"), 401, "not_authenticated")
    assert not exchange.calls


@pytest.mark.parametrize("path", PATHS)
def test_an_account_that_is_no_exchange(api, account, path) -> None:
    problem(api.get(f"/exchange/{account.code}{path}"), 409, "not_an_exchange")


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("events", "/events"),
        ("event_markets", "/events/70/markets"),
        ("book", "/markets/7/book"),
        ("exposure", "/markets/7/exposure"),
        ("funds", "/account"),
        ("commission_percent", "/account"),
    ],
)
@pytest.mark.parametrize(
    "fault",
    [ReadRefused("provider_unreachable", "no route to 10.1.2.3"), RuntimeError("10.1.2.3")],
    ids=["away", "our fault"],
)
def test_an_exchange_without_an_answer(api, base, exchange, operation, path, fault) -> None:
    exchange.instead(operation, fault)
    response = api.get(f"{base}{path}")
    problem(response, 503, "exchange_unavailable")
    assert b"10.1.2.3" not in response.content
    assert response["Retry-After"]


@pytest.mark.parametrize("path", ["/events/71/markets", "/markets/8/book"])
def test_what_the_exchange_does_not_have(api, base, path) -> None:
    response = api.get(f"{base}{path}")
    problem(response, 404, "not_found")
    assert b"10.1.2.3" not in response.content


def test_a_refusal_of_the_exchange_is_no_fault_of_its_line(api, base, exchange) -> None:
    exchange.instead("book", ReadRefused("provider_refused", "1010: Mercato inesistente"))
    response = api.get(f"{base}/markets/7/book")
    problem(response, 422, "exchange_refused")
    assert b"Mercato" not in response.content


@pytest.mark.parametrize("id_", ["..", "7,1", "7%2F8", "7%00", "%C3%A9", "7%3Fx", "a" * 101])
def test_what_can_be_no_id_is_asked_of_nobody(api, base, exchange, id_) -> None:
    for path in (f"/events/{id_}/markets", f"/markets/{id_}/book", f"/markets/{id_}/exposure"):
        problem(api.get(f"{base}{path}"), 404, "not_found")
    problem(api.post(f"{base}/markets/{id_}/cancel-unmatched", {}), 404, "not_found")
    assert not exchange.calls
