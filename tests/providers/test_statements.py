"""A statement is the same by the connection and by a cursor, prepared or not."""

import gc
import threading
import weakref
from contextlib import nullcontext
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import (
    DataError,
    IntegrityError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.test.utils import CaptureQueriesContext

from providers.statements import Statement

_SQL = "SELECT $1, (1 + $2::int)::text, $3::uuid::text, ($4::text IS NULL)::text"
_ECHO = Statement(_SQL)
_NONE = Statement("SELECT 1 WHERE $1 = 'never'")
_PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE name = %s"
_NAME = _ECHO._name


@pytest.fixture(params=["by the connection", "by a cursor"])
def way(request, transactional_db):
    if request.param == "by the connection":
        yield
    else:
        with transaction.atomic():
            yield


def echo(text: str = "a", **more: object):
    return _ECHO.first_row(text, 6, UUID(int=1), None, **more)


def row(text: str) -> tuple[str, ...]:
    return (text, "7", str(UUID(int=1)), "true")


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def rows_of(sql: str, *values: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def savepoint():
    """What an error spoils is the transaction, where there is one."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


# --- one statement, two ways --------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "plain", "'quoted' \\ %s $1", "città € 🐎", "x" * 100_000])
def test_texts_arrive_as_they_are(way, text):
    assert echo(text) == row(text)


def test_no_row_is_none(way):
    assert _NONE.first_row("x") is None


def test_a_zero_is_refused_and_cuts_nothing_off(way):
    with pytest.raises(DataError), savepoint():
        echo("before\0after")


def test_an_error_is_that_of_a_cursor(way):
    refuse = Statement("SELECT $1::uuid, 1 / $2::int")
    with pytest.raises(DataError, match="division by zero"), savepoint():
        refuse.first_row(uuid4(), 0)
    assert echo() == row("a")


@pytest.mark.django_db(transaction=True)
def test_an_error_outside_a_transaction_spoils_nothing():
    add = Statement(
        "INSERT INTO providers_ratebucket (account_id, full_at) VALUES ($1::uuid, now())"
    )
    with pytest.raises(IntegrityError):
        add.first_row(uuid4())
    assert echo() == row("a")


def test_something_is_done_meanwhile(way):
    done = []
    assert echo(meanwhile=lambda: done.append(1)) == row("a")
    assert done == [1]


@pytest.mark.django_db(transaction=True)
def test_a_fault_meanwhile_leaves_the_connection_idle():
    def break_down() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        echo(meanwhile=break_down)
    assert echo() == row("a")


# --- who counts queries -------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_who_counts_queries_sees_it():
    with CaptureQueriesContext(connection) as seen:
        echo()
    assert len(seen) == 1


@pytest.mark.django_db(transaction=True)
def test_who_wraps_queries_sees_it():
    seen = []

    def wrap(execute, sql, *rest):
        seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(wrap):
        echo()
    assert len(seen) == 1


@pytest.mark.django_db(transaction=True)
def test_without_autocommit_it_belongs_to_the_transaction():
    note = Statement("SELECT pg_notify('statements', $1), txid_current()::text")
    connection.set_autocommit(False)
    try:
        first, second = note.first_row("x"), note.first_row("x")
        connection.rollback()
    finally:
        connection.set_autocommit(True)
    assert first == second


# --- prepared -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_it_is_prepared_once_for_a_connection():
    connection.close()
    for _ in range(3):
        echo()
    assert rows_of(_PREPARED, _NAME) == [(1,)]
    connection.close()
    assert echo() == row("a")


@pytest.mark.django_db(transaction=True)
def test_one_that_the_server_has_lost_is_sent_whole():
    echo()
    run("DEALLOCATE ALL")
    done = []
    assert [echo(meanwhile=lambda: done.append(1)) for _ in range(2)] == [row("a")] * 2
    assert done == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_one_that_another_client_has_prepared_is_used():
    connection.close()
    run(f"PREPARE {_NAME} (text, text, text, text) AS {_SQL}")
    assert echo() == row("a")
    assert rows_of(_PREPARED, _NAME) == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_a_result_of_other_types_is_read_again():
    look = Statement("SELECT * FROM changing WHERE $1 = ''")
    run("CREATE TABLE changing AS SELECT 1 AS n")
    try:
        assert look.first_row("") == ("1",)
        run("ALTER TABLE changing ALTER n TYPE text")
        assert look.first_row("") == ("1",)
    finally:
        run("DROP TABLE changing")


# --- connections --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_an_error_once():
    echo()
    [(pid,)] = rows_of("SELECT pg_backend_pid()")
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 1000)", [pid])
    with pytest.raises(OperationalError):
        echo()
    close_old_connections()
    assert echo() == row("a")


@pytest.mark.django_db(transaction=True)
def test_a_closed_connection_is_not_kept():
    echo()
    kept = weakref.ref(connection.connection)
    connection.close()
    gc.collect()
    assert kept() is None


@pytest.mark.django_db(transaction=True)
def test_twenty_threads_each_get_their_own_rows():
    start, wrong = threading.Barrier(20), []

    def ask(number: int) -> None:
        try:
            start.wait(30)
            for turn in range(50):
                text = f"{number}-{turn}"
                if echo(text) != row(text):
                    wrong.append(text)
        except Exception as error:
            wrong.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
