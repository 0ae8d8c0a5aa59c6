from decimal import Decimal

import pytest

from tests.factories.bets import a_coupon, a_player, an_account
from tests.factories.problems import errors

pytestmark = pytest.mark.django_db


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


def test_every_wrong_parameter_is_named_at_once(api) -> None:
    assert errors(api.get("/coupons", limit="x", status="lost", foo="1")) == {
        "limit": "malformed",
        "status": "invalid_choice",
        "foo": "unknown_parameter",
    }
