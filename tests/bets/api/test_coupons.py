import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from threading import Barrier, Event

import pytest
from django.db import connection

from bets.models import BetItem, Coupon, IdempotencyKey, PlayerStatus
from providers.contract import Accepted, ChangedOdds, NotSent, Rejected, Unknown
from tests.factories.bets import a_coupon, a_partner, a_player, an_account, fund
from tests.factories.problems import errors, problem
from wallets.models import Transfer
from wallets.queries import balances

pytestmark = pytest.mark.django_db

ITEM = {"event_id": "586464528", "selection": "17|954|2.5", "odds": "4.27", "is_live": False}


@pytest.fixture
def slip(player, account):
    def make(**changes):
        fields = {
            "player": str(player.pk),
            "provider_account": account.code,
            "type": "single",
            "stake": "10.00",
            "currency": "EUR",
            "odds_policy": "none",
            "items": [ITEM],
        }
        fields = {**fields, **changes}
        return {name: value for name, value in fields.items() if value is not ...}

    return make


# --- placing ------------------------------------------------------------------------------------


def test_an_accepted_coupon(api, slip, book, player, account) -> None:
    book.answers.append(Accepted(reference="B-1", odds=Decimal("4.27")))
    response = api.post("/coupons", slip(), key="k1")
    assert (response.status_code, response["Content-Type"]) == (201, "application/json")
    coupon = Coupon.objects.get()
    body = response.json()
    assert body == {
        "id": str(coupon.pk),
        "code": coupon.code,
        "player": str(player.pk),
        "provider_account": account.code,
        "type": "single",
        "system_size": None,
        "status": "accepted",
        "result": None,
        "stake": "10.00",
        "odds": "4.27",
        "odds_policy": "none",
        "potential_payout": "42.70",
        "payout": None,
        "currency": "EUR",
        "provider_reference": "B-1",
        "rejection": None,
        "items": [{**ITEM, "accepted_odds": "4.27", "result": None}],
        "placed_at": body["placed_at"],
        "accepted_at": body["accepted_at"],
        "settled_at": None,
    }
    assert datetime.fromisoformat(body["placed_at"]) == coupon.placed_at.astimezone(UTC)
    assert api.get(f"/coupons/{coupon.pk}").content == response.content


def test_what_the_provider_is_asked(api, slip, book) -> None:
    items = [
        {**ITEM, "event_id": 586464528, "is_live": True},
        {"event_id": "e2", "selection": "87|4|0", "odds": "1.12"},
    ]
    sent = slip(type="express", odds_policy="rise", items=items)
    assert api.post("/coupons", sent, key="k").status_code == 201
    (asked,) = book.slips
    assert (asked.type, asked.odds_policy, asked.stake) == ("express", "rise", Decimal("10.00"))
    assert [(s.event_id, s.odds, s.is_live) for s in asked.selections] == [
        ("586464528", Decimal("4.27"), True),
        ("e2", Decimal("1.12"), False),
    ]


def test_what_may_be_left_out(api, slip, book) -> None:
    sent = slip(odds_policy=..., items=[{k: ITEM[k] for k in ("event_id", "selection", "odds")}])
    body = api.post("/coupons", sent, key="k").json()
    assert (body["odds_policy"], body["system_size"]) == ("none", None)
    assert body["items"][0]["is_live"] is False


def test_a_system(api, slip) -> None:
    items = [{**ITEM, "event_id": str(n), "odds": "2.00"} for n in range(3)]
    body = api.post("/coupons", slip(type="system", system_size=2, items=items), key="k").json()
    assert (body["status"], body["system_size"], body["odds"]) == ("accepted", 2, "4.00")
    assert body["potential_payout"] == "40.00"


def test_a_refusal_by_the_provider_is_a_coupon(api, slip, book, player) -> None:
    changed = ChangedOdds(item=0, requested=Decimal("4.27"), current=Decimal("3.9"))
    book.answers.append(
        Rejected(
            code="odds_changed",
            message="The odds have changed.",
            provider_code="17",
            changed=(changed,),
            max_stake=Decimal("55"),
        )
    )
    response = api.post("/coupons", slip(), key="k")
    assert response.status_code == 201
    body = response.json()
    assert (body["status"], body["accepted_at"]) == ("rejected", None)
    assert body["rejection"] == {
        "code": "odds_changed",
        "message": "The odds have changed.",
        "provider_code": "17",
        "changed": [{"item": 0, "requested": "4.27", "current": "3.90"}],
        "max_stake": "55.00",
    }
    assert balances([player.wallet_id])[player.wallet_id].available == Decimal("100")


def test_a_refusal_without_a_call_is_a_coupon_too(api, slip, book) -> None:
    response = api.post("/coupons", slip(stake="100.01"), key="k")
    assert response.status_code == 201
    rejection = response.json()["rejection"]
    assert rejection.pop("message")
    assert rejection == {
        "code": "insufficient_funds",
        "provider_code": "",
        "changed": [],
        "max_stake": None,
    }
    assert not book.slips


@pytest.mark.parametrize("status", ["blocked", "self_excluded", "closed"])
def test_a_player_who_may_not_bet(api, slip, book, player, status) -> None:
    player.status = PlayerStatus(status)
    player.save()
    body = api.post("/coupons", slip(), key="k").json()
    assert (body["status"], body["rejection"]["code"]) == ("rejected", f"player_{status}")
    assert not book.slips


def test_never_sent_is_rejected_and_no_clear_answer_is_202(api, slip, book) -> None:
    book.answers += [
        NotSent(code="provider_unreachable", message="No connection."),
        Unknown(reason="time-out"),
    ]
    never = api.post("/coupons", slip(), key="k1")
    unclear = api.post("/coupons", slip(), key="k2")
    assert (never.status_code, never.json()["status"]) == (201, "rejected")
    assert (unclear.status_code, unclear.json()["status"]) == (202, "unknown")
    again = api.post("/coupons", slip(), key="k2")
    assert (again.status_code, again.content) == (202, unclear.content)


# --- idempotency --------------------------------------------------------------------------------


def test_the_same_key_and_body_get_the_same_bytes(api, slip, book) -> None:
    first = api.post("/coupons", slip(), key="k")
    reordered = json.dumps(dict(reversed(slip().items())), indent=3).encode()
    for body in (slip(), reordered):
        again = api.post("/coupons", body, key="k")
        assert (again.status_code, again.content) == (201, first.content)
        assert again["Content-Type"] == first["Content-Type"]
    assert (Coupon.objects.count(), len(book.slips)) == (1, 1)


def test_a_repeat_tells_what_the_first_reply_told(api, slip, book, player) -> None:
    first = api.post("/coupons", slip(stake="150"), key="k")
    assert first.json()["rejection"]["code"] == "insufficient_funds"
    fund(player, "100")
    assert api.post("/coupons", slip(stake="150"), key="k").content == first.content


@pytest.mark.parametrize(
    "change",
    [
        {"stake": "10.01"},
        {"odds_policy": "any"},
        {"items": [{**ITEM, "odds": "4.28"}]},
        {"items": [{**ITEM, "is_live": True}]},
    ],
)
def test_the_same_key_with_another_body_is_a_conflict(api, slip, change) -> None:
    api.post("/coupons", slip(), key="k")
    problem(api.post("/coupons", slip(**change), key="k"), 409, "idempotency_key_reused")
    assert Coupon.objects.count() == 1


def test_partners_may_use_the_same_keys(api, api_of, slip, account) -> None:
    other = a_partner()
    theirs = a_player(other, balance="50")
    account.access.create(partner=other)
    assert api.post("/coupons", slip(), key="k").status_code == 201
    second = api_of(other).post("/coupons", slip(player=str(theirs.pk)), key="k")
    assert (second.status_code, Coupon.objects.count()) == (201, 2)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_required"),
        ("", "idempotency_key_malformed"),
        ("a b", "idempotency_key_malformed"),
        ("x" * 101, "idempotency_key_malformed"),
        ("k\u00e9", "idempotency_key_malformed"),
        ("a\x00", "idempotency_key_malformed"),
    ],
)
def test_a_key_is_required_and_has_a_form(api, slip, key, code) -> None:
    body = problem(api.post("/coupons", slip(), key=key), 400, code)
    assert body["errors"][0]["field"] == "Idempotency-Key"
    assert not Coupon.objects.exists()


def test_a_refused_request_does_not_use_up_its_key(api, slip) -> None:
    assert api.post("/coupons", slip(stake="x"), key="x" * 100).status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert api.post("/coupons", slip(), key="x" * 100).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_one_key_sent_many_times_at_once_places_one_coupon(api, slip, book) -> None:
    placed, start = Event(), Barrier(6)

    def slowly(asked):
        placed.wait(20)
        return Accepted(reference="B-1")

    book.answers.append(slowly)
    sent = slip()

    def send(_: int):
        try:
            start.wait(20)
            return api.post("/coupons", sent, key="k")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(send, n) for n in range(6)]
        # The provider answers once the five others have been turned away.
        refused = [each.result() for each in islice(as_completed(waiting, timeout=20), 5)]
        placed.set()
        replies = [each.result() for each in waiting]
    for reply in refused:
        problem(reply, 409, "placement_in_progress")
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409, 409, 409]
    assert (Coupon.objects.count(), len(book.slips)) == (1, 1)


# --- what is wrong with a request ---------------------------------------------------------------


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
        ({"items": [1]}, {"items[0]": "invalid"}),
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


# --- reading ------------------------------------------------------------------------------------


def ids(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [coupon["id"] for coupon in response.json()["results"]]


def path_of(link: str) -> str:
    prefix = "http://testserver/api/v1"
    assert link.startswith(prefix)
    return link.removeprefix(prefix)


def test_the_list_is_paged_newest_first_in_both_directions(api, player, account) -> None:
    all_ids = [str(a_coupon(player, account).pk) for _ in range(7)][::-1]
    first = api.get("/coupons", limit="3")
    second = api.get(path_of(first.json()["next"]))
    third = api.get(path_of(second.json()["next"]))
    assert [ids(first), ids(second), ids(third)] == [all_ids[:3], all_ids[3:6], all_ids[6:]]
    assert (first.json()["previous"], third.json()["next"]) == (None, None)
    back = api.get(path_of(third.json()["previous"]))
    assert ids(back) == all_ids[3:6]
    start = api.get(path_of(back.json()["previous"]))
    assert ids(start) == all_ids[:3]
    assert start.json()["previous"] is None


def test_a_page_stays_where_it_is_while_coupons_come_in(api, player, account) -> None:
    old = [str(a_coupon(player, account).pk) for _ in range(4)][::-1]
    first = api.get("/coupons", limit="2")
    a_coupon(player, account)
    assert ids(api.get(path_of(first.json()["next"]))) == old[2:]


def test_the_list_is_filtered_and_links_keep_the_filters(api, partner, player, account) -> None:
    second_player, second_account = a_player(partner), an_account(partner, provider="fakebook")
    one = [str(a_coupon(player, account, status="rejected").pk) for _ in range(3)][::-1]
    two = str(a_coupon(second_player, second_account).pk)
    assert ids(api.get("/coupons", player=str(second_player.pk))) == [two]
    assert ids(api.get("/coupons", provider_account=second_account.code)) == [two]
    page = api.get("/coupons", status="rejected", player=str(player.pk), limit="2")
    assert ids(page) == one[:2]
    assert ids(api.get(path_of(page.json()["next"]))) == one[2:]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("cursor", ""),
        ("cursor", "x"),
        ("cursor", "!!!!"),
        ("cursor", "é"),
        ("cursor", "A" * 23),
        ("cursor", "A" * 100_0),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", "\u0661"),
        ("limit", ""),
        ("player", "1"),
        ("player", "\x00"),
        ("status", "lost"),
        ("provider_account", "\x00"),
        ("stats", "won"),
        ("format", "xml"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(api, parameter, value) -> None:
    assert list(errors(api.get("/coupons", **{parameter: value}))) == [parameter]


def test_a_list_takes_the_same_statements_however_long(
    api, player, account, django_assert_num_queries
) -> None:
    for count in (1, 5):
        for _ in range(count):
            a_coupon(player, account, item_odds=("1.50", "2.00"))
        with django_assert_num_queries(3):
            api.get("/coupons")


def test_reading_never_fails_on_what_a_provider_said(api, player, account) -> None:
    coupon = a_coupon(
        player,
        account,
        status="settled",
        result="won",
        payout=Decimal("25.00"),
        potential_payout=Decimal("25.1234"),
        odds=Decimal("2.512340"),
    )
    body = api.get(f"/coupons/{coupon.pk}").json()
    assert (body["potential_payout"], body["odds"]) == ("25.1234", "2.51234")
    assert (body["result"], body["payout"]) == ("won", "25.00")
