"""The circuit breaker: when it opens, who makes the trial, and what is logged meanwhile."""

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from config import embedded
from providers import admission, breaker
from providers.models import Breaker, CallFailure, CallOutcome, ProviderCall, ProviderHealth
from providers.transport import CallFailed, CallLost, CallNotSent, Transport
from tests.factories.calls import (
    a_call,
    about_a_coupon,
    ask,
    logged,
    make_due,
    open_the_circuit,
    state_of,
)
from tests.factories.providers import make_account
from tests.providers.scripted import reply, reset, unused_url

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
def account(db):
    return make_account()


# --- when it opens ------------------------------------------------------------------------------


def test_a_failing_provider_opens_the_circuit_with_the_twentieth_failure(transport, account):
    url = unused_url()
    for turn in range(1, 21):
        assert state_of(account) == Breaker.CLOSED, turn
        with pytest.raises(CallNotSent) as failed:
            transport.call(a_call(account, url))
        assert failed.value.code == "provider_unreachable"

    assert state_of(account) == Breaker.OPEN
    with pytest.raises(CallNotSent) as held:
        transport.call(a_call(account, url))
    assert held.value.code == "circuit_open"


def test_an_open_circuit_does_not_touch_the_network(server, transport, account):
    server.on("/ask", reply("", status=502))
    for _ in range(20):
        assert transport.call(a_call(account, server.url + "/ask")).status == 502

    for _ in range(30):
        with pytest.raises(CallNotSent, match="failed many times"):
            transport.call(a_call(account, server.url + "/ask"))

    assert len(server.requests("/ask")) == 20


def test_lost_answers_open_it_as_well(server, transport, account):
    server.on("/ask", reset)
    for _ in range(20):
        with pytest.raises(CallLost):
            transport.call(a_call(account, server.url + "/ask"))

    assert state_of(account) == Breaker.OPEN


@pytest.mark.parametrize(
    "step",
    [
        reply("", status=400),
        reply("", status=404),
        reply("", status=422),
        reply("", status=302, headers=("Location: http://127.0.0.1:1/",)),
        reply("<html>"),
        reply(b"\xff\xfe"),
        reply("{}", headers=("Content-Encoding: br",)),
        reply("{}", headers=("Content-Encoding: gzip",)),
    ],
)
def test_rejections_and_unreadable_answers_count_as_calls_only(server, transport, account, step):
    server.on("/ask", step)
    for _ in range(25):
        try:
            ask(transport, a_call(account, server.url + "/ask"))
        except CallLost:
            continue

    assert state_of(account) == Breaker.CLOSED
    logged(account, failure=CallFailure.LOST, count=24)
    assert not breaker.count_failure(account_id=account.id)
    logged(account, failure=CallFailure.LOST, count=2)
    assert breaker.count_failure(account_id=account.id)


def test_half_of_the_calls_failing_is_not_enough(account):
    logged(account, count=20)
    logged(account, failure=CallFailure.LOST, count=20)
    assert not breaker.count_failure(account_id=account.id)

    logged(account, failure=CallFailure.NOT_SENT)
    assert breaker.count_failure(account_id=account.id)


def test_nineteen_failures_are_not_enough(account):
    logged(account, failure=CallFailure.SERVER_ERROR, count=19)
    assert not breaker.count_failure(account_id=account.id)


def test_only_failures_of_the_past_half_minute_count(account):
    logged(account, failure=CallFailure.LOST, count=10, ago_s=40)
    logged(account, failure=CallFailure.LOST, count=19)
    assert not breaker.count_failure(account_id=account.id)


def test_a_slow_failure_counts_when_it_ends(account):
    logged(account, failure=CallFailure.LOST, count=20, ago_s=60, ms=50_000)
    assert breaker.count_failure(account_id=account.id)


def test_what_we_held_back_ourselves_does_not_count(account):
    logged(account, failure=CallFailure.WITHHELD, count=100)
    logged(account, failure=CallFailure.LOST, count=19)
    assert not breaker.count_failure(account_id=account.id)


def test_failures_of_another_account_do_not_count(account):
    logged(make_account(), failure=CallFailure.LOST, count=40)
    logged(account, failure=CallFailure.LOST, count=10)
    assert not breaker.count_failure(account_id=account.id)


def test_a_call_without_time_says_nothing_about_the_provider(transport, account):
    for _ in range(25):
        with pytest.raises(CallNotSent):
            transport.call(a_call(account, unused_url(), deadline_s=0))

    assert state_of(account) == Breaker.CLOSED


def test_while_all_is_well_a_call_is_two_statements(
    server, transport, account, django_assert_num_queries
):
    server.on("/ask", reply({}))
    ask(transport, a_call(account, server.url + "/ask"))
    with django_assert_num_queries(2):
        ask(transport, a_call(account, server.url + "/ask"))


# --- the trial call -----------------------------------------------------------------------------


def test_a_good_trial_closes_the_circuit_and_old_failures_are_settled(server, transport, account):
    server.on("/ask", reply({}), reset)
    open_the_circuit(account, due=True)

    assert transport.call(a_call(account, server.url + "/ask")).status == 200
    assert state_of(account) == Breaker.CLOSED

    for _ in range(breaker.FAILURES - 1):
        with pytest.raises(CallLost):
            transport.call(a_call(account, server.url + "/ask"))
    assert state_of(account) == Breaker.CLOSED


@pytest.mark.parametrize("step", [reset, reply("", status=503)])
def test_a_bad_trial_opens_it_again_for_another_pause(server, transport, account, step):
    server.on("/ask", step)
    open_the_circuit(account, due=True)
    opened_at = ProviderHealth.objects.get().opened_at

    for _ in range(5):
        try:
            transport.call(a_call(account, server.url + "/ask"))
        except CallFailed:
            continue

    found = ProviderHealth.objects.get()
    assert (found.breaker, found.opened_at) == (Breaker.OPEN, opened_at)
    assert found.retry_at > datetime.now(UTC) + timedelta(seconds=breaker.PAUSE_S - 5)
    assert len(server.requests("/ask")) == 1


def test_an_unreadable_answer_of_a_trial_closes_it(server, transport, account):
    server.on("/ask", reply("{}", headers=("Content-Encoding: br",)))
    open_the_circuit(account, due=True)

    with pytest.raises(CallLost):
        transport.call(a_call(account, server.url + "/ask"))

    assert state_of(account) == Breaker.CLOSED


def test_a_trial_whose_process_died_is_given_to_another(account):
    open_the_circuit(account, due=True)
    assert breaker.take_trial(account_id=account.id, seconds=30)
    assert not breaker.take_trial(account_id=account.id, seconds=30)

    ProviderHealth.objects.update(trial_until=datetime.now(UTC) - timedelta(seconds=1))

    assert breaker.take_trial(account_id=account.id, seconds=30)


@pytest.mark.django_db(transaction=True)
def test_of_many_threads_exactly_one_makes_the_trial(server, transport):
    account = make_account()

    outcomes, barrier, others_told = [], threading.Barrier(12), threading.Event()

    def slowly(connected) -> bool:
        others_told.wait(20)
        return reply({})(connected)

    server.on("/ask", slowly)
    open_the_circuit(account, due=True)

    def call() -> None:
        barrier.wait()
        try:
            call = a_call(account, server.url + "/ask", deadline_s=20.0)
            outcomes.append(transport.call(call).status)
        except CallNotSent as error:
            outcomes.append(error.code)
            if len(outcomes) == 11:
                others_told.set()
        connection.close()

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(map(str, outcomes)) == ["200"] + ["circuit_open"] * 11
    assert len(server.requests("/ask")) == 1
    assert state_of(account) == Breaker.CLOSED


_PROCESS = """
import sys, django
django.setup()
from providers.queries import account
from providers.transport import Call, CallFailed, Transport
mine, transport = account(code=sys.argv[1]), Transport()
print("ready", flush=True)
for line in sys.stdin:
    try:
        call = Call(account=mine, operation="ask", method="GET", url=sys.argv[2], deadline_s=5.0)
        print(transport.call(call).status, flush=True)
    except CallFailed as error:
        print(error.code, flush=True)
"""


class Processes:
    """Processes of their own that call when they are told to."""

    def __init__(self, code: str, url: str, count: int) -> None:
        database = connection.settings_dict["NAME"]
        environment = {
            **os.environ,
            "DATABASE_URL": embedded.database_url(settings.DATA_DIR, database),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        self.running = [
            subprocess.Popen(
                [sys.executable, "-c", _PROCESS, code, url],
                cwd=ROOT,
                env=environment,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(count)
        ]
        for process in self.running:
            assert process.stdout.readline() == "ready\n"

    def call(self) -> list[str]:
        """One call by each of them, at once."""
        for process in self.running:
            process.stdin.write("go\n")
            process.stdin.flush()
        return [process.stdout.readline().strip() for process in self.running]

    def end(self) -> None:
        for process in self.running:
            process.stdin.close()
            process.wait(20)
            process.stdout.close()


@pytest.mark.django_db(transaction=True)
def test_all_processes_share_the_circuit(server):
    account = make_account(code="shared")
    server.on("/ask", reply("", status=500))
    processes = Processes(account.code, server.url + "/ask", 4)
    try:
        told = [code for _ in range(5) for code in processes.call()]
        assert told == ["500"] * 20
        assert state_of(account) == Breaker.OPEN
        assert processes.call() == ["circuit_open"] * 4

        make_due(account)
        time.sleep(admission.BELIEVED_S)
        told = processes.call()
        assert sorted(told) == ["500", *["circuit_open"] * 3]
        assert len(server.requests("/ask")) == 21

        server.on("/ask", reply({}))
        make_due(account)
        time.sleep(admission.BELIEVED_S)
        assert "200" in processes.call()
        time.sleep(admission.BELIEVED_S)
        assert processes.call() == ["200"] * 4
    finally:
        processes.end()


# --- what is logged of calls that did not go ----------------------------------------------------


def test_a_withheld_call_about_a_coupon_is_always_logged(server, transport, account):
    open_the_circuit(account, due=False)
    for _ in range(3):
        about = about_a_coupon()
        with pytest.raises(CallNotSent) as held:
            transport.call(a_call(account, server.url, **about))
        row = ProviderCall.objects.get(subject_id=about["subject_id"])
        assert row.id == held.value.call_id
        assert (row.outcome, row.failure) == (CallOutcome.NOT_SENT, CallFailure.WITHHELD)
        assert "failed many times" in row.error


def test_a_loop_of_withheld_calls_does_not_fill_the_log(server, transport, account):
    open_the_circuit(account, due=False)
    for _ in range(100):
        with pytest.raises(CallNotSent):
            transport.call(a_call(account, server.url))

    assert 1 <= ProviderCall.objects.filter(failure=CallFailure.WITHHELD).count() <= 10


def test_a_remembered_refusal_asks_the_database_nothing(
    server, transport, account, django_assert_num_queries
):
    open_the_circuit(account, due=False)
    with pytest.raises(CallNotSent):
        transport.call(a_call(account, server.url))
    with django_assert_num_queries(0), pytest.raises(CallNotSent):
        transport.call(a_call(account, server.url))
