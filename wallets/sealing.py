"""Seals the ledger: house balances as snapshots, and a hash chain over all that came before."""

import time
from dataclasses import dataclass
from datetime import datetime

from django.db import OperationalError, connection, transaction

_LOCK_TIMEOUT_MS = 300
_ATTEMPTS = 20
_PAUSE_S = 0.1


class LedgerBusy(Exception):
    """Postings left no moment for the lock that a seal needs. Try again later."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal. Kept elsewhere, `digest` proves that nothing before it was changed since."""

    seal_id: int
    transfers: int
    entries: int
    sealed_at: datetime
    digest: str


def seal() -> Sealed | None:
    """Seal everything that was posted; None if nothing is new. Any number may run at once.

    Two transactions: the first holds the lock that postings wait for, and only reads the ids
    up to which everything is committed. Raises LedgerBusy.
    """
    watermark = _watermark()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, transfers, entries, sealed_at, encode(digest, 'hex') "
            "FROM ledger_seal(%s, %s, %s, %s)",
            watermark,
        )
        row = cursor.fetchone()
    return Sealed(*row) if row else None


def _watermark() -> tuple[int, int, int, datetime]:
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE_S)
        try:
            return _read_watermark()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") not in {"55P03", "40P01"}:
                raise
    raise LedgerBusy(f"no lock within {_LOCK_TIMEOUT_MS} ms, {_ATTEMPTS} times")


@transaction.atomic(durable=True)
def _read_watermark() -> tuple[int, int, int, datetime]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{_LOCK_TIMEOUT_MS}ms"])
        cursor.execute("SELECT * FROM ledger_watermark()")
        found: tuple[int, int, int, datetime] = cursor.fetchone()
        return found
