"""Coupons of providers whose slips differ: bet builders, options, items without event and odds."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bets.models import BetItem, Coupon, IdempotencyKey, PlayerToken
from bets.services.players import tokens
from providers.contract import Accepted, Leg, Rejected
from tests.factories.problems import errors

pytestmark = pytest.mark.django_db

ITEM = {"event_id": "e1", "selection": "s1", "odds": "4.27"}
LEGS = [
    {"selection": "a", "odds": "1.50", "data_version": 7, "source_feature": "home"},
    {"selection": "b", "odds": "2.00"},
]
BUILDER = {"event_id": "e1", "odds": "2.70", "legs": LEGS}
OPTIONS = {"overask": True, "policy": "update", "channel": "WEB", "share": "0.5", "event": 7}


@pytest.fixture
def sports_slip(slip, sports_account):
    return lambda **changes: slip(
        **{"provider_account": sports_account.code, "items": [ITEM], **changes}
    )


@pytest.fixture
def ticket(slip, tickets_account):
    def make(**changes):
        fields = {
            "provider_account": tickets_account.code,
            "items": [{"selection": "101"}],
            "options": {"event": 100001},
        }
        return slip(**{**fields, **changes})

    return make


# --- bet builders and options -------------------------------------------------------------------


def test_a_bet_builder_with_options(api, sports_slip, sportsbook) -> None:
    sent = sports_slip(items=[{**BUILDER, "is_live": True}], options=OPTIONS)
    response = api.post("/coupons", sent, key="k")
    assert response.status_code == 201
    (asked,) = sportsbook.slips
    assert asked.options == {**OPTIONS, "share": Decimal("0.5")}
    assert asked.selections[0].legs == (
        Leg(selection="a", odds=Decimal("1.50"), data_version=7, source_feature="home"),
        Leg(selection="b", odds=Decimal("2.00")),
    )
    body = response.json()
    assert body["options"] == OPTIONS
    (item,) = body["items"]
    assert (item["event_id"], item["selection"], item["odds"]) == ("e1", None, "2.70")
    assert item["legs"] == [{"selection": "a", "odds": "1.50"}, {"selection": "b", "odds": "2.00"}]
    assert body["potential_payout"] == "27.00"
    assert BetItem.objects.get().legs[0]["data_version"] == 7


def test_a_builder_among_other_items(api, sports_slip, sportsbook) -> None:
    sent = sports_slip(type="express", items=[BUILDER, {**ITEM, "data_version": 3}])
    body = api.post("/coupons", sent, key="k").json()
    assert body["odds"] == "11.529"
    assert [bool(item["legs"]) for item in body["items"]] == [True, False]
    assert sportsbook.slips[0].selections[1].data_version == 3


def test_the_reference_is_ours_before_the_call(api, sports_slip, sportsbook) -> None:
    seen = []

    def look(asked):
        seen.append(Coupon.objects.get().provider_reference)
        return Accepted(reference=str(asked.coupon_id))

    sportsbook.answers.append(look)
    body = api.post("/coupons", sports_slip(), key="k").json()
    assert seen == [body["id"]]
    assert body["provider_reference"] == body["id"]


def test_a_share_as_a_json_number_is_exact_too(api, sports_slip, sportsbook) -> None:
    sent = sports_slip(options={"share": 0.1})
    assert api.post("/coupons", sent, key="k").json()["options"] == {"share": "0.1"}
    assert sportsbook.slips[0].options == {"share": Decimal("0.1")}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"options": {"colour": "red"}}, {"options.colour": "unknown_field"}),
        ({"options": []}, {"options": "not_an_object"}),
        ({"options": None}, {"options": "null"}),
        ({"options": {"overask": "true"}}, {"options.overask": "not_a_boolean"}),
        ({"options": {"policy": "none "}}, {"options.policy": "invalid_choice"}),
        ({"options": {"policy": ["none"]}}, {"options.policy": "invalid_choice"}),
        ({"options": {"channel": 1}}, {"options.channel": "not_a_string"}),
        ({"options": {"channel": ""}}, {"options.channel": "blank"}),
        ({"options": {"channel": "x" * 11}}, {"options.channel": "max_length"}),
        ({"options": {"channel": "a\nb"}}, {"options.channel": "not_printable"}),
        ({"options": {"share": "10.01"}}, {"options.share": "out_of_range"}),
        ({"options": {"share": "-1"}}, {"options.share": "malformed"}),
        ({"options": {"share": "0.123"}}, {"options.share": "excess_decimals"}),
        ({"options": {"share": True}}, {"options.share": "malformed"}),
        ({"options": {"share": "1e1"}}, {"options.share": "malformed"}),
        ({"options": {"share": "\u0661"}}, {"options.share": "malformed"}),
        ({"options": {"event": "7"}}, {"options.event": "not_a_whole_number"}),
        ({"options": {"event": True}}, {"options.event": "not_a_whole_number"}),
        ({"options": {"event": 0}}, {"options.event": "out_of_range"}),
        ({"items": [{**BUILDER, "legs": LEGS[:1]}]}, {"items[0].legs": "min_length"}),
        ({"items": [{**BUILDER, "legs": []}]}, {"items[0].legs": "min_length"}),
        ({"items": [{**BUILDER, "legs": {}}]}, {"items[0].legs": "not_a_list"}),
        ({"items": [{**BUILDER, "selection": "s"}]}, {"items[0].selection": "unknown_field"}),
        ({"items": [{**BUILDER, "data_version": 1}]}, {"items[0].data_version": "unknown_field"}),
        (
            {"items": [{**BUILDER, "legs": [LEGS[0], {"selection": "b"}]}]},
            {"items[0].legs[1].odds": "required"},
        ),
        (
            {"items": [{**BUILDER, "legs": [{**LEGS[0], "odds": "1"}, LEGS[1]]}]},
            {"items[0].legs[0].odds": "odds_too_low"},
        ),
        ({"items": [{"event_id": "e", "legs": LEGS}]}, {"items[0].odds": "required"}),
        ({"items": [{"event_id": "e", "odds": "2"}]}, {"items[0].selection": "required"}),
        (
            {"items": [{**ITEM, "data_version": "1"}]},
            {"items[0].data_version": "not_a_whole_number"},
        ),
    ],
)
def test_what_is_wrong_is_named(api, sports_slip, sportsbook, change, expected) -> None:
    assert errors(api.post("/coupons", sports_slip(**change), key="k")) == expected
    assert not Coupon.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert not sportsbook.slips


def test_all_that_does_not_fit_the_form_is_named_at_once(api, ticket) -> None:
    sent = ticket(
        type="system",
        system_size=2,
        items=[{"selection": "1"}, {"selection": "2", "event_id": "e"}, {**ITEM, "legs": LEGS}],
        options={"source": "fax"},
    )
    assert errors(api.post("/coupons", sent, key="k")) == {
        "type": "invalid_choice",
        "items[1].event_id": "unknown_field",
        "items[2].event_id": "unknown_field",
        "items[2].odds": "unknown_field",
        "items[2].legs": "unknown_field",
        "options.event": "required",
        "options.source": "invalid_choice",
    }


def test_a_provider_without_builders_and_options_names_them(api, slip, book) -> None:
    sent = slip(items=[BUILDER], options={"overask": True})
    assert errors(api.post("/coupons", sent, key="k")) == {
        "items[0].legs": "unknown_field",
        "options.overask": "unknown_field",
    }


# --- tickets ------------------------------------------------------------------------------------


def test_a_ticket_has_neither_event_nor_odds(api, ticket, tickets, player) -> None:
    tickets.answers.append(
        Accepted(
            reference="66902734beba20ff2df5c79f",
            provider_code="DEC4C0",
            stake_at_risk=Decimal("8.89"),
            excise=Decimal("1.11"),
        )
    )
    sent = ticket(type="express", items=[{"selection": "101"}, {"selection": "102"}])
    response = api.post("/coupons", sent, key="k")
    assert response.status_code == 201
    body = response.json()
    assert (body["status"], body["odds"], body["potential_payout"]) == ("accepted", None, None)
    assert (body["provider_code"], body["stake"]) == ("DEC4C0", "10.00")
    assert (body["stake_at_risk"], body["excise"], body["withholding"]) == ("8.89", "1.11", None)
    assert body["options"] == {"event": 100001}
    assert body["items"][0] == {
        "event_id": None,
        "selection": "101",
        "odds": None,
        "accepted_odds": None,
        "is_live": False,
        "legs": None,
        "result": None,
    }
    assert api.get(f"/coupons/{body['id']}").content == response.content


def test_the_token_is_the_players_and_stored_nowhere_in_the_clear(
    api, ticket, tickets, tickets_account, player
) -> None:
    api.post("/coupons", ticket(), key="k")
    token = tickets.slips[0].player_token
    coupon = Coupon.objects.get()
    assert tokens.resolve(account=tickets_account, token=token, now=coupon.placed_at) == player
    assert token.encode() not in bytes(IdempotencyKey.objects.get().body)
    assert token not in str(coupon.__dict__)


def test_a_refused_ticket_needs_no_token(api, ticket, tickets) -> None:
    tickets.refuses = Rejected(code="wrong_bet_data", message="no")
    assert api.post("/coupons", ticket(), key="k").json()["status"] == "rejected"
    assert not PlayerToken.objects.exists()


# --- statements ---------------------------------------------------------------------------------


def test_a_slip_of_any_form_costs_as_many_statements_as_a_plain_one(
    api, slip, sports_slip, account, sports_account, django_assert_max_num_queries
) -> None:
    many = [{**ITEM, "event_id": str(n), "data_version": n} for n in range(20)]
    with CaptureQueriesContext(connection) as plain:
        api.post("/coupons", slip(items=[ITEM]), key="k1")
    with django_assert_max_num_queries(len(plain)):
        api.post("/coupons", sports_slip(type="express", items=many, options=OPTIONS), key="k2")
    with django_assert_max_num_queries(len(plain) // 3):
        api.post("/coupons/quote", sports_slip(items=[ITEM]))


# --- what only some providers take --------------------------------------------------------------


def test_sources_are_not_taken_where_the_provider_has_none(api, slip, account, book) -> None:
    item = {**ITEM, "data_version": 1, "source_feature": "x"}
    assert errors(api.post("/coupons", slip(items=[item]), key="k")) == {
        "items[0].data_version": "unknown_field",
        "items[0].source_feature": "unknown_field",
    }


def test_an_odds_policy_that_the_provider_has_not(api, ticket, tickets) -> None:
    refused = api.post("/coupons", ticket(odds_policy="any"), key="k")
    assert errors(refused) == {"odds_policy": "invalid_choice"}
    assert "takes none." in refused.json()["detail"]


def test_too_few_items_are_named_in_our_words(api, slip) -> None:
    refused = api.post("/coupons", slip(items=[]), key="k")
    assert errors(refused) == {"items": "min_length"}
    assert refused.json()["detail"] == "items: It has at least 1 of them."
