"""What `post` accepts, and the accounts it posts to."""

from decimal import Decimal
from uuid import uuid4

import pytest

from tests.factories.wallets import (
    PAYOUTS,
    STAKES,
    a_transfer,
    capture,
    clawback,
    deposit,
    funded,
    hold,
    money,
    post_one,
    release,
    three,
    withdrawal,
    write_off,
)
from wallets import services
from wallets.models import Account
from wallets.queries import house_balance
from wallets.services import Kind, Purpose, close_wallet, house, open_wallet, owed, post
from wallets.verification import verify

pytestmark = pytest.mark.django_db


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
