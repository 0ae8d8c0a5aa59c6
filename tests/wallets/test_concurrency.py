"""Races, with real threads on real connections."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from functools import partial
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from tests.factories.wallets import (
    DEPOSITS,
    PAYOUTS,
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
)
from wallets import sealing
from wallets.models import Entry, Seal, Transfer
from wallets.queries import balances, house_balance, trial_balance
from wallets.services import (
    AccountClosed,
    HoldAlreadyResolved,
    InsufficientFunds,
    Posted,
    Purpose,
    ReferenceConflict,
    WalletNotEmpty,
    close_wallet,
    house,
    post,
)
from wallets.verification import verify

pytestmark = pytest.mark.django_db(transaction=True)


def kinds(results: list[Any]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


def repeats(results: list[Any]) -> Counter[bool]:
    return Counter(posted.repeated for posted in results)


def test_money_is_spent_once(race):
    wallet = funded("100")
    transfers = [withdrawal(wallet, "30") for _ in range(12)]
    results = race([partial(post_one, t) for t in transfers])
    assert kinds(results) == {"Posted": 3, InsufficientFunds.__name__: 9}
    assert balances([wallet])[wallet].available == Decimal("10")
    assert verify() == []


def test_a_hold_and_a_withdrawal_do_not_share_money(race):
    wallet = funded("100")
    results = race(
        [partial(post_one, hold(wallet, "60")), partial(post_one, withdrawal(wallet, "60"))]
    )
    assert kinds(results) == {"Posted": 1, InsufficientFunds.__name__: 1}


def test_arrays_in_opposite_order_do_not_deadlock(race):
    wallets = [funded("1000") for _ in range(6)]

    def many(order: list[Any]) -> None:
        for _ in range(15):
            post(transfers=[clawback(w, "1") for w in order] + [payout(w, "1") for w in order])

    results = race([partial(many, wallets), partial(many, wallets[::-1])] * 3)
    assert results == [None] * 6
    assert all(b.available == 1000 for b in balances(wallets).values())
    assert verify() == []


def test_transfers_between_two_wallets_in_opposite_directions_do_not_deadlock(race):
    one, other = funded("1000"), funded("1000")

    def give(source: Any, destination: Any) -> None:
        for _ in range(30):
            there = f"wallet/{destination}/available"
            post_one(withdrawal(source, "1", destination=there))

    assert race([partial(give, one, other), partial(give, other, one)] * 2) == [None] * 4
    assert verify() == []


def test_new_references_in_opposite_order_do_not_deadlock(race):
    """Between house accounts no lock but the references' own is taken."""
    transfers = [a_transfer(source=DEPOSITS, destination=STAKES) for _ in range(50)]
    results = race([partial(post, transfers=transfers), partial(post, transfers=transfers[::-1])])
    assert kinds(results) == {"list": 2}
    assert house_balance(address=STAKES) == Decimal("500")


@pytest.mark.parametrize("copies", [1, 3], ids=["alone", "in an array"])
def test_one_reference_at_once_is_posted_once(race, copies: int):
    wallet = funded("100")
    everything_out = withdrawal(wallet, "100")
    results = race([lambda: post(transfers=[everything_out] * copies)[0]] * 8)
    assert repeats(results) == {False: 1, True: 7}
    assert len({replace(posted, repeated=False) for posted in results}) == 1
    assert Transfer.objects.filter(reference=everything_out.reference).count() == 1
    assert verify() == []


def test_one_reference_at_once_between_house_accounts_is_posted_once(race):
    """No account is locked; the unique reference alone decides."""
    same = a_transfer(source=DEPOSITS, destination=STAKES)
    results = race([partial(post_one, same)] * 8)
    assert repeats(results) == {False: 1, True: 7}
    assert house_balance(address=STAKES) == Decimal("10")


def test_one_reference_at_once_for_different_wallets_is_a_conflict(race):
    wallets = [funded("10") for _ in range(6)]
    transfers = [deposit(wallet, "5", reference="taken") for wallet in wallets]
    results = race([partial(post_one, t) for t in transfers])
    assert kinds(results) == {"Posted": 1, ReferenceConflict.__name__: 5}
    assert sorted(b.available for b in balances(wallets).values()) == [10] * 5 + [15]
    assert verify() == []


def test_one_reference_at_once_with_different_amounts_is_a_conflict(race):
    transfers = [
        a_transfer(source=DEPOSITS, destination=STAKES, amount=Decimal(n), reference="taken")
        for n in range(1, 7)
    ]
    results = race([partial(post, transfers=[t, a_transfer_aside()]) for t in transfers])
    assert kinds(results) == {"list": 1, ReferenceConflict.__name__: 5}
    # Those who lost left nothing of the rest of their arrays either.
    assert Transfer.objects.count() == 2


def a_transfer_aside() -> Any:
    return a_transfer(source=DEPOSITS, destination=PAYOUTS)


def test_a_house_account_is_opened_once(race):
    address = house(owner="new", purpose=Purpose.EXCISE, currency="EUR")
    transfers = [a_transfer(source=DEPOSITS, destination=address) for _ in range(8)]
    assert kinds(race([partial(post_one, t) for t in transfers])) == {"Posted": 8}
    assert house_balance(address=address) == Decimal("80")
    assert verify() == []


def test_a_hold_has_one_outcome(race):
    for _ in range(5):
        wallet = funded("100")
        reserved = hold(wallet, "40")
        post_one(reserved)
        outcomes = [
            capture(wallet, "40", of=reserved.reference),
            release(wallet, "40", of=reserved.reference),
        ]
        results = race([partial(post_one, outcome) for outcome in outcomes * 2])
        assert kinds(results) == {"Posted": 2, HoldAlreadyResolved.__name__: 2}
        assert repeats([r for r in results if isinstance(r, Posted)]) == {False: 1, True: 1}
    assert verify() == []


def test_clawbacks_and_collections_at_once_leave_the_net(race):
    wallet = funded("10")
    takes = [partial(post_one, clawback(wallet, "30")) for _ in range(4)]
    gives = [partial(post_one, deposit(wallet, "20", collect=True)) for _ in range(4)]
    assert kinds(race(takes + gives)) == {"Posted": 8}
    found = balances([wallet])[wallet]
    assert found.available + found.owed == Decimal("-30")
    assert verify() == []


def test_a_wallet_is_closed_or_paid_into(race):
    for _ in range(5):
        wallet = funded("10")
        post_one(withdrawal(wallet, "10"))
        closed, paid = race(
            [
                partial(close_wallet, wallet_id=wallet),
                partial(post_one, deposit(wallet, "5")),
            ]
        )
        if closed is None:
            assert isinstance(paid, AccountClosed)
        else:
            assert isinstance(closed, WalletNotEmpty)
            assert isinstance(paid, Posted)
    assert verify() == []


# Seals and verification beside postings


def busy(stop: Event, wallet: Any) -> int:
    """Post until told to stop, with transactions that commit out of the order of their ids."""
    count = 0
    while not stop.is_set():
        with transaction.atomic():
            post_one(deposit(wallet, "3"))
            post(transfers=[withdrawal(wallet, "1"), a_transfer_aside()])
            if count % 3 == 0:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(0.01)")
        count += 1
    return count


def beside_postings(race: Any, action: Any, *, times: int) -> list[Any]:
    stop = Event()

    def act() -> list[Any]:
        try:
            return [action() for _ in range(times)]
        finally:
            stop.set()

    wallets = [funded("10") for _ in range(4)]
    seen, *counts = race([act, *(partial(busy, stop, wallet) for wallet in wallets)])
    assert isinstance(seen, list), seen
    assert all(isinstance(count, int) and count > 0 for count in counts), counts
    return seen


def test_no_late_commit_is_lost_from_a_seal(race):
    sealed = beside_postings(race, sealing.seal, times=25)
    sealing.seal()
    assert Seal.objects.count() >= sum(seal is not None for seal in sealed) > 10
    assert verify() == []
    # The derived balances, from snapshots, equal the plain sums of all entries.
    for address in (DEPOSITS, PAYOUTS):
        entries = Entry.objects.filter(account__address=address).values_list("amount", flat=True)
        assert house_balance(address=address) == sum(entries)
    assert sum(row.balance for row in trial_balance()) == 0


def test_verifying_beside_postings_gives_no_false_alarm(race):
    def seal_and_verify() -> list[Any]:
        sealing.seal()
        return verify()

    assert beside_postings(race, seal_and_verify, times=15) == [[]] * 15


def test_two_seals_at_once_make_one_chain(race):
    for _ in range(5):
        funded("10")
        race([sealing.seal] * 4)
    assert Seal.objects.count() == 5
    assert verify() == []


def test_a_seal_gives_up_when_postings_leave_no_moment(race, monkeypatch):
    monkeypatch.setattr(sealing, "_ATTEMPTS", 2)
    started, done = Event(), Event()

    def hold_on() -> None:
        with transaction.atomic():
            post_one(a_transfer_aside())
            started.set()
            assert done.wait(30)

    def try_to_seal() -> Any:
        assert started.wait(30)
        try:
            return sealing.seal()
        finally:
            done.set()

    _, outcome = race([hold_on, try_to_seal])
    assert isinstance(outcome, sealing.LedgerBusy)
    assert sealing.seal() is not None
