"""Sessions at exchanges, refreshed by a schedule."""

import pytest

from providers import jobs, leases, registry, services
from providers.models import ProviderSession
from tests.factories.betflag import make_exchange
from tests.providers.samples import sample
from tests.providers.scripted import reply, reset

pytestmark = pytest.mark.django_db

KEEP_ALIVE = "PUT /security/keepalive"


def answer(case: str):
    return reply(sample("betflag", case, "response"))


@pytest.fixture(autouse=True)
def _exchange(server):
    server.on("POST /security/session", answer("login"))
    server.on("GET /account/balance", answer("balance"))
    server.on(KEEP_ALIVE, answer("keep_alive"))


def logged_in(server):
    account = make_exchange(server.url)
    registry.get("betflag").funds(account, deadline_s=5)
    return account


def test_stored_sessions_of_active_accounts_are_kept_alive(server):
    account, off, idle = logged_in(server), logged_in(server), make_exchange(server.url)
    services.save_account(code=off.code, is_active=False)

    assert jobs.keep_sessions_alive() == 1

    assert len(server.requests(KEEP_ALIVE)) == 1
    assert ProviderSession.objects.get(account=account).kept_alive_at is not None
    assert not ProviderSession.objects.filter(account=idle).exists()


def test_one_that_fails_keeps_no_other_from_its_turn(server, caplog):
    broken, account = logged_in(server), logged_in(server)
    server.on(KEEP_ALIVE, reset, answer("keep_alive"))

    assert jobs.keep_sessions_alive() == 1

    assert f"the session of {broken.code} could not be kept alive" in caplog.text
    assert ProviderSession.objects.get(account=account).kept_alive_at is not None


def test_nobody_refreshes_what_another_is_refreshing(server):
    account = logged_in(server)

    with leases.held(name=f"keep_alive:{account.id}", seconds=30, wait_s=0):
        assert jobs.keep_sessions_alive() == 0

    assert server.requests(KEEP_ALIVE) == []
