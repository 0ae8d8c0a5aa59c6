"""How an account stands: suspension, refused credentials, and the state for staff."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from providers import admission, health, services
from providers.health import State
from providers.models import Breaker, CallFailure, ProviderAccount, ProviderHealth
from providers.transport import CallNotSent, Transport
from tests.factories.calls import a_call, logged, open_the_circuit, state_of
from tests.factories.providers import make_account, make_slip
from tests.providers.scripted import reply, unused_url

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
def account(db):
    return make_account()


# --- suspension ---------------------------------------------------------------------------------


def test_a_suspended_account_makes_no_calls(server, transport, account):
    server.on("/ask", reply({}))
    health.suspend(account_id=account.id, by="staff:ada", reason="Contract ended.", now=NOW)

    for _ in range(3):
        with pytest.raises(CallNotSent, match="Contract ended") as held:
            transport.call(a_call(account, server.url + "/ask"))
        assert held.value.code == "provider_suspended"
    assert server.connections == 0

    assert health.resume(account_id=account.id)
    assert transport.call(a_call(account, server.url + "/ask")).status == 200


@pytest.mark.django_db
def test_the_connection_of_a_suspended_account_can_be_tested(server):
    account = make_account(base_url=server.url)
    health.suspend(account_id=account.id, by="staff:ada", reason="Maintenance.", now=NOW)

    services.test_connection(account=account)

    assert len(server.received) == 1
    assert health.of(account_id=account.id, now=NOW).state == State.SUSPENDED


def test_a_good_test_closes_the_circuit(server, transport, account):
    server.on("/ask", reply({}))
    open_the_circuit(account, due=False)

    with admission.testing():
        assert transport.call(a_call(account, server.url + "/ask")).status == 200

    assert state_of(account) == Breaker.CLOSED


def test_a_bad_test_leaves_it_open(transport, account):
    open_the_circuit(account, due=False)
    before = ProviderHealth.objects.get().retry_at

    with admission.testing(), pytest.raises(CallNotSent) as failed:
        transport.call(a_call(account, unused_url()))

    assert failed.value.code == "provider_unreachable"
    assert (state_of(account), ProviderHealth.objects.get().retry_at) == (Breaker.OPEN, before)


def test_who_suspends_it_first_is_kept(account):
    health.suspend(account_id=account.id, by="staff:ada", reason="First.", now=NOW)
    with pytest.raises(health.AlreadySuspended):
        health.suspend(account_id=account.id, by="staff:bob", reason="Second.", now=NOW)

    found = health.of(account_id=account.id, now=NOW)
    assert (found.state, found.since, found.why) == (
        State.SUSPENDED, NOW, "Suspended by ada (staff): First.",
    )  # fmt: skip
    assert health.resume(account_id=account.id)
    assert not health.resume(account_id=account.id)
    assert health.of(account_id=account.id, now=NOW).state == State.HEALTHY


@pytest.mark.django_db
def test_a_placement_at_a_suspended_account_is_not_sent(server):
    account = make_account(base_url=server.url)
    health.suspend(account_id=account.id, by="staff:ada", reason="Maintenance.", now=NOW)

    placed = services.place(account=account, slip=make_slip(), deadline_s=2, keep=lambda _: True)

    assert (type(placed).__name__, placed.code) == ("NotSent", "provider_suspended")
    assert server.connections == 0


# --- credentials --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_refused_credentials_are_kept_until_a_login_works(server):
    account = make_account(base_url=server.url)
    _login(server, user="")
    services.test_connection(account=account)
    first = health.of(account_id=account.id, now=NOW)
    services.test_connection(account=account)

    found = health.of(account_id=account.id, now=NOW)
    assert (found.state, found.since) == (State.CREDENTIALS_REFUSED, first.since)
    assert "refused the login" in found.why

    _login(server, user="7")
    assert services.test_connection(account=account).ok
    assert health.of(account_id=account.id, now=NOW).state == State.HEALTHY


def test_new_credentials_are_not_refused_yet(account):
    health.credentials_refused(account_id=account.id, message="no: password=hunter2")
    assert "hunter2" not in ProviderHealth.objects.get().credentials_error

    services.save_account(code=account.code, secrets={"password": "another-password"})

    assert health.of(account_id=account.id, now=NOW).state == State.HEALTHY


def test_working_credentials_cost_nothing(account, django_assert_num_queries):
    with django_assert_num_queries(0):
        health.credentials_worked(account_id=account.id)


def _login(server, *, user: str) -> None:
    path = "/WebServices/BCService.asmx/LogIn/"
    server.on(path, reply({"d": {"UserId": user}}, headers=("Set-Cookie: sid=abcdef",)))


# --- the state ----------------------------------------------------------------------------------


def test_an_account_without_calls_is_healthy(account):
    found = health.of(account_id=account.id, now=datetime.now(UTC))
    assert (found.state, found.calls, found.failed) == (State.HEALTHY, 0, 0)


@pytest.mark.parametrize(
    ("good", "bad", "state"),
    [(0, 2, State.HEALTHY), (0, 3, State.DEGRADED), (9, 3, State.DEGRADED), (12, 3, State.HEALTHY)],
)
def test_a_share_of_failures_makes_it_degraded(account, good, bad, state):
    logged(account, count=good)
    logged(account, failure=CallFailure.LOST, count=bad)

    found = health.of(account_id=account.id, now=datetime.now(UTC))
    assert (found.state, found.calls, found.failed) == (state, good + bad, bad)


def test_an_open_circuit_is_degraded_since_it_opened(account):
    open_the_circuit(account, due=False)

    found = health.of(account_id=account.id, now=datetime.now(UTC))
    assert (found.state, found.since) == (State.DEGRADED, found.facts.opened_at)
    account.refresh_from_db()
    assert health.states(accounts=[account], now=NOW) == {account.id: State.DEGRADED}


def test_many_accounts_cost_one_query_and_stand_as_each_does_alone(
    account, django_assert_num_queries
):
    failing, well, refused = account, make_account(), make_account()
    logged(failing, failure=CallFailure.SERVER_ERROR, count=3)
    logged(well, count=12)
    logged(well, failure=CallFailure.LOST, count=3)
    health.credentials_refused(account_id=refused.id, message="no")
    everybody = list(ProviderAccount.objects.select_related("health"))

    now = datetime.now(UTC)
    with django_assert_num_queries(1):
        found = health.states(accounts=everybody, now=now)
    assert found[failing.id] == State.DEGRADED
    assert found == {each.id: health.of(account_id=each.id, now=now).state for each in everybody}


def test_the_last_failure_is_found_however_old(account):
    logged(account, failure=CallFailure.LOST)
    logged(account, failure=CallFailure.WITHHELD)
    logged(account)

    assert health.last_failure(account_id=account.id).failure == CallFailure.LOST
    assert health.last_failure(account_id=make_account().id) is None


@pytest.mark.parametrize(
    "values",
    [
        {"breaker": "ajar"},
        {"breaker": "open"},
        {"breaker": "half_open", "opened_at": NOW},
        {"suspended_at": NOW},
        {"suspended_at": NOW, "suspended_by": "staff:ada"},
    ],
)
def test_the_database_refuses_what_must_not_be(account, values):
    with pytest.raises(IntegrityError), transaction.atomic():
        ProviderHealth.objects.create(account=account, **values)
