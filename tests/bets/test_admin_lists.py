"""Lists cost the same on every page, count nothing and ask the database once for each kind."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.bets import a_coupon, a_partner, a_player, an_account
from tests.factories.staff import a_client

pytestmark = pytest.mark.django_db

LIST = "admin:bets_coupon_changelist"
PER_PAGE = 50


@pytest.fixture
def coupons():
    account, partner = an_account(code="betcalc-eu"), a_partner("acme")
    players = [a_player(partner) for _ in range(3)]
    return [a_coupon(players[n % 3], account) for n in range(PER_PAGE * 2 + 5)]


def _queries(client, url, **query):
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url, query)
    assert answer.status_code == 200
    return answer, [each["sql"] for each in captured.captured_queries]


def _codes(answer):
    return [coupon.code for coupon in answer.context["cl"].result_list]


def test_pages_follow_one_another_both_ways(coupons):
    client, url = a_client("support"), reverse(LIST)
    newest_first = [coupon.code for coupon in reversed(coupons)]

    first = client.get(url)
    second = client.get(url + first.context["cl"].paginator.older)
    third = client.get(url + second.context["cl"].paginator.older)
    back = client.get(url + third.context["cl"].paginator.newer)

    assert _codes(first) + _codes(second) + _codes(third) == newest_first
    assert _codes(back) == _codes(second)
    assert not first.context["cl"].paginator.newer
    assert not third.context["cl"].paginator.older


def test_a_filter_stays_on_the_next_page(coupons):
    client, url = a_client("support"), reverse(LIST)
    first = client.get(url, {"status__exact": "accepted"})
    assert "status__exact=accepted" in first.context["cl"].paginator.older


def test_nothing_is_counted_and_no_row_costs_a_query(coupons):
    client, url = a_client("support"), reverse(LIST)
    client.get(url)
    _, many = _queries(client, url)
    _, few = _queries(client, url, status__exact="unknown")
    assert not any("COUNT(" in sql.upper() and "bets_coupon" in sql for sql in many)
    assert not any("OFFSET" in sql.upper() for sql in many)
    assert len(many) <= len(few) + 1 <= 16


def test_a_page_that_no_key_can_begin_is_the_first(coupons):
    answer = a_client("support").get(reverse(LIST), {"before": "nonsense"})
    assert len(_codes(answer)) == PER_PAGE


def test_a_deep_page_starts_at_a_key_and_reads_no_more_than_it_shows(coupons):
    client, url = a_client("support"), reverse(LIST)
    first = client.get(url)
    older = first.context["cl"].paginator.older
    with CaptureQueriesContext(connection) as captured:
        client.get(url + older)
    (page,) = [each["sql"] for each in captured.captured_queries if "LIMIT 51" in each["sql"]]
    assert '"bets_coupon"."id" < ' in page
    assert 'ORDER BY "bets_coupon"."id" DESC' in page


def test_the_page_of_a_coupon_costs_the_same_for_many_events(coupons):
    client, coupon = a_client("support"), coupons[0]
    url = reverse("admin:bets_coupon_change", args=[coupon.pk])
    client.get(url)
    _, queries = _queries(client, url)
    assert len(queries) <= 22


@pytest.mark.parametrize(
    "term", ["", " ", "%", "_", "\x00", "'; --", "x" * 500, "é", "1", "0" * 60]
)
def test_odd_searches_find_nothing_and_break_nothing(coupons, term):
    assert a_client("support").get(reverse(LIST), {"q": term, "since": "day"}).status_code == 200


@pytest.mark.parametrize("term", ["74A0FD", "74a0fd"])
def test_the_code_that_the_provider_tells_people_opens_its_coupon(term):
    coupon = a_coupon(a_player(a_partner("acme")), an_account(), provider_code="74A0FD")
    answer = a_client("support").get(reverse(LIST), {"q": term})
    assert answer.url == reverse("admin:bets_coupon_change", args=[coupon.pk])


@pytest.mark.parametrize(("role", "finds"), [("support", True), ("trader", False)])
@pytest.mark.parametrize("kind", ["coupon", "player"])
def test_a_username_is_found_by_those_who_may_see_it(role, finds, kind):
    player = a_player(a_partner("acme"), username="jane.doe")
    a_coupon(player, an_account())
    client, url = a_client(role), reverse(f"admin:bets_{kind}_changelist")

    def is_found(term):
        return f"No {kind} here" not in client.get(url, {"q": term}, follow=True).content.decode()

    assert is_found("jane.doe") is finds
    assert is_found(player.external_id)


def test_the_recent_ones_are_found_by_the_time_in_their_key(coupons):
    answer = a_client("support").get(reverse(LIST), {"since": "hour"})
    assert len(_codes(answer)) == PER_PAGE
