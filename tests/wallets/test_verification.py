"""What an intruder with the server's keys could change, and what `verify` finds of it.

Before a seal, some columns take part in no sum, no balance and no chain, so nothing in the
database can show that they were changed: `SHOWN_BY_THE_CHAIN_ALONE` lists them. After a seal
every column of every row is shown.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from tests.factories.wallets import (
    ADJUSTMENTS,
    STAKES,
    a_transfer,
    capture,
    clawback,
    deposit,
    funded,
    hold,
    payout,
    post_one,
    release,
    withdrawal,
    write_off,
)
from wallets.models import Kind
from wallets.sealing import seal
from wallets.services import close_wallet, open_wallet, post
from wallets.verification import verify

pytestmark = pytest.mark.django_db

UNSEALED = ["transfer", "entry", "account", "wallet", "closure"]
SEALED = [*UNSEALED, "snapshot", "seal"]

# Without a chain these could only be known from elsewhere.
SHOWN_BY_THE_CHAIN_ALONE = {
    ("transfer", "kind"),
    ("transfer", "reference"),
    ("transfer", "coupon_id"),
    ("transfer", "effective_at"),
    ("transfer", "actor"),
    ("transfer", "reason"),
    ("account", "created_at"),
    ("wallet", "created_at"),
    ("closure", "id"),
    ("closure", "actor"),
    ("closure", "reason"),
    ("closure", "created_at"),
}


def play(shift: int) -> None:
    """A round of everything that can be posted. No two holds are of the same amount, or an
    outcome could be given to the other one without a sum that changes."""
    wallet = funded(f"{200 + shift}")
    accepted = hold(wallet, f"{30 + shift}", coupon_id=UUID(int=shift), actor="api")
    rejected = hold(wallet, f"{40 + shift}")
    still_open = hold(wallet, f"{50 + shift}")
    post(transfers=[accepted, rejected, still_open])
    post_one(capture(wallet, f"{30 + shift}", of=accepted.reference))
    post_one(release(wallet, f"{40 + shift}", of=rejected.reference))
    post_one(payout(wallet, "75.50"))
    post_one(withdrawal(wallet, "100"))
    post_one(clawback(wallet, "300"))
    post_one(deposit(wallet, "20", collect=True))
    post_one(write_off(wallet, "5", actor="finance", reason="too small to chase"))
    post_one(a_transfer(source=STAKES, destination=ADJUSTMENTS, amount=Decimal(1 + shift)))
    funded("1000", currency="JPY")
    open_wallet(currency="EUR")
    close_wallet(wallet_id=open_wallet(currency="EUR"), actor="support", reason="asked to")


def a_ledger(*, sealed: bool) -> None:
    for shift in (1, 2):
        # A posting that was rolled back leaves a gap in the ids.
        with connection.cursor() as cursor:
            for table in ("transfer", "account", "closure"):
                sequence = f"wallets_{table}_id_seq"
                cursor.execute("SELECT setval(%s, nextval(%s) + 5)", [sequence, sequence])
        play(shift)
        if sealed:
            assert seal() is not None
    assert verify() == []


@contextmanager
def intruder() -> Iterator[Any]:
    """A cursor past all triggers and foreign keys; in the end all is as it was."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        try:
            yield cursor
        finally:
            transaction.set_rollback(True)


def rules() -> set[str]:
    return {found.rule for found in verify()}


class Tampering:
    """Draws a row, a column and another value for it."""

    def __init__(self, *, seed: int, tables: list[str]) -> None:
        self.random = Random(seed)
        self.tables = tables
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name, column_name, data_type, is_nullable = 'YES'"
                " FROM information_schema.columns WHERE table_name = ANY(%s)"
                " ORDER BY table_name, ordinal_position",
                [[f"wallets_{table}" for table in tables]],
            )
            self.columns = cursor.fetchall()
            self.rows = {table: self._rows(cursor, table) for table in tables}

    @staticmethod
    def _rows(cursor: Any, table: str) -> list[dict[str, Any]]:
        cursor.execute(f"SELECT * FROM wallets_{table} ORDER BY id")
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def draw(self) -> tuple[str, dict[str, Any], str, Any]:
        table_name, column, kind, nullable = self.random.choice(self.columns)
        table = table_name.removeprefix("wallets_")
        row = self.random.choice(self.rows[table])
        value = None
        if not nullable or self.random.random() < 0.7:
            value = self.other(table, column, kind, row[column])
        return table, row, column, value

    def other(self, table: str, column: str, kind: str, old: Any) -> Any:
        """Half of the time what another row says, which fits in best; else something new."""
        if self.random.random() < 0.5:
            return self.random.choice(self.rows[table])[column]
        number = self.random.randint(1, 999)
        if kind == "numeric":
            return (old or Decimal(0)) + Decimal(number - 500) / 100
        if kind == "bigint":
            return (old or 0) + number - 500
        if kind == "timestamp with time zone":
            return (old or self.rows[table][0]["created_at"]) + timedelta(seconds=number - 500)
        if kind == "uuid":
            return UUID(int=number)
        if kind == "bytea":
            return self.random.randbytes(32)
        return self._word(column, number, old or "")

    def _word(self, column: str, number: int, old: str) -> str:
        words = {
            "currency": ["EUR", "JPY", "USD"],
            "status": ["open", "closed"],
            "kind": ["available", "held", "owed", "house", *Kind.values],
        }
        return self.random.choice(words.get(column, [f"word {number}", f"{old}{number}"]))


def is_shown_without_chain(table: str, row: dict[str, Any], column: str, value: Any) -> bool:
    if (table, column) == ("transfer", "kind"):
        # Holds are told apart by what they fill.
        return "hold" in {row["kind"], value} or value not in Kind.values
    if (table, column) == ("account", "id"):
        # Nothing refers to an account to which nothing was posted.
        return row["sequence"] > 0 or row["kind"] == "house"
    return (table, column) not in SHOWN_BY_THE_CHAIN_ALONE


@pytest.mark.parametrize("sealed", [False, True], ids=["unsealed", "sealed"])
def test_a_hundred_random_tampered_rows(sealed: bool):
    a_ledger(sealed=sealed)
    tampering = Tampering(seed=20 + sealed, tables=SEALED if sealed else UNSEALED)
    seen: Counter[str] = Counter()
    missed, wrongly_listed = [], []

    while seen["done"] < 100:
        table, row, column, value = tampering.draw()
        if value == row[column]:
            continue
        try:
            with intruder() as cursor:
                cursor.execute(
                    f"UPDATE wallets_{table} SET {column} = %s WHERE id = %s", [value, row["id"]]
                )
                found = verify()
        except (IntegrityError, DataError):
            seen["refused by a constraint"] += 1
            continue
        seen["done"] += 1
        seen[table] += 1
        must_be_found = sealed or is_shown_without_chain(table, row, column, value)
        if must_be_found and not found:
            missed.append((table, row, column, value))
        if not must_be_found and found:
            wrongly_listed.append((table, row, column, value, found))

    assert missed == []
    assert wrongly_listed == []
    assert set(tampering.tables) <= set(seen)
    assert verify() == []


@pytest.mark.parametrize("table", SEALED)
def test_each_sealed_column_of_each_table_is_shown(table: str):
    """The same, but every column in turn, so that luck leaves none out."""
    a_ledger(sealed=True)
    tampering = Tampering(seed=7, tables=[table])
    for _, column, kind, _ in tampering.columns:
        for _ in range(40):
            row = tampering.random.choice(tampering.rows[table])
            value = tampering.other(table, column, kind, row[column])
            if value == row[column]:
                continue
            try:
                with intruder() as cursor:
                    cursor.execute(
                        f"UPDATE wallets_{table} SET {column} = %s WHERE id = %s",
                        [value, row["id"]],
                    )
                    assert verify() != [], (column, row, value)
            except (IntegrityError, DataError):
                continue
            break


@pytest.mark.parametrize("sealed", [False, True], ids=["unsealed", "sealed"])
@pytest.mark.parametrize("table", SEALED)
def test_a_deleted_row_is_missed(table: str, sealed: bool):
    a_ledger(sealed=sealed)
    rows = Tampering(seed=1, tables=[table]).rows[table]
    for row in Random(3).sample(rows, min(len(rows), 12)):
        with intruder() as cursor:
            cursor.execute(f"DELETE FROM wallets_{table} WHERE id = %s", [row["id"]])
            assert verify() != [], row
    assert bool(rows) == (sealed or table in UNSEALED)


INSERT_TRANSFER = """
    INSERT INTO wallets_transfer (id, source_id, destination_id, amount, currency, kind,
        reference, effective_at, created_at)
    SELECT %(id)s, source_id, destination_id, amount, currency, kind, 'forged', effective_at,
        created_at
    FROM wallets_transfer WHERE id = %(like)s;
    INSERT INTO wallets_entry (id, transfer_id, account_id, amount, created_at)
    SELECT 2 * %(id)s - 1, %(id)s, source_id, -amount, created_at
    FROM wallets_transfer WHERE id = %(id)s
    UNION ALL
    SELECT 2 * %(id)s, %(id)s, destination_id, amount, created_at
    FROM wallets_transfer WHERE id = %(id)s
"""

INSERT_WALLET = """
    INSERT INTO wallets_wallet (id, currency)
    VALUES ('00000000-0000-0000-0000-00000000000f', 'EUR');
    INSERT INTO wallets_account (id, address, wallet_id, kind, currency)
    SELECT %(id)s + n, 'wallet/00000000-0000-0000-0000-00000000000f/' || kind,
        '00000000-0000-0000-0000-00000000000f', kind, 'EUR'
    FROM unnest(ARRAY['available', 'held', 'owed']) WITH ORDINALITY k (kind, n)
"""


def a_gap(table: str) -> int:
    """An id that a posting rolled back; the two after it are free too."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id + 1 FROM (SELECT id, lead(id) OVER (ORDER BY id) AS next"
            f" FROM wallets_{table}) t WHERE next - id > 4 ORDER BY id LIMIT 1"
        )
        (gap,) = cursor.fetchone()
        return gap


@pytest.mark.parametrize("below_all", [False, True], ids=["in a gap", "below the first"])
def test_an_inserted_transfer_that_balances_is_shown_by_the_chain(below_all: bool):
    a_ledger(sealed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM wallets_transfer WHERE kind = 'adjustment'")
        (like,) = cursor.fetchone()
    with intruder() as cursor:
        forged = {"id": -7 if below_all else a_gap("transfer"), "like": like}
        cursor.execute(INSERT_TRANSFER, forged)
        assert "chain" in rules()


@pytest.mark.parametrize("below_all", [False, True], ids=["in a gap", "below the first"])
def test_an_inserted_wallet_is_shown_by_the_chain(below_all: bool):
    a_ledger(sealed=True)
    with intruder() as cursor:
        cursor.execute(INSERT_WALLET, {"id": -7 if below_all else a_gap("account") - 1})
        assert rules() == {"chain"}


def test_an_inserted_closure_is_shown_by_the_chain():
    a_ledger(sealed=True)
    with intruder() as cursor:
        cursor.execute(
            "INSERT INTO wallets_closure (id, wallet_id, created_at)"
            " SELECT -7, id, created_at FROM wallets_wallet WHERE NOT EXISTS"
            " (SELECT FROM wallets_closure c WHERE c.wallet_id = wallets_wallet.id) LIMIT 1"
        )
        cursor.execute(
            "UPDATE wallets_account SET status = 'closed'"
            " WHERE wallet_id = (SELECT wallet_id FROM wallets_closure WHERE id = -7)"
        )
        assert rules() == {"chain"}


def test_a_whole_sealed_transfer_between_house_accounts_is_missed():
    a_ledger(sealed=True)
    with intruder() as cursor:
        cursor.execute(
            "DELETE FROM wallets_entry WHERE transfer_id ="
            " (SELECT max(id) FROM wallets_transfer WHERE kind = 'adjustment')"
        )
        cursor.execute(
            "DELETE FROM wallets_transfer WHERE id ="
            " (SELECT max(id) FROM wallets_transfer WHERE kind = 'adjustment')"
        )
        assert "chain" in rules()


def test_a_digest_kept_elsewhere_shows_a_chain_that_was_cut_off_or_written_anew():
    """Whoever can drop the last links cannot make the digest that was noted down."""
    a_ledger(sealed=False)
    noted = seal()
    assert noted is not None
    with intruder() as cursor:
        cursor.execute("DELETE FROM wallets_snapshot")
        cursor.execute("DELETE FROM wallets_seal")
        cursor.execute("UPDATE wallets_transfer SET reason = 'another' WHERE kind = 'write_off'")
        cursor.execute(
            "SELECT encode(s.digest, 'hex') FROM ledger_watermark() w, ledger_seal("
            "w.transfer_through, w.account_through, w.closure_through, w.sealed_at) s"
        )
        (forged,) = cursor.fetchone()
        assert verify() == []
        assert forged != noted.digest


BREAKS = {
    "UPDATE wallets_entry SET amount = amount * 2 WHERE sequence IS NULL": "transfer",
    "UPDATE wallets_transfer SET source_id = 0": "transfer",
    "UPDATE wallets_transfer SET currency = 'USD'": "transfer",
    "UPDATE wallets_transfer SET kind = 'deposit' WHERE kind = 'hold'": "transfer",
    "DELETE FROM wallets_entry": "transfer",
    "DELETE FROM wallets_transfer": "entry",
    "UPDATE wallets_entry SET sequence = sequence + 1000": "running balance",
    "UPDATE wallets_entry SET balance_after = 1 WHERE sequence = 1": "running balance",
    "UPDATE wallets_account SET balance = balance + 1 WHERE kind = 'available'": "balance",
    "UPDATE wallets_account SET sequence = sequence + 1": "balance",
    "UPDATE wallets_account SET posted_at = NULL": "balance",
    "UPDATE wallets_account SET kind = 'house' WHERE kind = 'owed' AND balance = 0": "account",
    "DELETE FROM wallets_wallet": "account",
    "DELETE FROM wallets_closure": "account",
    "UPDATE wallets_account SET status = 'closed'": "account",
    "UPDATE wallets_transfer SET hold_id = NULL": "hold",
    "UPDATE wallets_transfer SET hold_id = id WHERE hold_id IS NOT NULL": "hold",
    "UPDATE wallets_snapshot SET balance = balance + 1": "snapshot",
    "DELETE FROM wallets_snapshot": "snapshot",
    "UPDATE wallets_seal SET digest = sha256('')": "chain",
    "UPDATE wallets_seal SET previous_id = NULL": "chain",
}


@pytest.mark.parametrize("sql", BREAKS)
def test_each_break_is_named_by_its_rule(sql: str):
    a_ledger(sealed=True)
    with intruder() as cursor:
        cursor.execute(sql)
        assert cursor.rowcount > 0
        assert BREAKS[sql] in rules()


def test_what_is_not_sealed_yet_is_no_break():
    a_ledger(sealed=True)
    play(9)
    assert verify() == []
