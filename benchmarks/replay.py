"""Runs the SQL of recorded requests again with nothing around it.

The statements are recorded from real requests on one copy of a database and run on another copy
of the same, so that identifiers and sequences are the same and nothing has to be rewritten.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from multiprocessing import get_context
from typing import Any

import psycopg

Statement = tuple[str, Any]


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """Collect every statement that Django sends meanwhile, transaction control included."""
    from django.db import connection  # noqa: PLC0415

    statements: list[Statement] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield statements


def run(url: str, shares: Sequence[Sequence[Sequence[Statement]]]) -> Decimal:
    """Run each share of requests on a connection of its own; returns the seconds it took."""
    with ProcessPoolExecutor(len(shares), mp_context=get_context("fork")) as pool:
        return max(pool.map(_share, [(url, share) for share in shares]))


def _share(job: tuple[str, Sequence[Sequence[Statement]]]) -> Decimal:
    url, requests = job
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as connection:
        started = time.perf_counter_ns()
        for statements in requests:
            with connection.cursor() as cursor:
                for sql, params in statements:
                    cursor.execute(sql, params)
            connection.commit()
        return Decimal(time.perf_counter_ns() - started) / 10**9
