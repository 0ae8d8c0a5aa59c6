"""What `post` does with a transfer that it has posted before."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.factories.wallets import (
    WITHDRAWALS,
    capture,
    clawback,
    deposit,
    funded,
    hold,
    money,
    payout,
    post_one,
    release,
    three,
    withdrawal,
)
from wallets import services
from wallets.models import Account, Entry, Transfer
from wallets.queries import transfer_by_reference
from wallets.services import Kind, close_wallet, post

pytestmark = pytest.mark.django_db


def everything() -> list[Any]:
    """All that a posting could leave behind."""
    return [list(model.objects.order_by("pk").values()) for model in (Transfer, Entry, Account)]


def test_a_repeat_of_the_withdrawal_that_emptied_the_wallet_returns_the_first_result():
    wallet = funded("100")
    everything_out = withdrawal(wallet, "100")
    first = post_one(everything_out)
    before = everything()

    repeat = post_one(everything_out)

    assert repeat == replace(first, repeated=True)
    assert everything() == before


def test_a_repeat_is_a_repeat_on_a_closed_wallet_too():
    wallet = funded("100")
    everything_out = withdrawal(wallet, "100")
    first = post_one(everything_out)
    close_wallet(wallet_id=wallet)
    assert post_one(everything_out) == replace(first, repeated=True)


def test_a_repeat_of_an_outcome_is_no_second_outcome():
    wallet = funded("100")
    reserved = hold(wallet, "10")
    taken = capture(wallet, "10", of=reserved.reference)
    first = post(transfers=[reserved, taken])
    assert post(transfers=[reserved, taken]) == [replace(p, repeated=True) for p in first]


@pytest.mark.parametrize("amount", ["60", "100", "130"])
def test_a_repeat_of_a_clawback_returns_the_same_split(amount: str):
    wallet = funded("100")
    taken = clawback(wallet, amount)
    first = post_one(taken)
    post_one(deposit(wallet, "500", collect=True))
    assert post_one(taken) == replace(first, repeated=True)


def test_a_repeat_of_a_collecting_deposit_returns_the_same_split():
    wallet = funded("10")
    post_one(clawback(wallet, "30"))
    paid_in = deposit(wallet, "50", collect=True)
    first = post_one(paid_in)
    assert (first.owed_part, first.available_after) == money("20", "30")
    assert post_one(paid_in) == replace(first, repeated=True)
    assert three(wallet) == money("30", "0", "0")


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("11")},
        {"kind": Kind.ADJUSTMENT},
        {"coupon_id": UUID(int=1)},
        {"source": WITHDRAWALS},
    ],
    ids=["amount", "kind", "coupon", "source"],
)
def test_a_reference_with_other_content_is_a_conflict(change: dict[str, Any]):
    wallet = funded("0.01")
    first = deposit(wallet, "10")
    post_one(first)
    for transfers in ([replace(first, **change)], [first, replace(first, **change)]):
        with pytest.raises(services.ReferenceConflict):
            post(transfers=transfers)
    assert three(wallet) == money("10.01", "0", "0")


@pytest.mark.parametrize("kind", ["deposit", "withdrawal", "hold", "capture", "release", "payout"])
def test_a_repeat_leaves_every_row_as_it_was(kind: str):
    wallet = funded("50")
    reserved = hold(wallet, "5")
    post_one(reserved)
    made = {
        "deposit": deposit(wallet, "5", collect=True),
        "withdrawal": withdrawal(wallet, "5"),
        "hold": hold(wallet, "5"),
        "capture": capture(wallet, "5", of=reserved.reference),
        "release": release(wallet, "5", of=reserved.reference),
        "payout": payout(wallet, "5"),
    }[kind]
    first = post_one(made)
    before = everything()

    assert post_one(made) == replace(first, repeated=True)
    assert everything() == before


def test_a_repeat_may_be_dated_and_signed_otherwise():
    """Who repeats it and when is no part of the content."""
    wallet = funded("1")
    first = deposit(wallet, "10", actor="api")
    posted = post_one(first)
    assert post_one(replace(first, actor="job", reason="again")) == replace(posted, repeated=True)
    (row,) = transfer_by_reference(first.reference)
    assert row.actor == "api"
