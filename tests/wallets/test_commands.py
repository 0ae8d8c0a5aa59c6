"""`verify_ledger`, `seal_ledger`, and what a seal writes."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.factories.wallets import (
    PAYOUTS,
    funded,
    payout,
    post_one,
)
from wallets.sealing import seal

pytestmark = pytest.mark.django_db


def test_verify_ledger_says_that_the_books_balance():
    funded("10")
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert out.getvalue().startswith("The books balance (")


def test_verify_ledger_names_the_break_and_fails():
    wallet = funded("10")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE wallets_account SET balance = 11 WHERE address = %s",
            [f"wallet/{wallet}/available"],
        )
        err = StringIO()
        with pytest.raises(CommandError, match="the ledger has 1 breaks") as failure:
            call_command("verify_ledger", stderr=err)
    assert failure.value.returncode != 0
    assert f"(wallet/{wallet}/available): its balance is 11.0000, its entries make 10.0000" in (
        err.getvalue()
    )


def test_seal_ledger_prints_the_digest_to_keep():
    funded("10")
    out = StringIO()
    call_command("seal_ledger", stdout=out)
    assert ": 1 transfers, 2 entries, digest " in out.getvalue()
    assert len(out.getvalue().split()[-1]) == 64


def test_seal_ledger_has_nothing_to_do_twice():
    funded("10")
    call_command("seal_ledger", stdout=StringIO())
    out = StringIO()
    call_command("seal_ledger", stdout=out)
    assert out.getvalue() == "Nothing new to seal.\n"


def test_a_seal_snapshots_the_house_accounts_that_moved():
    wallet = funded("10")
    first = seal()
    assert first is not None
    post_one(payout(wallet, "3"))
    second = seal()
    assert second is not None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.seal_id, a.address, n.balance FROM wallets_snapshot n"
            " JOIN wallets_account a ON a.id = n.account_id ORDER BY n.id"
        )
        assert cursor.fetchall() == [
            (first.seal_id, "house/cashier/deposits/EUR", Decimal("-10")),
            (second.seal_id, PAYOUTS, Decimal("-3")),
        ]
