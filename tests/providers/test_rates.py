"""A token bucket that all processes share, and the provider's own word."""

import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from providers import rates
from providers.models import CallFailure, ProviderCall, ProviderHealth, RateBucket
from providers.rates import Rate
from providers.services import InvalidAccount
from providers.transport import CallNotSent, Transport
from tests.factories.calls import a_call, ask
from tests.factories.providers import make_account
from tests.providers.processes import run_together
from tests.providers.scripted import reply

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
# Slow enough that no token grows while a test runs.
SLOW = Rate(Decimal("0.05"), 5)
TOKEN_S = 20


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
def account(db):
    return make_account()


def limited(per_s: str, burst: str = ""):
    return make_account(settings={"rate_per_s": per_s, "rate_burst": burst})


# --- the setting --------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("per_s", "burst", "rate"),
    [
        ("", "", None),
        ("", "5", None),
        ("10", "", Rate(Decimal(10), 10)),
        ("0.5", "", Rate(Decimal("0.5"), 1)),
        ("2.5", "", Rate(Decimal("2.5"), 3)),
        ("2.5", "20", Rate(Decimal("2.5"), 20)),
    ],
)
@pytest.mark.parametrize("provider", ["betcalc", "betflex"])
def test_every_provider_has_it(provider, per_s, burst, rate):
    account = make_account(provider, settings={"rate_per_s": per_s, "rate_burst": burst})

    assert rates.of(account) == rate


@pytest.mark.django_db
@pytest.mark.parametrize("per_s", ["0", "0.000", "-1", "fast", "1e3", "99999", "\u0661"])
def test_what_is_no_rate_is_refused(per_s):
    with pytest.raises(InvalidAccount) as refused:
        limited(per_s)
    assert refused.value.field == "rate_per_s"


@pytest.mark.django_db
@pytest.mark.parametrize("burst", ["0", "1.5", "-1", "many"])
def test_what_is_no_burst_is_refused(burst):
    with pytest.raises(InvalidAccount) as refused:
        limited("1", burst)
    assert refused.value.field == "rate_burst"


# --- the bucket ---------------------------------------------------------------------------------


def test_a_full_bucket_gives_a_burst_and_then_everyone_a_turn(account):
    started = time.monotonic()
    waits = [rates.take(account_id=account.id, rate=SLOW, patience_s=600) for _ in range(10)]
    took_s = time.monotonic() - started

    assert waits[:5] == [0] * 5
    # The clock goes on meanwhile, so a wait is at most what it would be without that.
    for turn, wait_s in enumerate(waits[5:], start=1):
        assert turn * TOKEN_S - took_s <= wait_s <= turn * TOKEN_S


def test_who_will_not_wait_takes_no_token(account):
    for _ in range(5):
        rates.take(account_id=account.id, rate=SLOW, patience_s=0)
    before = RateBucket.objects.get().full_at

    assert rates.take(account_id=account.id, rate=SLOW, patience_s=0) is None
    assert RateBucket.objects.get().full_at == before


def test_it_fills_up_again_but_not_over(account):
    for _ in range(5):
        rates.take(account_id=account.id, rate=SLOW, patience_s=0)
    RateBucket.objects.update(full_at=datetime.now(UTC) - timedelta(hours=1))

    waits = [rates.take(account_id=account.id, rate=SLOW, patience_s=600) for _ in range(6)]
    assert waits[:5] == [0] * 5
    assert waits[5] > 0


def test_a_token_is_one_statement(account, django_assert_num_queries):
    for _ in range(2):
        with django_assert_num_queries(1):
            rates.take(account_id=account.id, rate=SLOW, patience_s=0)


@pytest.mark.django_db(transaction=True)
def test_it_is_exact_across_threads_with_connections_of_their_own():
    account, rate = make_account(), Rate(Decimal(50), 10)
    taken, lock, barrier = [], threading.Lock(), threading.Barrier(8)
    end = time.monotonic() + 1.5

    def work() -> None:
        barrier.wait()
        while time.monotonic() < end:
            wait_s = rates.take(account_id=account.id, rate=rate, patience_s=0.2)
            if wait_s is None:
                time.sleep(0.01)
                continue
            time.sleep(wait_s)
            with lock:
                taken.append(time.monotonic())
        connection.close()

    started = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    taken.sort()
    for count, moment in enumerate(taken, start=1):
        assert count <= 10 + 50 * (moment - started) + 1
    # Nearly every token that there was has been used: nobody waits longer than needed.
    assert len(taken) >= (10 + 50 * (taken[-1] - started)) * 0.6


# --- calls --------------------------------------------------------------------------------------


def test_without_a_limit_there_is_no_bucket(server, transport, account):
    server.on("/ask", reply({}))
    transport.call(a_call(account, server.url + "/ask"))

    assert not RateBucket.objects.exists()


@pytest.mark.django_db
def test_a_call_waits_for_its_turn(server, transport):
    account = limited("2", "1")
    server.on("/ask", reply({}))
    started = time.monotonic()
    for _ in range(4):
        ask(transport, a_call(account, server.url + "/ask"))

    assert time.monotonic() - started >= 1.49
    assert all(call.duration_ms < 490 for call in ProviderCall.objects.all())


@pytest.mark.django_db
def test_a_call_without_a_turn_in_time_is_not_sent(server, transport):
    account = limited("0.05", "1")
    server.on("/ask", reply({}))
    transport.call(a_call(account, server.url + "/ask"))
    started = time.monotonic()

    with pytest.raises(CallNotSent) as held:
        transport.call(a_call(account, server.url + "/ask", deadline_s=15.0))

    assert held.value.code == "rate_limited"
    assert time.monotonic() - started < 10
    assert len(server.requests("/ask")) == 1
    assert ProviderCall.objects.filter(failure=CallFailure.WITHHELD).count() == 1


# --- 429 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("7", 7),
        (" 7 ", 7),
        ("99999999999999999999", 300),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("\u0661", None),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Mon, 01 Mar 2027 12:00:00 GMT", 300),
        ("Sun, 99 Mar 2026 12:00:30 GMT", None),
        ("Sun, 01 Mar 2026 12:00:30 -0000", None),
    ],
)
def test_retry_after_is_read_within_limits(header, seconds):
    assert rates.retry_after_s(header, now=NOW) == seconds


def test_a_429_holds_back_the_calls_after_it(server, transport, account):
    server.on("/ask", reply("", status=429, headers=("Retry-After: 60",)), reply({}))

    answer = transport.call(a_call(account, server.url + "/ask"))
    assert (answer.status, answer.retry_after_s) == (429, 60)
    for _ in range(3):
        with pytest.raises(CallNotSent) as held:
            transport.call(a_call(account, server.url + "/ask"))
        assert held.value.code == "rate_limited"

    assert len(server.requests("/ask")) == 1
    ProviderHealth.objects.update(throttled_until=datetime.now(UTC))
    assert transport.call(a_call(account, server.url + "/ask")).status == 200


@pytest.mark.parametrize("headers", [("Retry-After: 1",), ("X-None: 1",)])
def test_a_call_with_time_enough_waits_until_the_pause_is_over(server, transport, account, headers):
    server.on("/ask", reply("", status=429, headers=headers), reply({}))
    transport.call(a_call(account, server.url + "/ask"))
    started = time.monotonic()

    assert transport.call(a_call(account, server.url + "/ask", deadline_s=5.0)).status == 200
    assert time.monotonic() - started > 0.5


def test_a_shorter_pause_does_not_end_a_longer_one(account):
    rates.throttle(account_id=account.id, seconds=60)
    before = ProviderHealth.objects.get().throttled_until
    rates.throttle(account_id=account.id, seconds=1)

    assert ProviderHealth.objects.get().throttled_until == before


def test_an_answer_without_the_header_says_nothing(server, transport, account):
    server.on("/ask", reply({}))
    assert transport.call(a_call(account, server.url + "/ask")).retry_after_s is None


_TAKE_TEN = """
from decimal import Decimal
from uuid import UUID
from providers import rates
account, slow = UUID(sys.argv[1]), rates.Rate(Decimal("0.05"), 5)
print(sum(rates.take(account_id=account, rate=slow, patience_s=0) is not None for _ in range(10)))
"""


@pytest.mark.django_db(transaction=True)
def test_processes_share_one_bucket():
    account = make_account()

    taken = run_together(_TAKE_TEN, str(account.id), number=4)

    assert sum(map(int, taken)) == SLOW.burst
