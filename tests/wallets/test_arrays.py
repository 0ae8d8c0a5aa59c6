"""What `post` does with several transfers at a time."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.factories.wallets import (
    PAYOUTS,
    clawback,
    deposit,
    funded,
    money,
    new_reference,
    payout,
    post_one,
    three,
    withdrawal,
)
from wallets import services
from wallets.queries import house_balance
from wallets.services import open_wallet, post
from wallets.verification import verify

pytestmark = pytest.mark.django_db


def test_funds_are_judged_on_the_net_of_an_array():
    wallet = open_wallet(currency="EUR")
    post(transfers=[withdrawal(wallet, "30"), deposit(wallet, "30")])
    assert three(wallet) == money("0", "0", "0")
    assert verify() == []


def test_one_short_by_a_cent_on_the_net_is_refused_whole():
    wallet = open_wallet(currency="EUR")
    out = withdrawal(wallet, "30.01")
    with pytest.raises(services.InsufficientFunds) as refusal:
        post(transfers=[deposit(wallet, "30"), out])
    assert refusal.value.reference == out.reference
    assert three(wallet) == money("0", "0", "0")


def test_duplicates_inside_one_array_are_posted_once():
    wallet = open_wallet(currency="EUR")
    twice = deposit(wallet, "30")
    first, other, second = post(transfers=[twice, deposit(wallet, "1"), twice])
    assert (first.repeated, other.repeated, second.repeated) == (False, False, True)
    assert second == replace(first, repeated=True)
    assert three(wallet) == money("31", "0", "0")


def test_an_array_of_old_and_new_posts_the_new():
    wallet = open_wallet(currency="EUR")
    old = deposit(wallet, "30")
    post_one(old)
    results = post(transfers=[deposit(wallet, "1"), old, deposit(wallet, "2")])
    assert [posted.repeated for posted in results] == [False, True, False]
    assert three(wallet) == money("33", "0", "0")


def test_overflow_depends_on_the_order_within_the_array():
    early, late = funded("10"), funded("10")
    post(transfers=[clawback(early, "30"), deposit(early, "50")])
    post(transfers=[deposit(late, "50"), clawback(late, "30")])
    assert three(early) == money("50", "0", "-20")
    assert three(late) == money("30", "0", "0")
    assert verify() == []


def test_a_debt_made_in_an_array_is_collected_by_what_follows_in_it():
    wallet = funded("10")
    first, second, third = post(
        transfers=[
            clawback(wallet, "30"),
            payout(wallet, "15", collect=True),
            payout(wallet, "15", collect=True),
        ]
    )
    assert (first.owed_part, second.owed_part, third.owed_part) == money("20", "15", "5")
    assert three(wallet) == money("10", "0", "0")
    assert verify() == []


def test_each_wallet_of_an_array_has_its_own_overflow():
    rich, poor = funded("100"), funded("1")
    results = post(transfers=[clawback(rich, "40"), clawback(poor, "40")])
    assert [posted.owed_part for posted in results] == list(money("0", "39"))
    assert three(rich) == money("60", "0", "0")
    assert three(poor) == money("0", "0", "-39")


def test_five_thousand_transfers_in_one_call():
    wallets = [funded("10") for _ in range(50)]
    transfers = [
        payout(wallets[n % 50], "1.25", reference=new_reference("many")) for n in range(5000)
    ]
    results = post(transfers=transfers)
    assert [posted.reference for posted in results] == [t.reference for t in transfers]
    assert all(three(wallet) == money("135", "0", "0") for wallet in wallets)
    assert house_balance(address=PAYOUTS) == Decimal("-6250")
    assert verify() == []
