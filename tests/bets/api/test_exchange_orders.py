"""Orders at an exchange, over the partner API."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bets.models import ExchangeOrder
from bets.services.exchange import watching
from providers.contract import NotSent, ReadRefused, Rejected
from tests.factories.bets import a_partner
from tests.factories.exchange import an_order, placed, the_market
from tests.factories.problems import errors, problem

pytestmark = pytest.mark.django_db

_OFFER = {"selection_id": "1", "side": "lay", "odds": "1.76", "stake": "115.00"}


@pytest.fixture
def base(exchange_account) -> str:
    return f"/exchange/{exchange_account.code}"


@pytest.fixture
def delete(api):
    return lambda path: api.client.delete(f"/api/v1{path}", headers=api.headers)


def body(*offers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    fields = {
        "market_id": "7",
        "market_version": 0,
        "keep_in_play": False,
        "keep_on_suspension": True,
        "offers": list(offers) or [_OFFER],
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not ...}


def offer(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**_OFFER, **changes}.items() if value is not ...}


# --- placing ------------------------------------------------------------------------------------


def test_orders_are_placed(api, base, exchange) -> None:
    exchange.rival("7", "1", "back", "1.70", "15.00")
    response = api.post(f"{base}/orders", body(_OFFER, offer(side="back", stake="2")), key="k")
    assert response.status_code == 201, response.content
    lay, back = response.json()["orders"]
    order = ExchangeOrder.objects.get(position=0)
    assert lay == {
        "id": str(order.pk),
        "provider_reference": exchange.own()[0].reference,
        "market_id": "7",
        "side": "lay",
        "selection_id": "1",
        "odds": "1.76",
        "stake": "115.00",
        "matched": "15.00",
        "remaining": "100.00",
        "average_matched_odds": None,
        "liability": "87.40",
        "exposure": "87.40",
        "status": "partly_matched",
        "rejection": None,
        "placed_at": lay["placed_at"],
        "changed_at": lay["changed_at"],
    }
    assert (back["side"], back["liability"], back["status"]) == ("back", "2.00", "open")
    assert (order.batch.keep_in_play, order.batch.keep_on_suspension) == (False, True)


def test_the_same_again_gets_the_same_bytes(api, base, exchange) -> None:
    first = api.post(f"{base}/orders", body(), key="k")
    again = api.post(f"{base}/orders", body(), key="k")
    assert (again.status_code, again.content) == (201, first.content)
    assert len(exchange.own()) == 1


def test_the_key_stands_for_one_body_at_one_account(api, base, partner, exchange) -> None:
    api.post(f"{base}/orders", body(), key="k")
    other = api.post(f"{base}/orders", body(offer(stake="1.00")), key="k")
    problem(other, 409, "idempotency_key_reused")
    assert len(exchange.own()) == 1


def test_a_rejection_is_an_order_with_a_reason(api, base, exchange) -> None:
    exchange.refuses = Rejected(code="stake_too_low", message="At least 2.00.")
    response = api.post(f"{base}/orders", body(), key="k")
    (order,) = response.json()["orders"]
    assert (response.status_code, order["status"]) == (201, "rejected")
    assert order["rejection"] == {
        "code": "stake_too_low",
        "message": "At least 2.00.",
        "provider_code": "",
    }
    assert order["exposure"] == "0.00"


def test_no_answer_is_202_and_is_resolved_later(api, base, exchange, exchange_account) -> None:
    exchange.lose("place_offers", arrives=True)
    response = api.post(f"{base}/orders", body(), key="k")
    (order,) = response.json()["orders"]
    assert (response.status_code, order["status"]) == (202, "unknown")
    market = the_market(exchange_account)
    watching.run(now=market.look_after)
    assert api.get(f"{base}/orders/{order['id']}").json()["status"] == "open"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"market_id": ...}, "market_id", "required"),
        ({"market_id": ""}, "market_id", "blank"),
        ({"market_id": "../7"}, "market_id", "malformed"),
        ({"market_version": -1}, "market_version", "malformed"),
        ({"market_version": "1"}, "market_version", "not_a_whole_number"),
        ({"market_version": 2**63}, "market_version", "malformed"),
        ({"keep_in_play": 1}, "keep_in_play", "not_a_boolean"),
        ({"offers": []}, "offers", "empty"),
        ({"offers": [_OFFER] * 51}, "offers", "max_length"),
        ({"extra": 1}, "extra", "unknown_field"),
        ({"offers": [offer(selection_id=...)]}, "offers[0].selection_id", "required"),
        ({"offers": [_OFFER, offer(side="buy")]}, "offers[1].side", "invalid_choice"),
        ({"offers": [offer(odds=1.76)]}, "offers[0].odds", "not_a_string"),
        ({"offers": [offer(odds="1.00")]}, "offers[0].odds", "odds_too_low"),
        ({"offers": [offer(stake=115)]}, "offers[0].stake", "not_a_string"),
        ({"offers": [offer(stake="0")]}, "offers[0].stake", "not_positive"),
        ({"offers": [offer(stake="1.00001")]}, "offers[0].stake", "excess_decimals"),
        ({"offers": [offer(stake="1000000000.01")]}, "offers[0].stake", "too_large"),
    ],
)
def test_what_is_wrong_is_named_and_uses_up_no_key(
    api, base, exchange, changes, field, code
) -> None:
    found = errors(api.post(f"{base}/orders", body(**changes), key="k"))
    assert set(found) == {field}
    assert found[field] == code or (code == "empty" and found[field] in ("empty", "min_length"))
    assert api.post(f"{base}/orders", body(), key="k").status_code == 201


def test_a_key_is_required(api, base) -> None:
    problem(api.post(f"{base}/orders", body()), 400, "idempotency_key_required")
    response = api.post(f"{base}/orders", body(), key="a b")
    problem(response, 400, "idempotency_key_malformed")


# --- reading ------------------------------------------------------------------------------------


def ids(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [order["id"] for order in response.json()["results"]]


def test_the_list_is_paged_newest_first_in_both_directions(
    api, base, partner, exchange_account
) -> None:
    all_ids = [str(an_order(partner, exchange_account).pk) for _ in range(5)][::-1]
    first = api.get(f"{base}/orders", limit="2")
    second = api.get(first.json()["next"].removeprefix("http://testserver/api/v1"))
    third = api.get(second.json()["next"].removeprefix("http://testserver/api/v1"))
    assert [ids(first), ids(second), ids(third)] == [all_ids[:2], all_ids[2:4], all_ids[4:]]
    assert (first.json()["previous"], third.json()["next"]) == (None, None)
    back = api.get(third.json()["previous"].removeprefix("http://testserver/api/v1"))
    assert ids(back) == all_ids[2:4]


def test_the_list_is_filtered(api, base, partner, exchange_account) -> None:
    rows = {
        (status, market): str(
            an_order(partner, exchange_account, status=status, market_id=market).pk
        )
        for status in ("open", "pending", "unknown", "rejected")
        for market in ("7", "8")
    }
    assert ids(api.get(f"{base}/orders", status="open", market="8")) == [rows["open", "8"]]
    assert len(ids(api.get(f"{base}/orders", market="7"))) == 4
    unknown = {rows[status, "7"] for status in ("pending", "unknown")}
    assert set(ids(api.get(f"{base}/orders", status="unknown", market="7"))) == unknown


def test_an_order_that_is_being_placed_has_no_known_state(
    api, base, partner, exchange_account
) -> None:
    order = an_order(partner, exchange_account, status="pending")
    assert api.get(f"{base}/orders/{order.pk}").json()["status"] == "unknown"


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("status", "pending"),
        ("status", "lost"),
        ("market", "\x00"),
        ("market", ".."),
        ("cursor", "x"),
        ("limit", "0"),
        ("player", "1"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(api, base, parameter, value) -> None:
    assert list(errors(api.get(f"{base}/orders", **{parameter: value}))) == [parameter]


def test_a_list_takes_the_same_statements_however_long(
    api, base, partner, exchange_account
) -> None:
    counts = set()
    for orders in (1, 10):
        for _ in range(orders):
            an_order(partner, exchange_account)
        with CaptureQueriesContext(connection) as taken:
            api.get(f"{base}/orders")
        counts.add(len(taken))
    assert counts == {3}


def test_another_partners_order_is_absent(api, api_of, base, exchange_account, exchange) -> None:
    """Both may use the account."""
    other = a_partner()
    exchange_account.access.create(partner=other)
    order = placed(other, exchange_account)[0]
    exchange.calls.clear()
    problem(api.get(f"{base}/orders/{order.pk}"), 404, "not_found")
    response = api.client.delete(f"/api/v1{base}/orders/{order.pk}", headers=api.headers)
    problem(response, 404, "not_found")
    assert ids(api.get(f"{base}/orders")) == []
    assert api.post(f"{base}/markets/7/cancel-unmatched", {}).json() == {"orders": []}
    assert not exchange.calls
    assert api_of(other).get(f"{base}/orders/{order.pk}").status_code == 200


def test_an_order_of_another_account_is_absent(api, base, partner, account) -> None:
    order = an_order(partner, account)
    problem(api.get(f"{base}/orders/{order.pk}"), 404, "not_found")


@pytest.mark.parametrize("order_id", ["1", "019aa5c0-7f60-7c63-9d0a-5f0e3c1b2a10", "%00"])
def test_an_order_that_does_not_exist(api, delete, base, order_id) -> None:
    problem(api.get(f"{base}/orders/{order_id}"), 404, "not_found")
    problem(delete(f"{base}/orders/{order_id}"), 404, "not_found")


def test_who_may_not_use_the_account_places_and_cancels_nothing(api_of, base, exchange) -> None:
    stranger = api_of(a_partner())
    problem(stranger.post(f"{base}/orders", body(), key="k"), 404, "not_found")
    problem(stranger.post(f"{base}/markets/7/cancel-unmatched", {}), 404, "not_found")
    assert not exchange.calls


def test_an_account_that_is_no_exchange_takes_no_orders(api, account) -> None:
    response = api.post(f"/exchange/{account.code}/orders", body(), key="k")
    problem(response, 409, "not_an_exchange")


# --- cancelling ---------------------------------------------------------------------------------


@pytest.fixture
def order(partner, exchange_account) -> ExchangeOrder:
    return placed(partner, exchange_account)[0]


def test_an_order_is_cancelled(delete, base, order) -> None:
    response = delete(f"{base}/orders/{order.pk}")
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert response.json()["exposure"] == "0.00"
    assert delete(f"{base}/orders/{order.pk}").status_code == 200


def test_a_cancellation_without_an_answer_is_202(delete, base, order, exchange) -> None:
    exchange.lose("cancel_offers", arrives=True)
    exchange.instead("own_offers", ReadRefused("provider_unreachable", "away"))
    response = delete(f"{base}/orders/{order.pk}")
    assert (response.status_code, response.json()["status"]) == (202, "open")


def test_an_order_of_which_nothing_waits(delete, base, partner, exchange_account) -> None:
    for status, code in (("matched", "order_not_open"), ("unknown", "order_unknown")):
        order = an_order(partner, exchange_account, status=status)
        problem(delete(f"{base}/orders/{order.pk}"), 409, code)


def test_a_cancellation_that_is_refused_or_not_sent(delete, base, order, exchange) -> None:
    exchange.instead("cancel_offers", Rejected(code="x", message="sospeso"))
    problem(delete(f"{base}/orders/{order.pk}"), 422, "cancel_refused")
    exchange.instead("cancel_offers", NotSent(code="provider_unreachable", message="10.1.2.3"))
    response = delete(f"{base}/orders/{order.pk}")
    problem(response, 503, "exchange_unavailable")
    assert b"10.1.2.3" not in response.content


def test_the_callers_orders_on_a_market_are_cancelled(
    api, base, partner, exchange_account, exchange
) -> None:
    orders = [placed(partner, exchange_account)[0] for _ in range(2)]
    response = api.post(f"{base}/markets/7/cancel-unmatched", b"")
    assert response.status_code == 200, response.content
    found = {each["id"]: each["status"] for each in response.json()["orders"]}
    assert found == {str(order.pk): "cancelled" for order in orders}
    assert exchange.calls["cancel_unmatched"] == 0
