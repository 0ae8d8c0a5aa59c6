"""The providers' sandbox, and the books that balance after every flow."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from providers.sandbox.server import RunningSandbox, running_sandbox
from tests.functional.shop import eventually


@pytest.fixture
def sandbox(live_server: Any) -> Iterator[RunningSandbox]:
    """It calls our server back, and settles on order alone."""
    with running_sandbox(match_seconds=20, seed=5, auto_settle=False) as sandbox:
        yield sandbox
    # A thread of the server ends its session a moment after its last answer.
    eventually(lambda: not _other_sessions())


def _other_sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


@pytest.fixture(autouse=True)
def books_balance() -> Iterator[None]:
    """It fails where the ledger has a break."""
    yield
    call_command("verify_ledger", verbosity=0)
