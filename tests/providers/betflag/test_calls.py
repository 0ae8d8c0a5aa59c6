"""Sessions: one for all, renewed once, kept alive."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from providers import health, registry, services, sessions
from providers.contract import (
    Done,
    NotSent,
    Placed,
    ReadRefused,
    Rejected,
)
from providers.health import State
from providers.models import Lease, ProviderSession
from tests.factories.betflag import make_exchange
from tests.providers.betflag.asked import (
    BALANCE,
    KEEP_ALIVE,
    LOGIN,
    PLACE,
    TOKEN,
    answer,
    log_in_as,
    place,
)
from tests.providers.processes import run_together
from tests.providers.scripted import reply

pytestmark = pytest.mark.django_db


def test_one_session_serves_all_and_is_kept_encrypted(server, account):
    betflag = registry.get("betflag")

    betflag.funds(account, deadline_s=5)
    betflag.funds(account, deadline_s=5)

    assert len(server.requests(LOGIN)) == 1
    stored = ProviderSession.objects.get(account=account)
    assert TOKEN.encode() not in bytes(stored.cookies)
    assert sessions.current(account_id=account.id).cookies == {"token": TOKEN}


LOST = {
    "401": reply("", status=401),
    "403": reply({"errore": "", "esito": 1024}, status=403),
    "errore": answer("session_lost"),
    "errore with 400": answer("session_lost", status=400),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_lost_session_is_renewed_once_and_the_order_sent_again(server, account, lost):
    server.on(LOGIN, log_in_as("old"), log_in_as("new"))
    server.on(PLACE, lost, answer("place"))

    assert isinstance(place(account), Placed)

    tokens = [sent.headers["x-bf-session-token"] for sent in server.requests(PLACE)]
    assert tokens == ["old", "new"]


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_session_refused_twice_is_a_no(server, account, lost):
    server.on(PLACE, lost)

    placed = place(account)

    assert isinstance(placed, Rejected)
    assert placed.code == "provider_access_denied"
    assert (len(server.requests(PLACE)), len(server.requests(LOGIN))) == (2, 2)


def test_another_refusal_does_not_cost_a_login(server, account):
    server.on(PLACE, answer("refused"))

    placed = place(account)

    assert placed == Rejected(
        code="market_suspended",
        message="The market is suspended: “Mercato sospeso”.",
        provider_code="1011",
    )
    assert (len(server.requests(PLACE)), len(server.requests(LOGIN))) == (1, 1)


def test_without_a_session_nothing_is_sent(server, account):
    server.on(LOGIN, answer("login_refused"))

    placed = place(account)

    assert placed == NotSent(
        code="provider_credentials_refused",
        message="The exchange refused: “Credenziali non valide”.",
    )
    assert server.requests(PLACE) == []


@pytest.mark.parametrize("refused", [answer("login_refused"), reply("", status=401)])
def test_a_login_that_is_refused_is_known_to_staff_until_one_works(server, account, refused):
    for step, state in (
        (refused, State.CREDENTIALS_REFUSED),
        (reply("", status=502), State.CREDENTIALS_REFUSED),
        (log_in_as("new"), State.HEALTHY),
    ):
        server.on(LOGIN, step)
        registry.get("betflag").test(account)
        assert health.of(account_id=account.id, now=timezone.now()).state is state


def test_credentials_that_were_refused_are_not_tried_again_at_once(server, account):
    server.on(LOGIN, answer("login_refused"))
    first, second = place(account), place(account)

    assert (first.code, second.code) == ("provider_credentials_refused",) * 2
    assert second.message.startswith("the exchange has just refused the login")
    assert len(server.requests(LOGIN)) == 1

    Lease.objects.filter(name__startswith="refused-login:").update(expires_at=timezone.now())
    place(account)
    assert len(server.requests(LOGIN)) == 2


def test_new_credentials_are_tried_at_once(server, account):
    server.on(LOGIN, answer("login_refused"))
    place(account)
    account = services.save_account(
        code=account.code, provider="betflag", secrets={"password": "another"}
    )
    server.on(LOGIN, answer("login"))
    server.on(PLACE, answer("place"))

    assert isinstance(place(account), Placed)
    assert "another" not in str(list(Lease.objects.values()))


def test_what_is_no_refusal_of_the_credentials_is_tried_again_at_once(server, account):
    server.on(LOGIN, reply("", status=502))
    place(account)
    place(account)

    assert len(server.requests(LOGIN)) == 2


@pytest.mark.django_db(transaction=True)
def test_twenty_that_ask_at_once_have_wrong_credentials_refused_once(server):
    account = make_exchange(server.url)
    server.on(LOGIN, answer("login_refused"))

    def ask(_) -> str:
        try:
            registry.get("betflag").funds(account, deadline_s=20)
        except ReadRefused as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(ask, range(20)))

    assert codes == ["provider_credentials_refused"] * 20
    assert len(server.requests(LOGIN)) == 1


TEN_LOGINS = """
from providers import queries, registry
from providers.contract import Menu

account = queries.account(code=sys.argv[1])
print(registry.get("betflag").funds(account, deadline_s=30).free)
"""


@pytest.mark.django_db(transaction=True)
def test_processes_that_start_at_once_log_in_once(server):
    """Half of the twenty are processes, half threads with connections of their own."""
    account = make_exchange(server.url)
    server.on(BALANCE, answer("balance"))

    def slowly(connection):
        time.sleep(0.3)
        return answer("login")(connection)

    server.on(LOGIN, slowly)
    seen = []

    def ask():
        try:
            seen.append(str(registry.get("betflag").funds(account, deadline_s=30).free))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(10)]

    printed = run_together(
        TEN_LOGINS,
        account.code,
        number=10,
        meanwhile=lambda: [thread.start() for thread in threads],
    )
    for thread in threads:
        thread.join(timeout=60)

    assert printed + seen == ["424.73"] * 20
    assert len(server.requests(LOGIN)) == 1


def test_a_session_is_kept_alive(server, account):
    server.on(KEEP_ALIVE, answer("keep_alive"))
    betflag = registry.get("betflag")
    betflag.funds(account, deadline_s=5)
    before = timezone.now()

    assert betflag.keep_alive(account, deadline_s=5) == Done()

    (sent,) = server.requests(KEEP_ALIVE)
    assert sent.headers["x-bf-session-token"] == TOKEN
    assert ProviderSession.objects.get(account=account).kept_alive_at >= before
    assert len(server.requests(LOGIN)) == 1


def test_a_new_token_of_a_keep_alive_is_used_from_then_on(server, account):
    server.on(KEEP_ALIVE, answer("keep_alive_new_token"))
    betflag = registry.get("betflag")
    betflag.funds(account, deadline_s=5)

    assert betflag.keep_alive(account, deadline_s=5) == Done()
    betflag.funds(account, deadline_s=5)

    first, second = server.requests(BALANCE)
    assert first.headers["x-bf-session-token"] == TOKEN
    assert second.headers["x-bf-session-token"] == "5f0e7a52-8c34-4a5e-9a66-0d7a1f1f9b1c"
    assert ProviderSession.objects.get(account=account).kept_alive_at is not None


def test_a_keep_alive_opens_what_is_not_there_or_has_ended(server, account):
    server.on(KEEP_ALIVE, answer("session_lost"))
    betflag = registry.get("betflag")

    assert betflag.keep_alive(account, deadline_s=5) == Done(note="logged in")
    assert betflag.keep_alive(account, deadline_s=5) == Done(note="logged in again")
    assert len(server.requests(LOGIN)) == 2


def test_logging_out_forgets_the_session(server, account):
    server.on("DELETE /security/session", answer("logout"))
    betflag = registry.get("betflag")
    betflag.funds(account, deadline_s=5)

    assert betflag.log_out(account, deadline_s=5) == Done()
    assert sessions.current(account_id=account.id) is None
    assert betflag.log_out(account, deadline_s=5) == Done(note="there was no session")


def test_a_session_that_the_exchange_has_ended_is_forgotten_at_logout(server, account):
    server.on("DELETE /security/session", reply("", status=401))
    betflag = registry.get("betflag")
    betflag.funds(account, deadline_s=5)

    assert isinstance(betflag.log_out(account, deadline_s=5), Rejected)
    assert sessions.current(account_id=account.id) is None


def test_the_connection_test_tries_the_credentials_and_the_balance(server, account):
    assert services.test_connection(account=account).detail == (
        "logged in; 424.73 of 424.73 EUR are free"
    )
    services.test_connection(account=account)
    assert len(server.requests(LOGIN)) == 2

    server.on(LOGIN, answer("login_refused"))
    report = services.test_connection(account=account)

    assert not report.ok
    assert report.detail.startswith("provider_credentials_refused")
