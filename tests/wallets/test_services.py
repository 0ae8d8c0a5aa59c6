"""What `post` accepts and repeats."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.factories.wallets import (
    PAYOUTS,
    STAKES,
    WITHDRAWALS,
    a_transfer,
    capture,
    clawback,
    deposit,
    funded,
    hold,
    new_reference,
    payout,
    post_one,
    release,
    withdrawal,
    write_off,
)
from wallets import services
from wallets.models import Account, Entry, Transfer
from wallets.queries import balances, house_balance, transfer_by_reference
from wallets.services import (
    Kind,
    Purpose,
    close_wallet,
    house,
    open_wallet,
    owed,
    post,
)
from wallets.verification import verify

pytestmark = pytest.mark.django_db


def everything() -> list[Any]:
    """All that a posting could leave behind."""
    return [list(model.objects.order_by("pk").values()) for model in (Transfer, Entry, Account)]


def three(wallet_id: UUID) -> tuple[Decimal, Decimal, Decimal]:
    found = balances([wallet_id])[wallet_id]
    return found.available, found.held, found.owed


def money(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(amount) for amount in amounts)


def test_nothing_to_post_is_no_posting():
    assert post(transfers=[]) == []


def test_a_posting_tells_what_it_did():
    wallet = funded("100")
    posted = post_one(withdrawal(wallet, "30.5", reference="w1"))
    assert (posted.reference, posted.kind, posted.currency) == ("w1", Kind.WITHDRAWAL, "EUR")
    assert (posted.amount, posted.available_after) == money("30.50", "69.50")
    assert (posted.owed_part, posted.repeated) == (Decimal("0"), False)
    assert three(wallet) == money("69.50", "0", "0")


def test_a_posting_between_house_accounts_has_no_available_after():
    posted = post_one(a_transfer(source=PAYOUTS, destination=STAKES))
    assert posted.available_after is None


# Repeats


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


# Arrays


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


# Holds


def test_a_hold_is_captured_or_released():
    wallet = funded("100")
    first, second = hold(wallet, "30"), hold(wallet, "20")
    post(transfers=[first, second])
    assert three(wallet) == money("50", "50", "0")
    post_one(capture(wallet, "30", of=first.reference))
    post_one(release(wallet, "20", of=second.reference))
    assert three(wallet) == money("70", "0", "0")
    assert house_balance(address=STAKES) == Decimal("30")


def test_two_outcomes_in_one_array_are_refused():
    wallet = funded("100")
    reserved = hold(wallet, "30")
    post_one(reserved)
    second = release(wallet, "30", of=reserved.reference)
    with pytest.raises(services.HoldAlreadyResolved) as refusal:
        post(transfers=[capture(wallet, "30", of=reserved.reference), second])
    assert refusal.value.reference == second.reference
    assert three(wallet) == money("70", "30", "0")


def test_an_outcome_does_not_come_before_its_hold():
    wallet = funded("100")
    reserved = hold(wallet, "30")
    with pytest.raises(services.UnknownHold):
        post(transfers=[capture(wallet, "30", of=reserved.reference), reserved])


def test_another_wallets_hold_is_no_hold_of_this_one():
    mine, other = funded("100"), funded("100")
    reserved, theirs = hold(mine, "30"), hold(other, "30")
    post(transfers=[reserved, theirs])
    with pytest.raises(services.UnknownHold):
        post_one(capture(mine, "30", of=theirs.reference))


# Overflow and collection


@pytest.mark.parametrize(
    ("there", "taken", "left", "debt"),
    [("100", "40", "60", "0"), ("40", "40", "0", "0"), ("40", "100", "0", "-60")],
)
def test_a_clawback_takes_what_is_there_and_the_rest_is_owed(there, taken, left, debt):
    wallet = funded(there)
    posted = post_one(clawback(wallet, taken))
    assert three(wallet) == money(left, "0", debt)
    assert posted.owed_part == -Decimal(debt)
    assert posted.available_after == Decimal(left)
    assert house_balance(address=PAYOUTS) == Decimal(taken)


def test_a_clawback_from_an_empty_wallet_is_owed_whole():
    wallet = open_wallet(currency="EUR")
    posted = post_one(clawback(wallet, "5"))
    assert (posted.owed_part, posted.available_after) == money("5", "0")
    assert three(wallet) == money("0", "0", "-5")


def test_what_is_held_is_not_clawed_back():
    wallet = funded("100")
    post_one(hold(wallet, "80"))
    post_one(clawback(wallet, "50"))
    assert three(wallet) == money("0", "80", "-30")


@pytest.mark.parametrize(
    ("paid", "left", "debt"), [("10", "0", "-20"), ("30", "0", "0"), ("50", "20", "0")]
)
def test_a_debt_is_collected_as_far_as_it_reaches(paid: str, left: str, debt: str):
    wallet = open_wallet(currency="EUR")
    post_one(clawback(wallet, "30"))
    posted = post_one(deposit(wallet, paid, collect=True))
    assert three(wallet) == money(left, "0", debt)
    assert posted.amount == Decimal(paid)
    assert posted.available_after == Decimal(left)


def test_what_is_not_marked_is_not_collected_from():
    wallet = funded("10")
    reserved = hold(wallet, "10")
    post(transfers=[reserved, clawback(wallet, "30")])
    post_one(release(wallet, "10", of=reserved.reference))
    assert three(wallet) == money("10", "0", "-30")


def test_a_write_off_ends_a_debt_and_no_more_than_it():
    wallet = open_wallet(currency="EUR")
    post_one(clawback(wallet, "30"))
    with pytest.raises(services.ExceedsDebt):
        post_one(write_off(wallet, "30.01"))
    post_one(write_off(wallet, "30", actor="finance", reason="cannot be recovered"))
    assert three(wallet) == money("0", "0", "0")


# Accounts


def test_a_house_account_is_opened_on_first_use():
    wallet = funded("10")
    address = house(owner="new-owner", purpose=Purpose.EXCISE, currency="EUR")
    assert not Account.objects.filter(address=address).exists()
    post_one(withdrawal(wallet, "3", destination=address))
    assert house_balance(address=address) == Decimal("3")


@pytest.mark.parametrize("owner", ["", "a/b", "a b", "o" * 101])
def test_an_owner_must_fit_an_address(owner: str):
    with pytest.raises(ValueError, match="owner"):
        house(owner=owner, purpose=Purpose.STAKES, currency="EUR")


def test_a_house_account_is_of_a_known_currency():
    with pytest.raises(services.UnknownCurrency):
        house(owner="betcalc", purpose=Purpose.STAKES, currency="XXX")


def test_a_wallet_is_of_a_known_currency():
    with pytest.raises(services.UnknownCurrency):
        open_wallet(currency="XXX")


def test_closing_twice_closes_once():
    wallet = open_wallet(currency="EUR")
    close_wallet(wallet_id=wallet)
    close_wallet(wallet_id=wallet)
    assert verify() == []


def test_closing_a_wallet_that_does_not_exist_is_refused():
    with pytest.raises(services.UnknownAccount):
        close_wallet(wallet_id=uuid4())


def test_a_wallet_is_closed_empty_or_not_at_all():
    wallet = funded("10")
    with pytest.raises(services.WalletNotEmpty):
        close_wallet(wallet_id=wallet)
    post_one(clawback(wallet, "15"))
    with pytest.raises(services.WalletNotEmpty):
        close_wallet(wallet_id=wallet)
    post_one(write_off(wallet, "5"))
    close_wallet(wallet_id=wallet)
    with pytest.raises(services.AccountClosed):
        post_one(deposit(wallet, "1"))


def test_a_debt_is_an_account_of_its_own():
    wallet = open_wallet(currency="EUR")
    assert Account.objects.get(address=owed(wallet)).balance == 0


# Size


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
