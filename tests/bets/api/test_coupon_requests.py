"""What is wrong with a coupon's request is named, and leaves no coupon."""

import pytest

from bets.models import BetItem, Coupon, IdempotencyKey
from tests.factories.bets import a_partner, a_player, an_account
from tests.factories.problems import errors, problem
from wallets.models import Transfer

pytestmark = pytest.mark.django_db

ITEM = {"event_id": "586464528", "selection": "17|954|2.5", "odds": "4.27", "is_live": False}


def without(name: str) -> dict:
    return {k: v for k, v in ITEM.items() if k != name}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"player": ...}, {"player": "required"}),
        ({"player": "1"}, {"player": "malformed"}),
        ({"player": 1}, {"player": "malformed"}),
        ({"player": "g" * 36}, {"player": "invalid"}),
        ({"provider_account": ...}, {"provider_account": "required"}),
        ({"provider_account": ["a"]}, {"provider_account": "not_a_string"}),
        ({"type": "combo"}, {"type": "invalid_choice"}),
        ({"type": None}, {"type": "null"}),
        ({"type": []}, {"type": "invalid_choice"}),
        ({"stake": 10}, {"stake": "not_a_string"}),
        ({"stake": "0"}, {"stake": "not_positive"}),
        ({"stake": "-1"}, {"stake": "malformed"}),
        ({"stake": "1.001"}, {"stake": "excess_decimals"}),
        ({"stake": "10000000000000000"}, {"stake": "too_large"}),
        ({"stake": "9999999999999999.99"}, {"stake": "too_large"}),
        ({"currency": "EURO"}, {"currency": "malformed"}),
        ({"currency": "ZZZ"}, {"currency": "unknown_currency"}),
        ({"odds_policy": "fall"}, {"odds_policy": "invalid_choice"}),
        ({"odds_policy": None}, {"odds_policy": "null"}),
        ({"system_size": 2}, {"system_size": "wrong_system_size"}),
        ({"system_size": "2"}, {"system_size": "not_a_whole_number"}),
        ({"system_size": True}, {"system_size": "not_a_whole_number"}),
        ({"bonus": "1"}, {"bonus": "unknown_field"}),
        ({"items": ...}, {"items": "required"}),
        ({"items": None}, {"items": "null"}),
        ({"items": {}}, {"items": "not_a_list"}),
        ({"items": "x"}, {"items": "not_a_list"}),
        ({"items": []}, {"items": "min_length"}),
        ({"items": [ITEM] * 2}, {"items": "wrong_number_of_items"}),
        ({"items": [1]}, {"items[0]": "not_an_object"}),
        ({"items": [without("odds")]}, {"items[0].odds": "required"}),
        ({"items": [without("event_id")]}, {"items[0].event_id": "required"}),
        ({"items": [{**ITEM, "odds": 4.27}]}, {"items[0].odds": "not_a_string"}),
        ({"items": [{**ITEM, "odds": "1.00"}]}, {"items[0].odds": "odds_too_low"}),
        ({"items": [{**ITEM, "odds": "1.009999"}]}, {"items[0].odds": "odds_too_low"}),
        ({"items": [{**ITEM, "odds": "1.0100001"}]}, {"items[0].odds": "excess_decimals"}),
        ({"items": [{**ITEM, "odds": "1000001"}]}, {"items[0].odds": "odds_too_high"}),
        ({"items": [{**ITEM, "odds": "4,27"}]}, {"items[0].odds": "malformed"}),
        ({"items": [{**ITEM, "is_live": "true"}]}, {"items[0].is_live": "not_a_boolean"}),
        ({"items": [{**ITEM, "is_live": 1}]}, {"items[0].is_live": "not_a_boolean"}),
        ({"items": [{**ITEM, "event_id": True}]}, {"items[0].event_id": "not_a_string"}),
        ({"items": [{**ITEM, "event_id": "x" * 101}]}, {"items[0].event_id": "max_length"}),
        ({"items": [{**ITEM, "selection": "x" * 201}]}, {"items[0].selection": "max_length"}),
        ({"items": [{**ITEM, "selection": ""}]}, {"items[0].selection": "blank"}),
        ({"items": [{**ITEM, "price": "1"}]}, {"items[0].price": "unknown_field"}),
        ({"type": "express"}, {"items": "wrong_number_of_items"}),
        ({"type": "express", "items": [ITEM] * 31}, {"items": "max_length"}),
        ({"type": "system", "items": [ITEM] * 3}, {"system_size": "required"}),
        (
            {"type": "system", "items": [ITEM] * 3, "system_size": 1},
            {"system_size": "wrong_system_size"},
        ),
        (
            {"type": "system", "items": [ITEM] * 3, "system_size": 3},
            {"system_size": "wrong_system_size"},
        ),
        (
            {"type": "system", "items": [ITEM] * 3, "system_size": -2},
            {"system_size": "wrong_system_size"},
        ),
        (
            {"type": "system", "items": [ITEM] * 2, "system_size": 2},
            {"items": "wrong_number_of_items"},
        ),
        (
            {"type": "express", "items": [{**ITEM, "odds": "1000000"}] * 30},
            {"items": "odds_too_high"},
        ),
    ],
)
def test_what_is_wrong_is_named_and_leaves_no_coupon(api, slip, book, change, expected) -> None:
    assert errors(api.post("/coupons", slip(**change), key="k")) == expected
    assert not Coupon.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert not book.slips


def test_everything_that_is_wrong_is_named_at_once(api, slip) -> None:
    items = [ITEM, {**ITEM, "odds": "1", "x": 1}, {**ITEM, "is_live": 0}]
    sent = slip(type="express", stake="1e3", extra=1, items=items)
    assert errors(api.post("/coupons", sent, key="k")) == {
        "stake": "malformed",
        "extra": "unknown_field",
        "items[1].odds": "odds_too_low",
        "items[1].x": "unknown_field",
        "items[2].is_live": "not_a_boolean",
    }


def test_the_lowest_odds_and_thirty_items_are_taken(api, slip, book) -> None:
    items = [{**ITEM, "event_id": str(n), "odds": "1.01"} for n in range(30)]
    response = api.post("/coupons", slip(type="express", items=items), key="k")
    assert (response.status_code, BetItem.objects.count()) == (201, 30)


def test_the_largest_system_is_placed_quickly(api, slip) -> None:
    items = [{**ITEM, "event_id": str(n), "odds": "2"} for n in range(30)]
    sent = slip(type="system", system_size=15, items=items, stake="1")
    assert api.post("/coupons", sent, key="k").json()["odds"] == "32768.00"


def test_a_currency_that_is_not_the_players(api, slip, book) -> None:
    body = problem(api.post("/coupons", slip(currency="USD"), key="k"), 400, "currency_mismatch")
    assert body["errors"][0]["field"] == "currency"
    assert not Coupon.objects.exists()


def test_another_partners_player_or_account_leaves_no_coupon(api, slip, partner, book) -> None:
    other = a_partner()
    foreign = a_player(other, balance="50")
    theirs = an_account(other, provider="fakebook")
    for change, field in (
        ({"player": str(foreign.pk)}, "player"),
        ({"player": "00000000-0000-7000-8000-000000000000"}, "player"),
        ({"provider_account": theirs.code}, "provider_account"),
        ({"provider_account": "nowhere"}, "provider_account"),
    ):
        body = problem(api.post("/coupons", slip(**change), key="k"), 404, "not_found")
        assert [error["field"] for error in body["errors"]] == [field]
    assert not Coupon.objects.exists()
    assert not book.slips
    assert Transfer.objects.filter(kind="hold").count() == 0
