"""Fixtures that every app's tests use."""

import pytest
from django.core.management.commands import flush
from django.db import connection


@pytest.fixture(autouse=True)
def _append_only_tables_can_be_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between transactional tests the tables are emptied past the append-only triggers."""
    original = flush.sql_flush

    def with_triggers_off(*args: object, **kwargs: object) -> list[str]:
        statements = original(*args, **kwargs)
        if not statements:
            return statements
        return [
            "SET session_replication_role = replica",
            *statements,
            "SET session_replication_role = origin",
        ]

    monkeypatch.setattr(flush, "sql_flush", with_triggers_off)


@pytest.fixture
def as_superuser(transactional_db: None):
    """Run SQL with every trigger off, as only an intruder with the server's keys could."""

    def execute(sql: str, params: object = None) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            try:
                cursor.execute(sql, params)
            finally:
                cursor.execute("SET session_replication_role = origin")

    return execute
