"""The call log in the admin: found by what it was about, by account, operation and outcome."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from providers import queries
from providers.models import CallOutcome, ProviderCall
from tests.factories.bets import a_coupon, a_partner, a_player, an_account
from tests.factories.providers import make_account
from tests.factories.staff import a_client

pytestmark = pytest.mark.django_db
LIST = "admin:providers_providercall_changelist"


def a_row(account, **changes) -> ProviderCall:
    values = {
        "operation": "place", "method": "POST", "url": "http://x/", "outcome": CallOutcome.OK,
    }  # fmt: skip
    return ProviderCall.objects.create(account=account, **{**values, **changes})


def listed(client, **query) -> list[ProviderCall]:
    answer = client.get(reverse(LIST), query)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


@pytest.fixture
def client():
    return a_client("support")


def test_calls_are_listed_by_account_operation_and_outcome(client):
    account, other = make_account(), make_account()
    login = a_row(account, operation="login")
    place = a_row(account)
    failed = a_row(other, outcome=CallOutcome.ERROR)

    assert listed(client) == [failed, place, login]
    assert listed(client, operation="login") == [login]
    assert listed(client, operation="place") == [failed, place]
    assert listed(client, outcome__exact="error") == [failed]
    assert listed(client, account__id__exact=str(account.pk)) == [place, login]
    assert listed(client, since="hour") == [failed, place, login]


@pytest.mark.parametrize("kind", ["coupon", "player", "anything"])
def test_a_call_is_found_by_what_it_was_about_and_by_its_own_id(client, kind):
    account, subject = make_account(), uuid4()
    about = a_row(account, subject_kind=kind, subject_id=subject)
    a_row(account)

    assert listed(client, q=str(subject)) == [about]
    assert listed(client, q=str(about.pk)) == [about]
    assert listed(client, q=str(uuid4())) == []
    assert listed(client, q="x") == []


def test_its_page_leads_to_the_coupon(client):
    partner = a_partner("acme")
    account = an_account(partner, code="main")
    coupon = a_coupon(a_player(partner), account)
    call = a_row(account, subject_kind="coupon", subject_id=coupon.pk)
    call_page = reverse("admin:providers_providercall_change", args=[call.pk])
    coupon_page = reverse("admin:bets_coupon_change", args=[coupon.pk])

    assert coupon_page in client.get(call_page).content.decode()


def test_who_may_not_see_bodies_is_told_that_there_are_some():
    call = a_row(make_account(), request="ada", response="taken")
    url = reverse("admin:providers_providercall_change", args=[call.pk])

    hidden = a_client("trader").get(url).content.decode()
    shown = a_client("support").get(url).content.decode()

    assert "Your role does not show what was sent and answered" in hidden
    assert "taken" not in hidden
    assert "taken" in shown
    assert "Your role does not show" not in shown


def test_operations_are_found_without_reading_the_log():
    account = make_account()
    for name in ("place", "login", "place", "menu", "menu"):
        a_row(account, operation=name)

    assert queries.operations() == ["login", "menu", "place"]


def test_no_operation_is_no_choice():
    assert queries.operations() == []


def test_the_list_counts_nothing_and_reads_each_page_by_key(client):
    account = make_account()
    rows = [a_row(account) for _ in range(120)]
    first = client.get(reverse(LIST))
    with CaptureQueriesContext(connection) as asked:
        second = client.get(reverse(LIST) + first.context["cl"].paginator.older)

    assert [*first.context["cl"].result_list, *second.context["cl"].result_list] == rows[:19:-1]
    mine = [each["sql"] for each in asked if "providers_providercall" in each["sql"]]
    assert not any("COUNT(" in sql for sql in mine)
    assert all("OFFSET" not in sql for sql in mine)


def test_an_operation_reads_as_words(client):
    call = a_row(make_account(code="ex"), operation="keep_alive")
    page = client.get(reverse("admin:providers_providercall_change", args=[call.pk]))
    assert "Keep alive at ex" in page.content.decode()
    assert "keep alive" in client.get(reverse(LIST)).content.decode()
