"""What staff see of an account's health and of new details, and what they do about it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from providers import health, rates, watch
from providers.health import State
from providers.models import CallFailure, ProviderHealth, SeenDetail
from tests.factories.calls import logged, open_the_circuit
from tests.factories.providers import make_account
from tests.factories.staff import a_client

pytestmark = pytest.mark.django_db
DETAILS = "admin:providers_seendetail_changelist"


@pytest.fixture
def account():
    return make_account(code="betcalc-eu")


@pytest.fixture
def client():
    return a_client("trader")


def do(client, account, action, **data):
    url = reverse("admin:providers_provideraccount_do", args=[account.pk, action])
    return client.post(url, data, follow=True).content.decode()


def page_of(client, account) -> str:
    url = reverse("admin:providers_provideraccount_change", args=[account.pk])
    return client.get(url).content.decode()


def state_of(account) -> State:
    return health.of(account_id=account.pk, now=datetime.now(UTC)).state


def test_an_account_without_any_trouble_says_so(client, account):
    page = page_of(client, account)

    for words in ("healthy", "Calls go through.", "No call ended.", "closed: calls go through"):
        assert words in page
    assert "/do/suspend/" in page
    assert "/do/resume/" not in page


@pytest.mark.parametrize(("wholly", "says"), [("", "go on"), ("on", "held back as well")])
def test_a_suspension_says_what_becomes_of_questions_about_open_bets(client, account, wholly, says):
    asked = client.get(
        reverse("admin:providers_provideraccount_do", args=[account.pk, "suspend"])
    ).content.decode()
    assert "questions about what became of open bets" in asked

    page = do(client, account, "suspend", reason="Audit.", **({"wholly": "on"} if wholly else {}))

    assert "Questions about open bets" in page
    assert says in page
    assert ProviderHealth.objects.get().suspended_wholly is bool(wholly)


def test_suspending_needs_a_reason_and_is_kept_with_a_name(client, account):
    do(client, account, "suspend", reason="  ")
    assert state_of(account) == State.HEALTHY

    page = do(client, account, "suspend", reason="Their maintenance until noon.")

    assert "is suspended" in page
    assert "Suspended since" in page
    assert "Healthy. " not in page
    assert "Suspended by trader" in page
    assert "staff:trader" not in page
    assert "Their maintenance until noon." in page
    assert "/do/resume/" in page
    assert "/do/suspend/" not in page
    stored = ProviderHealth.objects.get()
    assert stored.suspended_by.startswith("staff:trader")
    assert "Their maintenance" in LogEntry.objects.get().change_message

    assert "is called again" in do(client, account, "resume")
    assert state_of(account) == State.HEALTHY
    assert LogEntry.objects.count() == 2


def test_who_comes_second_is_told(client, account):
    health.suspend(account_id=account.pk, by="staff:ada", reason="First.", now=datetime.now(UTC))

    assert "is not possible now" in do(client, account, "suspend", reason="Second.")
    assert ProviderHealth.objects.get().suspended_reason == "First."


def test_trouble_stands_on_the_page_in_words(client, account):
    open_the_circuit(account, due=False)
    rates.throttle(account_id=account.pk, seconds=100)
    page = page_of(client, account)

    assert "degraded" in page
    assert "open: calls are held back" in page
    assert "20 of 20 calls failed." in page
    failed = health.last_failure(account_id=account.pk)
    assert reverse("admin:providers_providercall_change", args=[failed.pk]) in page


def test_refused_credentials_stand_on_the_page(client, account):
    health.credentials_refused(account_id=account.pk, message="betcalc refused <the> login")

    page = page_of(client, account)
    assert "credentials refused" in page
    assert "betcalc refused &lt;the&gt; login" in page


def test_the_list_shows_the_states_in_one_query(client, django_assert_max_num_queries):
    accounts = [make_account() for _ in range(5)]
    health.credentials_refused(account_id=accounts[0].pk, message="no")
    open_the_circuit(accounts[1], due=False)

    with django_assert_max_num_queries(14):
        page = client.get(reverse("admin:providers_provideraccount_changelist")).content.decode()
    assert "credentials refused" in page
    assert "degraded" in page
    assert "healthy" in page


def test_many_failures_without_an_open_circuit_are_degraded(client, account):
    logged(account, count=4)
    logged(account, failure=CallFailure.LOST, count=4)

    page = page_of(client, account)
    assert "4 of 8 calls of the past 15 minutes failed." in page
    listed = client.get(reverse("admin:providers_provideraccount_changelist")).content.decode()
    assert "degraded" in listed
    assert "healthy" not in listed


# --- what is new --------------------------------------------------------------------------------


def test_a_new_detail_is_counted_in_the_sidebar_until_somebody_has_seen_it(client, account):
    watch.note(account_id=account.pk, place="place", fields=["<b>vip</b>"], values=["s=frozen"])
    page = client.get(reverse(DETAILS)).content.decode()
    assert "&lt;b&gt;vip&lt;/b&gt;" in page
    assert "s=frozen" in page

    detail = SeenDetail.objects.get(name="s=frozen")
    url = reverse("admin:providers_seendetail_do", args=[detail.pk, "seen"])
    client.post(url)
    detail.refresh_from_db()

    assert detail.acknowledged_by.startswith("staff:trader")
    new = client.get(reverse(DETAILS), {"state": "new"}).context["cl"].result_list
    seen = client.get(reverse(DETAILS), {"state": "seen"}).context["cl"].result_list
    assert [each.name for each in new] == ["<b>vip</b>"]
    assert list(seen) == [detail]
    assert "is not possible now" in client.post(url, follow=True).content.decode()


def test_many_are_marked_at_once_by_those_who_may(client, account):
    watch.note(account_id=account.pk, place="place", fields=["a", "b", "c"])
    chosen = {
        "action": "acknowledge_many",
        "_selected_action": list(SeenDetail.objects.values_list("pk", flat=True)[:2]),
    }
    a_client("support").post(reverse(DETAILS), chosen)
    assert not SeenDetail.objects.filter(acknowledged_at__isnull=False).exists()

    client.post(reverse(DETAILS), chosen)
    assert SeenDetail.objects.filter(acknowledged_at__isnull=False).count() == 2
    assert LogEntry.objects.count() == 2


def test_no_detail_is_an_answer_as_well(client):
    assert "are listed once they come" in " ".join(
        client.get(reverse(DETAILS)).content.decode().split()
    )


def test_a_detail_has_a_page(client, account):
    watch.note(account_id=account.pk, place="place", fields=["vip"])
    detail = SeenDetail.objects.get()
    SeenDetail.objects.update(count=12_345, first_seen=detail.first_seen - timedelta(days=1))

    page = client.get(
        reverse("admin:providers_seendetail_change", args=[detail.pk])
    ).content.decode()
    assert "12,345" in page
    assert "do not name" in page
