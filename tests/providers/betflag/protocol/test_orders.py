"""Offers checked and written."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from providers.betflag.protocol import orders, ticks
from providers.betflag.protocol.orders import Rules
from tests.factories.betflag import BACK, LAY, make_offers
from tests.providers.samples import sample

RULES = Rules(ticks=ticks.read(""), min_stake=Decimal(0), lays_are_liability=False, rounding="up")


def test_the_documents_order():
    assert orders.place_body(make_offers(), RULES) == json.loads(
        sample("betflag", "place", "request")
    )


@pytest.mark.parametrize(
    ("keep_in_play", "keep_on_suspension", "written"),
    [(True, True, (0, 1)), (False, False, (1, 0)), (True, False, (0, 0))],
)
def test_what_is_kept_is_written_as_the_document_has_it(keep_in_play, keep_on_suspension, written):
    slip = make_offers(keep_in_play=keep_in_play, keep_on_suspension=keep_on_suspension)

    body = orders.place_body(slip, RULES)

    assert (body["ritira"], body["mantieni"]) == written


def test_a_lay_may_count_with_its_liability():
    body = orders.place_body(make_offers(), replace(RULES, lays_are_liability=True))

    assert body["puntata"] == 62800 + 8740
    assert body["offerta"][0]["importo"] == 11500


@pytest.mark.parametrize(("rounding", "cents"), [("up", 190), ("down", 189), ("half_up", 190)])
def test_a_liability_of_broken_cents_is_rounded_as_set(rounding, cents):
    """3.33 laid at 1.57 is 1.8981."""
    lay = replace(LAY, stake=Decimal("3.33"), odds=Decimal("1.57"))

    body = orders.place_body(make_offers(lay), replace(RULES, rounding=rounding))

    assert body["offerta"][0]["max_esposizione"] == cents


@pytest.mark.parametrize(
    ("odds", "quota"), [("1.01", 101), ("1.1", 110), ("2", 200), ("1000.00", 100000)]
)
def test_odds_are_written_exactly(odds, quota):
    body = orders.place_body(make_offers(replace(BACK, odds=Decimal(odds))), RULES)

    assert body["offerta"][0]["quota"] == quota
    assert isinstance(body["offerta"][0]["quota"], int)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"odds": Decimal("1.00")}, "odds_out_of_range"),
        ({"odds": Decimal("0.50")}, "odds_out_of_range"),
        ({"odds": Decimal(10) ** 9}, "odds_out_of_range"),
        ({"odds": Decimal("1.005")}, "odds_off_ticks"),
        ({"stake": Decimal(0)}, "wrong_stake"),
        ({"stake": Decimal(-1)}, "wrong_stake"),
        ({"stake": Decimal("1.001")}, "wrong_stake"),
        ({"stake": Decimal(10) ** 15}, "wrong_stake"),
        ({"selection_id": "X"}, "wrong_order_data"),
        ({"selection_id": ""}, "wrong_order_data"),
        ({"selection_id": "01"}, "wrong_order_data"),
        ({"selection_id": "٣"}, "wrong_order_data"),
    ],
)
def test_what_the_wire_has_no_form_for_is_refused(change, code):
    slip = make_offers(BACK, replace(BACK, **change))

    refused = orders.check(slip, RULES)

    assert refused.code == code
    assert refused.message.startswith("offer 1: ")


@pytest.mark.parametrize(
    "change",
    [{"market_id": "x"}, {"market_id": ""}, {"market_id": "0813016"}, {"market_version": -1}],
)
def test_an_order_for_no_market_is_refused(change):
    assert orders.check(make_offers(**change), RULES).code == "wrong_order_data"


def test_an_order_without_offers_is_refused():
    assert orders.check(replace(make_offers(), offers=()), RULES).code == "wrong_order_data"


@pytest.mark.parametrize(("stake", "code"), [("1.99", "stake_too_small"), ("2.00", None)])
def test_the_least_stake_is_the_accounts(stake, code):
    rules = replace(RULES, min_stake=Decimal("2.00"))

    refused = orders.check(make_offers(replace(BACK, stake=Decimal(stake))), rules)

    assert (refused and refused.code) == code


def test_a_good_order_is_not_refused():
    assert orders.check(make_offers(), RULES) is None
