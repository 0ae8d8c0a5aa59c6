import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from bets.models import Partner
from webhooks.services.bounded import Clock, OutOfTime, transaction_within

pytestmark = pytest.mark.django_db(transaction=True)

# Far longer than any bound below, and these far longer than what a loaded machine adds to them.
FOREVER_S = 60
MUCH_LESS_S = 15


def run(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def within(seconds: float, work: Callable[[], None]) -> None:
    with transaction_within(Clock(seconds)):
        work()


def test_a_statement_gets_half_of_what_is_left():
    with transaction_within(Clock(10)):
        statement, lock = (milliseconds(f"{each}_timeout") for each in ("statement", "lock"))
    assert statement == lock
    assert 4000 < statement <= 5000
    assert run("SHOW statement_timeout") == "0"


def milliseconds(name: str) -> int:
    return int(run(f"SELECT setting FROM pg_settings WHERE name = '{name}'"))


def test_a_long_statement_is_broken_off_and_everything_undone():
    def work() -> None:
        Partner.objects.create(code="acme", name="Acme")
        run(f"SELECT pg_sleep({FOREVER_S})")

    began = time.monotonic()
    with pytest.raises(OutOfTime):
        within(1, work)
    assert time.monotonic() - began < MUCH_LESS_S
    assert not Partner.objects.exists()


def test_many_short_statements_are_broken_off_as_well():
    done = []

    def work() -> None:
        for number in range(20 * FOREVER_S):
            run("SELECT pg_sleep(0.05)")
            done.append(number)

    began = time.monotonic()
    with pytest.raises(OutOfTime):
        within(1, work)
    assert time.monotonic() - began < MUCH_LESS_S
    assert 1 <= len(done) < 20


def test_a_savepoint_that_is_rolled_back_does_not_loosen_the_bound():
    def work() -> None:
        Partner.objects.create(code="acme", name="Acme")
        with pytest.raises(IntegrityError), transaction.atomic():
            Partner.objects.create(code="acme", name="Acme")
        assert Partner.objects.count() == 1
        time.sleep(0.5)
        run(f"SELECT pg_sleep({FOREVER_S})")

    began = time.monotonic()
    with pytest.raises(OutOfTime):
        within(1, work)
    assert time.monotonic() - began < MUCH_LESS_S


def test_time_that_is_over_begins_nothing():
    with pytest.raises(OutOfTime), transaction_within(Clock(0)):
        pytest.fail(str(run("SELECT 1")))


def test_another_error_is_left_as_it_is():
    with pytest.raises(OperationalError), transaction_within(Clock(10)):
        run("DO $$ BEGIN RAISE EXCEPTION 'stop' USING ERRCODE = '40P01'; END $$")
