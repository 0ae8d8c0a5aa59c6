"""Random histories of one book, compared after each step with a model in plain Python."""

from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.factories.wallets import (
    a_transfer,
    capture,
    clawback,
    deposit,
    hold,
    payout,
    post_one,
    release,
    withdrawal,
    write_off,
)
from tests.wallets.conftest import at_once
from wallets.queries import balances, house_balance
from wallets.sealing import seal
from wallets.services import (
    ExceedsDebt,
    HoldAlreadyResolved,
    InsufficientFunds,
    NewTransfer,
    Posted,
    Purpose,
    available,
    house,
    open_wallet,
    post,
)
from wallets.verification import verify

_books = count(1)

amounts = st.integers(1, 20_000).map(lambda cents: Decimal(cents) / 100)


class Book:
    """What the ledger should say, kept as simply as can be: numbers that go up and down."""

    def __init__(self) -> None:
        self.available = [Decimal(0), Decimal(0)]
        self.held = [Decimal(0), Decimal(0)]
        self.debt = [Decimal(0), Decimal(0)]
        self.house = dict.fromkeys(
            [
                Purpose.STAKES,
                Purpose.PAYOUTS,
                Purpose.DEPOSITS,
                Purpose.WITHDRAWALS,
                Purpose.WRITE_OFFS,
            ],
            Decimal(0),
        )

    def give(self, who: int, amount: Decimal, *, of: Purpose, collect: bool) -> Decimal:
        """From the house to a player; returns how much went to the debt."""
        collected = min(amount, self.debt[who]) if collect else Decimal(0)
        self.debt[who] -= collected
        self.available[who] += amount - collected
        self.house[of] -= amount
        return collected

    def claw_back(self, who: int, amount: Decimal, *, to: Purpose) -> Decimal:
        """From a player to the house; returns how much could not be taken."""
        there = min(amount, self.available[who])
        self.available[who] -= there
        self.debt[who] += amount - there
        self.house[to] += amount
        return amount - there


class Ledger(RuleBasedStateMachine):
    open_holds = Bundle("open_holds")
    coupons = Bundle("coupons")

    players = st.integers(0, 1)

    @initialize()
    def open(self) -> None:
        owner = f"book-{next(_books)}"
        self.wallets = [open_wallet(currency="EUR"), open_wallet(currency="EUR")]
        self.book = Book()
        self.houses = {
            purpose: house(owner=owner, purpose=purpose, currency="EUR")
            for purpose in self.book.house
        }
        self.owner, self.numbers = owner, count(1)
        self.posted: list[tuple[NewTransfer, Posted]] = []
        self.versions: dict[str, tuple[int, Decimal]] = {}
        self.resolved: set[str] = set()

    def reference(self) -> str:
        return f"{self.owner}-{next(self.numbers)}"

    def move(self, transfer: NewTransfer) -> Posted:
        posted = post_one(transfer)
        assert not posted.repeated
        self.posted.append((transfer, posted))
        return posted

    @rule(who=players, amount=amounts, collect=st.booleans())
    def deposit(self, who: int, amount: Decimal, collect: bool) -> None:
        transfer = deposit(
            self.wallets[who],
            str(amount),
            source=self.houses[Purpose.DEPOSITS],
            reference=self.reference(),
            collect=collect,
        )
        expected = self.book.give(who, amount, of=Purpose.DEPOSITS, collect=collect)
        posted = self.move(transfer)
        assert (posted.owed_part, posted.available_after) == (expected, self.book.available[who])

    @rule(who=players, amount=amounts)
    def withdraw(self, who: int, amount: Decimal) -> None:
        transfer = withdrawal(
            self.wallets[who],
            str(amount),
            destination=self.houses[Purpose.WITHDRAWALS],
            reference=self.reference(),
        )
        if amount > self.book.available[who]:
            with pytest.raises(InsufficientFunds):
                post_one(transfer)
            return
        self.book.available[who] -= amount
        self.book.house[Purpose.WITHDRAWALS] += amount
        self.move(transfer)

    @precondition(lambda self: max(self.book.available) > 0)
    @rule(who=players)
    def withdraw_everything(self, who: int) -> None:
        if self.book.available[who]:
            self.withdraw(who, self.book.available[who])

    @rule(target=open_holds, who=players, amount=amounts)
    def hold(self, who: int, amount: Decimal) -> Any:
        transfer = hold(self.wallets[who], str(amount), reference=self.reference())
        if amount > self.book.available[who]:
            with pytest.raises(InsufficientFunds):
                post_one(transfer)
            return multiple()
        self.book.available[who] -= amount
        self.book.held[who] += amount
        self.move(transfer)
        return who, transfer

    def outcome(self, held_by: tuple[int, NewTransfer], transfer: NewTransfer) -> bool:
        """Post an outcome; false, and refused, where the hold has had one."""
        who, reserved = held_by
        if reserved.reference in self.resolved:
            with pytest.raises(HoldAlreadyResolved):
                post_one(transfer)
            return False
        self.resolved.add(reserved.reference)
        self.book.held[who] -= reserved.amount
        self.move(transfer)
        return True

    @rule(target=coupons, held_by=open_holds)
    def accept(self, held_by: tuple[int, NewTransfer]) -> Any:
        who, reserved = held_by
        transfer = capture(
            self.wallets[who],
            str(reserved.amount),
            of=reserved.reference,
            destination=self.houses[Purpose.STAKES],
            reference=self.reference(),
        )
        if not self.outcome(held_by, transfer):
            return multiple()
        self.book.house[Purpose.STAKES] += reserved.amount
        return who, reserved.reference

    @rule(held_by=open_holds)
    def reject(self, held_by: tuple[int, NewTransfer]) -> None:
        who, reserved = held_by
        transfer = release(
            self.wallets[who],
            str(reserved.amount),
            of=reserved.reference,
            reference=self.reference(),
        )
        if self.outcome(held_by, transfer):
            self.book.available[who] += reserved.amount

    @rule(coupon=coupons, amount=st.just(Decimal(0)) | amounts)
    def settle(self, coupon: tuple[int, str], amount: Decimal) -> None:
        """The first time a payout, or nothing; later the reverse and the new one, together."""
        who, code = coupon
        version, former = self.versions.get(code, (0, Decimal(0)))
        self.versions[code] = (version + 1, amount)
        transfers, expected = [], []
        if former:
            transfers.append(self._clawback(who, former, f"{code}-v{version}-back"))
            expected.append(self.book.claw_back(who, former, to=Purpose.PAYOUTS))
        if amount:
            transfers.append(
                payout(
                    self.wallets[who],
                    str(amount),
                    source=self.houses[Purpose.PAYOUTS],
                    reference=f"{code}-v{version + 1}",
                    collect=True,
                )
            )
            expected.append(self.book.give(who, amount, of=Purpose.PAYOUTS, collect=True))
        results = post(transfers=transfers)
        assert [posted.owed_part for posted in results] == expected
        self.posted.extend(zip(transfers, results, strict=True))

    def _clawback(self, who: int, amount: Decimal, reference: str) -> NewTransfer:
        return clawback(
            self.wallets[who],
            str(amount),
            destination=self.houses[Purpose.PAYOUTS],
            reference=reference,
        )

    @rule(who=players, amount=amounts)
    def claw_back(self, who: int, amount: Decimal) -> None:
        expected = self.book.claw_back(who, amount, to=Purpose.PAYOUTS)
        assert self.move(self._clawback(who, amount, self.reference())).owed_part == expected

    @rule(who=players, amount=amounts)
    def write_off(self, who: int, amount: Decimal) -> None:
        transfer = write_off(
            self.wallets[who],
            str(amount),
            source=self.houses[Purpose.WRITE_OFFS],
            reference=self.reference(),
        )
        if amount > self.book.debt[who]:
            with pytest.raises(ExceedsDebt):
                post_one(transfer)
            return
        self.book.debt[who] -= amount
        self.book.house[Purpose.WRITE_OFFS] -= amount
        self.move(transfer)

    @rule(amount=amounts)
    def give_to_the_other(self, amount: Decimal) -> None:
        if amount <= self.book.available[0]:
            self.book.available[0] -= amount
            self.book.available[1] += amount
            self.move(
                a_transfer(
                    source=available(self.wallets[0]),
                    destination=available(self.wallets[1]),
                    amount=amount,
                    reference=self.reference(),
                )
            )

    @precondition(lambda self: self.posted)
    @rule(which=st.integers(0, 10_000))
    def repeat(self, which: int) -> None:
        transfer, first = self.posted[which % len(self.posted)]
        assert post_one(transfer) == replace(first, repeated=True)

    @precondition(lambda self: self.posted)
    @rule(which=st.integers(0, 10_000))
    def repeat_at_once(self, which: int) -> None:
        """Three old ones, and one that is new to all of them, on three connections."""
        transfer, first = self.posted[which % len(self.posted)]
        fresh = deposit(
            self.wallets[0],
            "1",
            source=self.houses[Purpose.DEPOSITS],
            reference=self.reference(),
        )
        results = at_once([lambda: post(transfers=[transfer, fresh])] * 3)
        assert [old for old, _ in results] == [replace(first, repeated=True)] * 3
        assert sorted(new.repeated for _, new in results) == [False, True, True]
        self.book.give(0, Decimal(1), of=Purpose.DEPOSITS, collect=False)
        (written,) = [new for _, new in results if not new.repeated]
        self.posted.append((fresh, written))

    @rule()
    def seal(self) -> None:
        seal()

    @invariant()
    def agrees_with_the_book(self) -> None:
        found = balances(self.wallets)
        for who, wallet in enumerate(self.wallets):
            assert found[wallet].available == self.book.available[who]
            assert found[wallet].held == self.book.held[who]
            assert found[wallet].owed == -self.book.debt[who]
        for purpose, address in self.houses.items():
            assert house_balance(address=address) == self.book.house[purpose]
        assert verify() == []


@pytest.mark.django_db(transaction=True)
def test_any_history_agrees_with_the_book():
    """Each example has wallets and house accounts of its own, in one ledger that grows."""
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
