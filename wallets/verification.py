"""Proves the ledger's rules, or names every break."""

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Break:
    """A rule of the ledger that does not hold, and where."""

    rule: str
    detail: str


def verify() -> list[Break]:
    """Every break of the ledger, as of one moment; an empty list proves that there is none.

    It may run while postings go on. `ledger_breaks` in `wallets/sql/verify.sql` has the rules.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT rule, detail FROM ledger_breaks()")
        return [Break(*row) for row in cursor.fetchall()]
