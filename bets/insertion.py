"""Inserts rows of several tables with one statement, where each round trip counts."""

from collections.abc import Collection, Sequence
from functools import cache
from itertools import chain
from typing import Any

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

Table = type[models.Model]
# Past this the round trips no longer count, and the framework sends long lists as arrays, which
# the database reads faster.
_MANY = 20


def insert(*lists: Sequence[models.Model], unless_there: Collection[Table] = ()) -> None:
    """Insert lists of new rows, each list of one table: in one round trip where they are short.

    Rows may refer to others of the same list or of a former one. In the tables `unless_there`, a
    row that a unique constraint refuses is left out. Ids that the database makes are not read
    back. Raises `django.db.DatabaseError`; call it in a transaction.
    """
    filled = [rows for rows in lists if rows]
    if any(len(rows) > _MANY for rows in filled):
        _one_by_one(filled, unless_there)
    elif filled:
        _at_once(filled, unless_there)


def _one_by_one(lists: Sequence[Sequence[models.Model]], unless_there: Collection[Table]) -> None:
    for rows in lists:
        table = type(rows[0])
        table._base_manager.bulk_create(
            rows, batch_size=1000, ignore_conflicts=table in unless_there
        )


def _at_once(lists: Sequence[Sequence[models.Model]], unless_there: Collection[Table]) -> None:
    statements, values = [], list[Any]()
    for rows in lists:
        table = type(rows[0])
        head, columns = _form(table)
        tuples = ", ".join(_tuple(row, columns, values) for row in rows)
        tail = " ON CONFLICT DO NOTHING" if table in unless_there else ""
        statements.append(head + tuples + tail)
    with connection.cursor() as cursor:
        cursor.execute(_joined(statements), values)
    for row in chain.from_iterable(lists):
        row._state.adding, row._state.db = False, connection.alias


@cache
def _form(table: Table) -> tuple[str, Sequence["models.Field[Any, Any]"]]:
    """How an INSERT begins, and the columns that it fills."""
    meta = table._meta
    columns = [
        each for each in meta.local_concrete_fields if not isinstance(each, models.AutoField)
    ]
    names = ", ".join(f'"{each.column}"' for each in columns)
    return f'INSERT INTO "{meta.db_table}" ({names}) VALUES ', columns  # noqa: S608


def _tuple(
    row: models.Model, columns: Sequence["models.Field[Any, Any]"], values: list[Any]
) -> str:
    """The text of a row; `values` receives what is filled in."""
    return f"({', '.join(_placeholder(row, column, values) for column in columns)})"


def _placeholder(row: models.Model, column: "models.Field[Any, Any]", values: list[Any]) -> str:
    value = column.pre_save(row, add=True)
    if value is None:
        return "NULL"
    if isinstance(value, DatabaseDefault):
        return "DEFAULT"
    values.append(column.get_db_prep_save(value, connection))
    return "%s"


def _joined(statements: Sequence[str]) -> str:
    """One statement of many: what they all wrote is checked once all of it is there."""
    *former, last = statements
    named = ", ".join(f"insert_{n} AS ({text})" for n, text in enumerate(former))
    return f"WITH {named} {last}" if named else last
