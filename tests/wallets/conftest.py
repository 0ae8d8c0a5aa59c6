"""Fixtures of the ledger's tests."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

_TIMEOUT_S = 60


def at_once(actions: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each in a thread and on a connection of its own, all starting at the same moment.

    What an action raises takes the place of its result.
    """
    barrier = Barrier(len(actions), timeout=_TIMEOUT_S)

    def run(action: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait()
            return action()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions, timeout=_TIMEOUT_S))


@pytest.fixture
def race(transactional_db: None) -> Callable[[Sequence[Callable[[], Any]]], list[Any]]:
    """Committed data, and a function that runs actions at once."""
    return at_once
