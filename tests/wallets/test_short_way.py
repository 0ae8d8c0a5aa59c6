"""What `post_transfer`, the way of one ordinary transfer, accepts, and that its rules are the same.

The other tests post single transfers too, and so see what it refuses and repeats.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from tests.factories.wallets import (
    DEPOSITS,
    PAYOUTS,
    capture,
    clawback,
    deposit,
    funded,
    hold,
    payout,
    post_one,
    release,
    three,
    withdrawal,
)
from wallets import sql
from wallets.models import Account, Entry, Transfer
from wallets.services import Kind, NewTransfer, available, held
from wallets.verification import verify

pytestmark = pytest.mark.django_db

ORDINARY: dict[str, Callable[[UUID], NewTransfer]] = {
    "deposit": lambda wallet: deposit(wallet, "5"),
    "deposit that would collect": lambda wallet: deposit(wallet, "5", collect=True),
    "withdrawal": lambda wallet: withdrawal(wallet, "95"),
    "hold": lambda wallet: hold(wallet, "5"),
    "capture": lambda wallet: capture(wallet, "5", of=f"{wallet}"),
    "release": lambda wallet: release(wallet, "5", of=f"{wallet}"),
    "payout": lambda wallet: payout(wallet, "5.25", collect=True, coupon_id=UUID(int=1)),
    "clawback of what is there": lambda wallet: clawback(wallet, "5", actor="a", reason="b"),
}


def with_a_hold() -> UUID:
    """A wallet with 95 available and 5 held, under the wallet's id as reference."""
    wallet = funded("100")
    post_one(hold(wallet, "5", reference=f"{wallet}"))
    return wallet


def without_general_way() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("DROP FUNCTION post_transfers(jsonb)")


@pytest.mark.parametrize("kind", ORDINARY)
def test_an_ordinary_transfer_needs_no_other_function(kind: str):
    transfer = ORDINARY[kind](with_a_hold())
    # The first posting to a house account opens it, which is not ordinary.
    post_one(ORDINARY[kind](with_a_hold()))
    without_general_way()
    assert not post_one(transfer).repeated
    assert verify() == []


def rows_of(transfer: NewTransfer, wallet: UUID) -> dict[str, Any]:
    """What the posting wrote, without the ids, times and references that differ by nature."""
    made = Transfer.objects.filter(reference=transfer.reference)
    entries = Entry.objects.filter(transfer__in=made).order_by("id")
    accounts = Account.objects.filter(wallet=wallet).order_by("id")
    return {
        "transfer": list(
            made.values_list("amount", "currency", "kind", "coupon_id", "actor", "reason")
        ),
        "resolves the hold": [t.hold is not None and t.hold.reference == f"{wallet}" for t in made],
        "entries": list(
            entries.values_list("account__kind", "amount", "balance_after", "sequence")
        ),
        "sides": [entry.id - 2 * entry.transfer_id for entry in entries],
        "accounts": list(accounts.values_list("kind", "balance", "sequence")),
        "same moment": {
            *(t.effective_at == t.created_at for t in made),
            *(e.created_at == t.created_at for t in made for e in entries),
        },
    }


def the_general_way(transfer: NewTransfer) -> tuple[Any, ...]:
    request = {**asdict(transfer), "amount": str(transfer.amount)}
    request["coupon_id"] = transfer.coupon_id and str(transfer.coupon_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, available_after, owed_part FROM post_transfers(%s::jsonb)",
            [json.dumps([request])],
        )
        row: tuple[Any, ...] = cursor.fetchone()
    return row


@pytest.mark.parametrize("kind", ORDINARY)
def test_both_ways_write_and_answer_the_same(kind: str):
    one, other = with_a_hold(), with_a_hold()
    here, there = ORDINARY[kind](one), ORDINARY[kind](other)

    posted = post_one(here)
    answered = the_general_way(there)

    assert ("posted", posted.available_after, posted.owed_part) == answered
    assert rows_of(here, one) == rows_of(there, other)
    assert verify() == []


def refused_by_itself(arguments: dict[str, Any]) -> str:
    names = ", ".join(f"{name} => %s" for name in arguments)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT outcome FROM post_transfer({names})", list(arguments.values()))
        (outcome,) = cursor.fetchone()
    return str(outcome)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("invalid_amount", {"amount": "0"}),
        ("invalid_amount", {"amount": "-1"}),
        ("invalid_amount", {"amount": "NaN"}),
        ("invalid_amount", {"amount": "1e16"}),
        ("invalid_amount", {"amount": None}),
        ("excess_decimals", {"amount": "0.00001"}),
        ("same_account", {"source": DEPOSITS, "destination": DEPOSITS}),
        ("invalid_reference", {"reference": ""}),
        ("invalid_reference", {"reference": None}),
        ("invalid_reference", {"reference": "x#collected"}),
        ("wrong_currency", {"currency": "USD"}),
        ("wrong_account", {"kind": "hold"}),
        ("wrong_account", {"overflow": True}),
        ("unknown_hold", {"resolves": "x"}),
        ("unknown_account", {"source": "house/x/stakes/eur"}),
    ],
)
def test_the_function_refuses_without_the_service(code: str, change: dict[str, Any]):
    wallet = funded("100")
    arguments = {
        "source": DEPOSITS,
        "destination": available(wallet),
        "amount": "1",
        "currency": "EUR",
        "kind": "deposit",
        "reference": "raw",
        **change,
    }
    assert refused_by_itself(arguments) == code
    assert three(wallet)[0] == Decimal("100")
    assert verify() == []


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("wrong_account", {"kind": Kind.ADJUSTMENT}),
        ("wrong_account", {"collect": True}),
        ("wrong_account", {"destination": "another"}),
        ("wrong_account", {"source": PAYOUTS}),
        ("same_account", {"source": "held"}),
    ],
)
def test_a_hold_stays_in_its_wallet(code: str, change: dict[str, Any]):
    wallet, another = with_a_hold(), with_a_hold()
    addresses = {"another": held(another), "held": held(wallet)}
    transfer = replace(
        hold(wallet, "5"), **{k: addresses.get(str(v), v) for k, v in change.items()}
    )
    arguments = {**asdict(transfer), "kind": transfer.kind.value}
    assert refused_by_itself(arguments) == code
    assert verify() == []


@pytest.mark.parametrize(
    "name", ["guards.sql", "wallets.sql", "balances.sql", "seals.sql", "verify.sql"]
)
def test_the_sql_can_be_installed_again(name: str):
    wallet = with_a_hold()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql.read(name))
    post_one(deposit(wallet, "1"))
    assert verify() == []


def test_both_functions_can_be_installed_again():
    wallet = with_a_hold()
    with connection.cursor() as cursor:
        for name in ("post_transfers.sql", "post_transfer.sql"):
            cursor.execute(sql.read(name))
    transfer = deposit(wallet, "1")
    assert not post_one(transfer).repeated
    assert post_one(transfer).repeated
