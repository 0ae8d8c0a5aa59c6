"""Orders from the partner API to the simulated betflag and back, over real HTTP."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from bets.models import ExchangeMarket, ExchangeOrder
from bets.services.exchange import watching
from providers.models import ProviderAccount, ProviderCall
from providers.sandbox.server import RunningSandbox, running_sandbox
from tests.bets.api.conftest import Api
from tests.factories.betflag import make_exchange
from tests.factories.bets import a_partner, an_api_key

pytestmark = pytest.mark.django_db

MARKET = "813016"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=600, seed=5, auto_settle=False) as running:
        running.order("betflag", "settings", traders=False)
        yield running


@pytest.fixture
def account(sandbox) -> ProviderAccount:
    return make_exchange(
        f"{sandbox.url}/betflag",
        offer_statuses="1=open,2=open,3=cancelled",
        market_statuses="2=open,3=suspended,4=closed",
    )


@pytest.fixture
def api(account) -> Api:
    partner = a_partner()
    account.access.create(partner=partner)
    return Api(an_api_key(partner))


@pytest.fixture
def base(account) -> str:
    return f"/exchange/{account.code}"


def order_body(side: str = "back", odds: str = "40.00", stake: str = "10.00") -> dict:
    offer = {"selection_id": "1", "side": side, "odds": odds, "stake": stake}
    return {"market_id": MARKET, "market_version": 0, "offers": [offer]}


def place(api, base, key: str, **terms: str) -> dict:
    response = api.post(f"{base}/orders", order_body(**terms), key=key)
    assert response.status_code == 201, response.content
    (order,) = response.json()["orders"]
    return order


def look(*, after_s: int = 0) -> None:
    assert watching.run(now=timezone.now() + timedelta(seconds=after_s)) == 1


def read(api, base, order: dict) -> dict:
    return api.get(f"{base}/orders/{order['id']}").json()


def test_a_market_is_found_and_its_book_read(api, base) -> None:
    events = api.get(f"{base}/events").json()["events"]
    markets = [
        market
        for event in events
        for market in api.get(f"{base}/events/{event['id']}/markets").json()["markets"]
    ]
    assert MARKET in {market["id"] for market in markets}
    book = api.get(f"{base}/markets/{MARKET}/book", depth="3").json()
    assert (book["market_id"], book["status"]) == (MARKET, "open")
    assert book["selections"]
    account = api.get(f"{base}/account").json()
    assert account["currency"] == "EUR"
    assert api.get(f"{base}/markets/{MARKET}/exposure").json()["worst"] == "0.00"


def test_an_order_is_placed_matched_in_part_and_cancelled(api, base, sandbox) -> None:
    order = place(api, base, "k1")
    assert (order["status"], order["remaining"]) == ("open", "10.00")
    assert order["provider_reference"]

    sandbox.order(
        "betflag", "match", market=int(MARKET), offer=order["provider_reference"], amount=400
    )
    look()
    order = read(api, base, order)
    assert (order["status"], order["matched"], order["remaining"]) == (
        "partly_matched",
        "4.00",
        "6.00",
    )
    assert order["average_matched_odds"] == "40.00"

    response = api.client.delete(f"/api/v1{base}/orders/{order['id']}", headers=api.headers)
    assert response.status_code == 200, response.content
    assert response.json()["status"] == "cancelled"
    assert (response.json()["matched"], response.json()["exposure"]) == ("4.00", "4.00")

    kept = ExchangeOrder.objects.get()
    assert [(event.kind, event.amount, event.odds) for event in kept.events.all()] == [
        ("placed", None, None),
        ("accepted", None, None),
        ("matched", 4, 40),
        ("cancel_asked", None, None),
        ("cancelled", 6, None),
    ]
    calls = ProviderCall.objects.filter(subject_id__in=[kept.pk, kept.batch_id])
    assert set(calls.values_list("subject_kind", "operation")) == {
        ("order batch", "place"),
        ("order", "cancel"),
    }


def test_a_lay_is_bound_by_the_free_balance(api, base) -> None:
    free = api.get(f"{base}/account").json()["free"]
    order = place(api, base, "k1", side="lay", odds="1000.00", stake=free)
    assert (order["status"], order["rejection"]["code"]) == ("rejected", "insufficient_funds")
    assert not ProviderCall.objects.filter(operation="place").exists()


def test_a_stale_version_is_refused_before_the_call(api, base, sandbox) -> None:
    sandbox.order("betflag", "version", market=int(MARKET))
    response = api.post(f"{base}/orders", {**order_body(), "market_version": 1}, key="k")
    (order,) = response.json()["orders"]
    assert order["rejection"]["code"] == "market_version_stale"
    assert not ProviderCall.objects.filter(operation="place").exists()


@pytest.mark.parametrize(("fault", "status"), [("accept_then_timeout", "open"), ("timeout", None)])
def test_a_timed_out_place_is_resolved(api, base, sandbox, settings, fault, status) -> None:
    """An equal order that is there already is not taken for it."""
    earlier = place(api, base, "k1")
    settings.PLACEMENT_DEADLINE_S = 4
    sandbox.order_fault("betflag", fault, call="place", seconds=6)

    response = api.post(f"{base}/orders", order_body(), key="k2")

    (order,) = response.json()["orders"]
    assert (response.status_code, order["status"]) == (202, "unknown")
    look(after_s=30)
    after = read(api, base, order)
    assert after["status"] == (status or "unknown")
    if status:
        assert after["provider_reference"] not in (None, earlier["provider_reference"])
    else:
        look(after_s=120)
        after = read(api, base, order)
        assert after["rejection"]["code"] == "not_at_exchange"
    assert read(api, base, earlier)["status"] == "open"


def test_what_the_exchange_drops_is_cancelled(api, base, sandbox) -> None:
    order = place(api, base, "k1")
    sandbox.order("betflag", "cancel", market=int(MARKET))
    look()
    assert read(api, base, order)["status"] == "cancelled"


def test_a_matched_order_is_followed_to_the_end_of_its_market(api, base, sandbox) -> None:
    event = api.get(f"{base}/events").json()["events"][-1]["id"]
    market = api.get(f"{base}/events/{event}/markets").json()["markets"][0]["id"]
    body = {**order_body(), "market_id": market}
    (order,) = api.post(f"{base}/orders", body, key="k1").json()["orders"]
    sandbox.order("betflag", "match", market=int(market), offer=order["provider_reference"])
    look()
    assert read(api, base, order)["status"] == "matched"
    look(after_s=240)
    assert ExchangeMarket.objects.get().state == "open"
    sandbox.order("betflag", "settle", market=int(market), winner=1)
    look(after_s=3600)
    ended = ExchangeMarket.objects.get()
    assert (ended.state, ended.look_after) == ("closed", None)
    assert read(api, base, order)["status"] == "matched"


def test_the_callers_orders_on_a_market_are_cancelled(api, base, account) -> None:
    other = a_partner()
    account.access.create(partner=other)
    mine, theirs = place(api, base, "k1"), place(Api(an_api_key(other)), base, "k1")
    response = api.post(f"{base}/markets/{MARKET}/cancel-unmatched", b"")
    assert response.status_code == 200, response.content
    assert [each["id"] for each in response.json()["orders"]] == [mine["id"]]
    assert ExchangeOrder.objects.get(pk=theirs["id"]).status == "open"


@pytest.mark.parametrize("version", [0, 5])
def test_a_market_that_the_exchange_does_not_know(api, base, version) -> None:
    offer = {"selection_id": "1", "side": "back", "odds": "2.00", "stake": "10.00"}
    body = {"market_id": "1", "market_version": version, "offers": [offer]}
    (order,) = api.post(f"{base}/orders", body, key="unknown").json()["orders"]

    assert order["status"] == "rejected"
    assert ExchangeOrder.objects.get(pk=order["id"]).currency == "EUR"
    assert order["rejection"]["code"] == "market_not_found"
    assert order["rejection"]["message"] == "The exchange does not know market 1."
    assert not ExchangeMarket.objects.exists()
    assert api.get(f"{base}/markets/1/book").status_code == 404
