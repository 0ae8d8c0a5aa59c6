"""What the database refuses, whoever writes to it."""

import pytest
from django.db import IntegrityError, connection, transaction

from tests.factories.wallets import capture, clawback, funded, hold, post_one
from wallets.sealing import seal
from wallets.services import close_wallet, open_wallet

pytestmark = pytest.mark.django_db

TABLES = ["wallet", "account", "transfer", "entry", "closure", "seal", "snapshot"]


@pytest.fixture
def a_ledger() -> None:
    """A row in each table: a captured hold, an open one, a debt, a closed wallet, a seal."""
    wallet = funded("100")
    captured, still_open = hold(wallet, "10"), hold(wallet, "5")
    post_one(captured)
    post_one(capture(wallet, "10", of=captured.reference))
    post_one(still_open)
    post_one(clawback(wallet, "90"))
    close_wallet(wallet_id=open_wallet(currency="EUR"))
    funded("1", currency="USD")
    seal()
    with connection.cursor() as cursor:
        # As a commit would, for TRUNCATE looks for checks that are still to come.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refused(sql: str) -> str:
    """Run it, and return what the database said against it."""
    with (
        connection.cursor() as cursor,
        pytest.raises(IntegrityError) as error,
        transaction.atomic(),
    ):
        cursor.execute(sql)
    return str(error.value)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("verb", ["DELETE FROM", "TRUNCATE"])
def test_nothing_is_ever_removed(a_ledger: None, table: str, verb: str):
    cascade = " CASCADE" if verb == "TRUNCATE" else ""
    assert "is append-only" in refused(f"{verb} wallets_{table}{cascade}")


@pytest.mark.parametrize("table", [table for table in TABLES if table != "account"])
def test_what_is_written_is_never_changed(a_ledger: None, table: str):
    message = refused(f"UPDATE wallets_{table} SET id = id")
    assert f"UPDATE is refused: wallets_{table} is append-only" in message


@pytest.mark.parametrize("column", ["id", "address", "wallet_id", "kind", "currency", "created_at"])
def test_what_an_account_is_never_changes(a_ledger: None, column: str):
    assert "append-only" in refused(f"UPDATE wallets_account SET {column} = {column}")


UUID = "00000000-0000-0000-0000-00000000000a"

ACCOUNT = "INSERT INTO wallets_account (address, wallet_id, kind, currency) VALUES "

TRANSFER = """
    INSERT INTO wallets_transfer (source_id, destination_id, amount, currency, kind, reference,
        effective_at, created_at, hold_id)
    SELECT source_id, {destination}, {amount}, currency, {kind}, {reference}, effective_at,
        created_at, {hold} FROM wallets_transfer WHERE kind = 'capture'
"""


def a_transfer_row(**changes: str) -> str:
    fields = {
        "destination": "destination_id",
        "amount": "amount",
        "kind": "kind",
        "reference": "'new'",
        "hold": "NULL",
    }
    return TRANSFER.format(**{**fields, **changes})


ENTRY = """
    WITH t AS ({transfer} RETURNING *)
    INSERT INTO wallets_entry
        (id, transfer_id, account_id, amount, balance_after, sequence, created_at)
    SELECT {id}, t.id, {account}, {amount}, {after}, {sequence}, t.created_at FROM t
"""


def an_entry_row(**changes: str) -> str:
    """The destination's side of a capture: a house account's entry."""
    fields = {
        "transfer": a_transfer_row(),
        "id": "2 * t.id",
        "account": "t.destination_id",
        "amount": "t.amount",
        "after": "NULL",
        "sequence": "NULL",
    }
    return ENTRY.format(**{**fields, **changes})


BITES = {
    "negative available": (
        "UPDATE wallets_account SET balance = -1 WHERE kind = 'available'",
        "the balance of",
    ),
    "negative held": (
        "UPDATE wallets_account SET balance = -1 WHERE kind = 'held'",
        "the balance of",
    ),
    "positive owed": (
        "UPDATE wallets_account SET balance = 1 WHERE kind = 'owed'",
        "the balance of",
    ),
    "a house balance": (
        "UPDATE wallets_account SET balance = 1 WHERE kind = 'house'",
        "the balance of",
    ),
    "no such status": (
        "UPDATE wallets_account SET status = 'paused'",
        "an account is open or closed",
    ),
    "no such currency": (
        f"INSERT INTO wallets_wallet (id, currency) VALUES ('{UUID}', 'eur')",
        "wallets_wallet_currency",
    ),
    "a house address of another currency": (
        ACCOUNT + "('house/x/stakes/USD', NULL, 'house', 'EUR')",
        "does not match its address",
    ),
    "a house account of a wallet": (
        ACCOUNT + "('house/x/stakes/EUR', (SELECT id FROM wallets_wallet LIMIT 1), 'house', 'EUR')",
        "does not match its address",
    ),
    "a wallet account without wallet": (
        ACCOUNT + f"('wallet/{UUID}/held', NULL, 'held', 'EUR')",
        "does not match its address",
    ),
    "a kind that does not exist": (
        ACCOUNT + "('house/x/stakes/EUR', NULL, 'office', 'EUR')",
        "does not match its address",
    ),
    "an account of another currency than its wallet": (
        f"INSERT INTO wallets_wallet (id, currency) VALUES ('{UUID}', 'EUR');"
        + ACCOUNT
        + f"('wallet/{UUID}/held', '{UUID}', 'held', 'USD')",
        "does not match its address",
    ),
    "a second account of an address": (
        ACCOUNT + "('house/betcalc/stakes/EUR', NULL, 'house', 'EUR')",
        "duplicate key",
    ),
    "a second wallet's closure": (
        "INSERT INTO wallets_closure (wallet_id, created_at)"
        " SELECT wallet_id, created_at FROM wallets_closure",
        "duplicate key",
    ),
    "nothing moved": (a_transfer_row(amount="0"), "a transfer has a positive amount"),
    "moved backwards": (a_transfer_row(amount="-1"), "a transfer has a positive amount"),
    "to itself": (a_transfer_row(destination="source_id"), "a transfer has a positive amount"),
    "of no kind": (a_transfer_row(kind="'gift'"), "a transfer has a positive amount"),
    "without reference": (a_transfer_row(reference="''"), "a transfer has a positive amount"),
    "a reference twice": (a_transfer_row(reference="reference"), "wallets_transfer_reference"),
    "two outcomes of a hold": (a_transfer_row(hold="hold_id"), "wallets_hold_single_outcome"),
    "a third entry": (an_entry_row(id="2 * t.id + 1"), "does not match"),
    "an entry of the other sign": (an_entry_row(amount="-t.amount"), "does not match"),
    "an entry of nothing": (an_entry_row(amount="0"), "does not match"),
    "half a running balance": (an_entry_row(after="1"), "does not match"),
    "an entry of another amount": (an_entry_row(amount="t.amount + 1"), "does not match"),
    "an entry of another account": (an_entry_row(account="t.source_id"), "does not match"),
    "an entry of no account": (an_entry_row(account="0"), "does not match"),
    "an entry of another currency": (
        an_entry_row(account="(SELECT id FROM wallets_account WHERE address LIKE 'house/%USD')"),
        "does not match",
    ),
    "a house account's running balance": (
        an_entry_row(after="1", sequence="1"),
        "does not match",
    ),
    "an entry of no transfer": (
        "INSERT INTO wallets_entry (id, transfer_id, account_id, amount, created_at)"
        " SELECT 2000000, 1000000, account_id, amount, created_at"
        " FROM wallets_entry WHERE amount > 0 AND sequence IS NULL LIMIT 1",
        "does not match",
    ),
    "a sequence twice": (
        "INSERT INTO wallets_entry"
        " (id, transfer_id, account_id, amount, balance_after, sequence, created_at)"
        " SELECT id + 2000000, transfer_id + 1000000, account_id, amount, balance_after,"
        " sequence, created_at FROM wallets_entry WHERE sequence IS NOT NULL",
        "wallets_entry_sequence",
    ),
    "two seals after one": (
        "INSERT INTO wallets_seal (previous_id, transfer_through, account_through,"
        " closure_through, transfers, entries, accounts, closures, digest, sealed_at)"
        " SELECT f.id, 0, 0, 0, 0, 0, 0, 0, digest, sealed_at"
        " FROM wallets_seal f, generate_series(1, 2)",
        "duplicate key",
    ),
    "two snapshots of one account": (
        "INSERT INTO wallets_snapshot (seal_id, account_id, balance)"
        " SELECT seal_id, account_id, balance FROM wallets_snapshot",
        "wallets_snapshot_account_seal",
    ),
}


@pytest.mark.parametrize("case", BITES)
def test_a_rule_of_the_database_bites(a_ledger: None, case: str):
    sql, rule = BITES[case]
    assert rule in refused(sql)


def test_the_rows_that_the_cases_start_from_are_accepted(a_ledger: None):
    """So that a case is refused for what it changes and for nothing else."""
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute(an_entry_row())
        assert cursor.rowcount == 1
        transaction.set_rollback(True)
