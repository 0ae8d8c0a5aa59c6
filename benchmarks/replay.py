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

from benchmarks.pace import Load, Pace, paces, total

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


def run(
    url: str, shares: Sequence[Sequence[Sequence[Statement]]], *, per_second: Decimal | None = None
) -> Load:
    """Run each share of requests on a connection of its own, back to back or evenly in time."""
    work = [
        (url, share, pace)
        for share, pace in zip(shares, paces(len(shares), per_second=per_second), strict=True)
    ]
    with ProcessPoolExecutor(len(shares), mp_context=get_context("fork")) as pool:
        return total(list(pool.map(_share, work)))


def _share(job: tuple[str, Sequence[Sequence[Statement]], Pace]) -> tuple[list[int], int]:
    url, requests, pace = job
    latencies = []
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as connection:
        begin = time.perf_counter_ns()
        for number, statements in enumerate(requests):
            due = pace.due(number)
            with connection.cursor() as cursor:
                for sql, params in statements:
                    cursor.execute(sql, params)
            connection.commit()
            latencies.append((time.perf_counter_ns() - due) // 1000)
        return latencies, time.perf_counter_ns() - begin
