"""Fixtures that every app's tests use."""

import pytest
from django.core.management.commands import flush
from django.db import connection
from hypothesis import settings

# A red suite is red again when it is run again. For new examples: --hypothesis-profile=default
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

_sql_flush = flush.sql_flush


def _sql_flush_with_triggers_off(*args: object, **kwargs: object) -> list[str]:
    """Between transactional tests the tables are emptied past the append-only triggers."""
    statements = _sql_flush(*args, **kwargs)
    if not statements:
        return statements
    return [
        "SET session_replication_role = replica",
        *statements,
        "SET session_replication_role = origin",
    ]


flush.sql_flush = _sql_flush_with_triggers_off


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
