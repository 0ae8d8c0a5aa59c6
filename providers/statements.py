"""Statements that every call to a provider runs, prepared and sent past the layers of a cursor.

A cursor of the framework costs as much as the database needs for one of these, and so does
planning it. Outside any transaction, and while nobody counts or wraps queries, a statement goes
to the connection as it is; otherwise it goes by a cursor: the same statement, the same errors.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection, errors, generators
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

Row = tuple[str | None, ...]
_TEXT_OID = 25
_TEXT, _BINARY = 0, 1
_FINE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
# A pooling proxy led us to another server process, or a migration has changed the types.
_NOT_KEPT = (errors.InvalidSqlStatementName, errors.FeatureNotSupported)
_prepared: WeakKeyDictionary[Connection[Any], dict[str, bool]] = WeakKeyDictionary()


class Statement:
    """A statement with the parameters `$1`, `$2` and so on.

    Each is sent as text, so that it is cast where it is no text: `$1::uuid`. What it returns is
    read as text, so that its columns are cast to that. Its name at the server says what it is:
    whichever server process a pooling proxy chooses, there it stands for no other statement.
    """

    def __init__(self, sql: str) -> None:
        self._name = f"slipdesk_{hashlib.sha256(sql.encode()).hexdigest()[:16]}"
        self._sent = sql.encode()
        self._by_cursor = re.sub(r"\$(\d+)", r"%(\1)s", sql)

    def first_row(self, *values: object, meanwhile: Callable[[], None] | None = None) -> Row | None:
        """Run it, and `meanwhile` while the database works. Raises `django.db.DatabaseError`."""
        texts = [None if value is None else str(value) for value in values]
        database = connections[DEFAULT_DB_ALIAS]
        if _is_free(database):
            return self._send(database, texts, meanwhile)
        if meanwhile:
            meanwhile()
        with database.cursor() as cursor:
            cursor.execute(self._by_cursor, {str(n): text for n, text in enumerate(texts, 1)})
            row: Row | None = cursor.fetchone()
        return row

    def _send(
        self,
        database: BaseDatabaseWrapper,
        texts: Sequence[str | None],
        meanwhile: Callable[[], None] | None,
    ) -> Row | None:
        # As bytes with a length: a text that is sent as such would end at its first zero.
        values = [None if text is None else text.encode() for text in texts]
        server = _connected(database)
        with database.wrap_database_errors, server.lock:
            if not self._is_prepared(server, len(values)):
                return _first_row(self._send_whole(server, values, meanwhile))
            try:
                return _first_row(self._send_by_name(server, values, meanwhile))
            except _NOT_KEPT:
                _prepared[server][self._name] = False
                return _first_row(self._send_whole(server, values, None))

    def _is_prepared(self, server: Connection[Any], count: int) -> bool:
        """Whether this connection knows the statement by its name. The first time it is told."""
        known = _prepared.setdefault(server, {})
        if self._name not in known:
            server.pgconn.send_prepare(self._name.encode(), self._sent, [_TEXT_OID] * count)
            with suppress(errors.DuplicatePreparedStatement):
                _result(server)
            known[self._name] = True
        return known[self._name]

    def _send_by_name(
        self,
        server: Connection[Any],
        values: list[bytes | None],
        meanwhile: Callable[[], None] | None,
    ) -> PGresult:
        forms = [_BINARY] * len(values)
        server.pgconn.send_query_prepared(self._name.encode(), values, forms, _TEXT)
        return _result(server, meanwhile)

    def _send_whole(
        self,
        server: Connection[Any],
        values: list[bytes | None],
        meanwhile: Callable[[], None] | None,
    ) -> PGresult:
        types, forms = [_TEXT_OID] * len(values), [_BINARY] * len(values)
        server.pgconn.send_query_params(self._sent, values, types, forms, _TEXT)
        return _result(server, meanwhile)


def _is_free(database: BaseDatabaseWrapper) -> bool:
    """Nobody listens to the queries of this thread, and one that fails spoils no transaction."""
    return database.autocommit and not (
        database.in_atomic_block or database.queries_logged or database.execute_wrappers
    )


def _connected(database: BaseDatabaseWrapper) -> Connection[Any]:
    """The connection, looked after as for a cursor."""
    database.close_if_health_check_failed()
    database.ensure_connection()
    database.validate_thread_sharing()
    server: Connection[Any] = database.connection
    return server


def _result(server: Connection[Any], meanwhile: Callable[[], None] | None = None) -> PGresult:
    """What came of what was sent; the connection is idle again whatever happens meanwhile."""
    try:
        if meanwhile:
            meanwhile()
    finally:
        results: list[PGresult] = server.wait(generators.execute(server.pgconn))
    # A constraint that is checked at the commit fails after the statement has had its result.
    for result in results:
        if result.status not in _FINE:
            raise errors.error_from_result(result)
    return results[0]


def _first_row(result: PGresult) -> Row | None:
    if not result.ntuples:
        return None
    values = (result.get_value(0, n) for n in range(result.nfields))
    return tuple(None if value is None else bytes(value).decode() for value in values)
