"""What `post` refuses, each with its own exception."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from tests.factories.wallets import (
    DEPOSITS,
    a_transfer,
    capture,
    deposit,
    funded,
    hold,
    post_one,
    release,
    withdrawal,
    write_off,
)
from wallets import services
from wallets.models import Account, Entry, Transfer
from wallets.services import (
    NewTransfer,
    available,
    close_wallet,
    held,
    open_wallet,
    post,
)
from wallets.verification import verify

pytestmark = pytest.mark.django_db


def everything() -> list[Any]:
    """All that a posting could leave behind."""
    return [list(model.objects.order_by("pk").values()) for model in (Transfer, Entry, Account)]


def a_taken_reference(wallet: UUID) -> NewTransfer:
    first = deposit(wallet, "7")
    post_one(first)
    return replace(first, amount=Decimal("8"))


def a_resolved_hold(wallet: UUID) -> NewTransfer:
    reserved = hold(wallet, "5")
    post(transfers=[reserved, capture(wallet, "5", of=reserved.reference)])
    return release(wallet, "5", of=reserved.reference)


def an_open_hold(wallet: UUID, **changes: Any) -> NewTransfer:
    reserved = hold(wallet, "5")
    post_one(reserved)
    return replace(capture(wallet, "5", of=reserved.reference), **changes)


def a_closed_wallet(_: UUID) -> UUID:
    wallet = open_wallet(currency="EUR")
    close_wallet(wallet_id=wallet, actor="support", reason="asked to")
    return wallet


REFUSALS: dict[str, tuple[Callable[[UUID], NewTransfer], type[Exception]]] = {
    "zero": (lambda w: deposit(w, "0"), services.InvalidAmount),
    "negative": (lambda w: deposit(w, "-1"), services.InvalidAmount),
    "not a number": (lambda w: deposit(w, "NaN"), services.InvalidAmount),
    "signalling": (lambda w: deposit(w, "sNaN"), services.InvalidAmount),
    "infinite": (lambda w: deposit(w, "Infinity"), services.InvalidAmount),
    "too large": (lambda w: deposit(w, "1e16"), services.InvalidAmount),
    "balance too large": (lambda w: deposit(w, "9999999999999999"), services.InvalidAmount),
    "not a Decimal": (
        lambda w: a_transfer(source=DEPOSITS, destination=available(w), amount=10),
        services.InvalidAmount,
    ),
    "decimals of euros": (lambda w: deposit(w, "1.005"), services.ExcessDecimals),
    "decimals of yen": (lambda w: deposit(w, "1.5", currency="JPY"), services.ExcessDecimals),
    "another currency": (lambda w: deposit(w, "1", currency="USD"), services.WrongCurrency),
    "the house's other currency": (
        lambda w: deposit(w, "1", source=DEPOSITS.replace("EUR", "USD")),
        services.WrongCurrency,
    ),
    "no such currency": (lambda w: deposit(w, "1", currency="EUX"), services.UnknownCurrency),
    "closed destination": (lambda w: deposit(a_closed_wallet(w), "1"), services.AccountClosed),
    "closed source": (lambda w: withdrawal(a_closed_wallet(w), "1"), services.AccountClosed),
    "same account": (
        lambda w: a_transfer(source=available(w), destination=available(w)),
        services.SameAccount,
    ),
    "no such wallet": (lambda w: deposit(uuid4(), "1"), services.UnknownAccount),
    "no such house purpose": (
        lambda w: withdrawal(w, "1", destination="house/cashier/snacks/EUR"),
        services.UnknownAccount,
    ),
    "insufficient funds": (lambda w: withdrawal(w, "101.01"), services.InsufficientFunds),
    "a hold beyond the funds": (lambda w: hold(w, "101.01"), services.InsufficientFunds),
    "no debt to write off": (lambda w: write_off(w, "1"), services.ExceedsDebt),
    "no reference": (lambda w: deposit(w, "1", reference=""), services.InvalidReference),
    "a long reference": (lambda w: deposit(w, "1", reference="r" * 201), services.InvalidReference),
    "a part's reference": (
        lambda w: deposit(w, "1", reference="x#owed"),
        services.InvalidReference,
    ),
    "a zero byte": (lambda w: deposit(w, "1", reference="a\x00b"), services.InvalidReference),
    "other content": (a_taken_reference, services.ReferenceConflict),
    "hold resolved before": (a_resolved_hold, services.HoldAlreadyResolved),
    "no such hold": (lambda w: capture(w, "5", of="nothing"), services.UnknownHold),
    "no hold named": (lambda w: an_open_hold(w, resolves=""), services.UnknownHold),
    "hold of another amount": (
        lambda w: an_open_hold(w, amount=Decimal("4")),
        services.UnknownHold,
    ),
    "outcome from elsewhere": (
        lambda w: an_open_hold(w, source=available(w)),
        services.UnknownHold,
    ),
    "only a hold fills held": (
        lambda w: deposit(w, "1", destination=held(w)),
        services.WrongAccount,
    ),
    "a hold for another wallet": (
        lambda w: hold(w, "1", destination=held(open_wallet(currency="EUR"))),
        services.WrongAccount,
    ),
    "an overflow of the house": (
        lambda w: deposit(w, "1", overflow=True),
        services.WrongAccount,
    ),
    "a collection from the house": (
        lambda w: withdrawal(w, "1", collect=True),
        services.WrongAccount,
    ),
}


@pytest.mark.parametrize("company", ["alone", "after a good one", "before a good one"])
@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_has_its_own_exception_and_leaves_no_trace(case: str, company: str):
    wallet = funded("100")
    make, error = REFUSALS[case]
    wrong = make(wallet)
    good = deposit(wallet, "1")
    transfers = {
        "alone": [wrong],
        "after a good one": [good, wrong],
        "before a good one": [wrong, good],
    }[company]
    before = everything()

    with pytest.raises(error) as refusal:
        post(transfers=transfers)

    assert type(refusal.value) is error
    assert refusal.value.reference == wrong.reference.replace("\x00", "")
    assert everything() == before
    # The transaction is still usable, and the good one was not posted.
    assert not post_one(good).repeated
    assert verify() == []


RAW_REFUSALS = {
    "invalid_amount": [{"amount": "0"}, {"amount": "-1"}, {"amount": "NaN"}, {"amount": "1e16"}],
    "excess_decimals": [{"amount": "0.00001"}],
    "same_account": [{"source": DEPOSITS, "destination": DEPOSITS}],
    "invalid_reference": [{"reference": ""}, {"reference": "x#collected"}],
    "wrong_currency": [{"currency": "USD"}],
}


@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize(
    ("code", "change"), [(code, change) for code, rows in RAW_REFUSALS.items() for change in rows]
)
def test_the_sql_function_refuses_by_itself(code: str, change: dict[str, str], copies: int):
    """It does not rely on what the service looked at before."""
    wallet = funded("100")
    request = {
        "source": DEPOSITS,
        "destination": available(wallet),
        "amount": "1",
        "currency": "EUR",
        "kind": "deposit",
        "reference": "raw",
        **change,
    }
    before = everything()
    with connection.cursor() as cursor:
        cursor.execute("SELECT outcome FROM post_transfers(%s)", [json.dumps([request] * copies)])
        assert cursor.fetchall() == [(code,)]
    assert everything() == before
