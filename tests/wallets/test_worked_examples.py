"""What each event posts, with the statement that a player would read, oldest line first."""

from decimal import Decimal
from uuid import UUID

import pytest

from tests.factories.wallets import (
    ADJUSTMENTS,
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
    write_off,
)
from wallets.currencies import format_amount
from wallets.queries import house_balance, statement
from wallets.services import Kind, Purpose, available, house, post
from wallets.verification import verify

pytestmark = pytest.mark.django_db

EXCISE = house(owner="superbet", purpose=Purpose.EXCISE, currency="EUR")
WITHHOLDING = house(owner="superbet", purpose=Purpose.WITHHOLDING, currency="EUR")


@pytest.fixture
def wallet() -> UUID:
    return funded("100")


def lines(wallet_id: UUID) -> list[str]:
    """Account, amount, balance after, kind and the other side; the first deposit is left out."""
    page = statement(wallet_id=wallet_id, limit=100)
    return [
        f"{row.account:<9} {format_amount(row.amount, row.currency):>7}"
        f" {format_amount(row.balance_after or Decimal(0), row.currency):>7}"
        f" {row.kind:<10} {row.counterpart.replace(str(wallet_id), '…')}"
        for row in reversed(page.rows)
    ][1:]


def reads(wallet_id: UUID, *expected: str) -> None:
    assert lines(wallet_id) == list(expected)
    assert verify() == []


def accepted(wallet_id: UUID, stake: str = "10") -> None:
    reserved = hold(wallet_id, stake)
    post_one(reserved)
    post_one(capture(wallet_id, stake, of=reserved.reference))


PLACED = (
    "available  -10.00   90.00 hold       wallet/…/held",
    "held        10.00   10.00 hold       wallet/…/available",
    "held       -10.00    0.00 capture    house/betcalc/stakes/EUR",
)


def test_deposit_and_withdrawal(wallet: UUID):
    post_one(deposit(wallet, "20.50"))
    post_one(withdrawal(wallet, "120.50"))
    reads(
        wallet,
        "available   20.50  120.50 deposit    house/cashier/deposits/EUR",
        "available -120.50    0.00 withdrawal house/cashier/withdrawals/EUR",
    )


def test_coupon_placed_and_accepted(wallet: UUID):
    accepted(wallet)
    reads(wallet, *PLACED)
    assert house_balance(address=STAKES) == Decimal("10")


def test_coupon_placed_and_rejected(wallet: UUID):
    reserved = hold(wallet, "10")
    post_one(reserved)
    post_one(release(wallet, "10", of=reserved.reference))
    reads(
        wallet,
        *PLACED[:2],
        "held       -10.00    0.00 release    wallet/…/available",
        "available   10.00  100.00 release    wallet/…/held",
    )


def test_settled_won(wallet: UUID):
    accepted(wallet)
    post_one(payout(wallet, "42.70", collect=True))
    reads(
        wallet,
        *PLACED,
        "available   42.70  132.70 payout     house/betcalc/payouts/EUR",
    )


def test_settled_lost_posts_nothing(wallet: UUID):
    accepted(wallet)
    assert post(transfers=[]) == []
    reads(wallet, *PLACED)


@pytest.mark.parametrize("kind", [Kind.REFUND, Kind.VOID], ids=["refunded", "returned"])
def test_settled_refunded_and_returned(wallet: UUID, kind: Kind):
    accepted(wallet)
    post_one(payout(wallet, "10", source=STAKES, kind=kind))
    reads(
        wallet,
        *PLACED,
        f"available   10.00  100.00 {kind:<10} house/betcalc/stakes/EUR",
    )
    assert house_balance(address=STAKES) == 0


def test_settled_again_from_a_to_b_to_a(wallet: UUID):
    """Each time the reverse of the former settlement and the new one, in one posting."""
    accepted(wallet)
    post_one(payout(wallet, "42.70", reference="c-v1"))
    back = {"kind": Kind.REVERSAL}
    post(
        transfers=[
            clawback(wallet, "42.70", reference="c-v1-back", **back),
            payout(wallet, "15", reference="c-v2"),
        ]
    )
    post(
        transfers=[
            clawback(wallet, "15", reference="c-v2-back", **back),
            payout(wallet, "42.70", reference="c-v3"),
        ]
    )
    reads(
        wallet,
        *PLACED,
        "available   42.70  132.70 payout     house/betcalc/payouts/EUR",
        "available  -42.70   90.00 reversal   house/betcalc/payouts/EUR",
        "available   15.00  105.00 payout     house/betcalc/payouts/EUR",
        "available  -15.00   90.00 reversal   house/betcalc/payouts/EUR",
        "available   42.70  132.70 payout     house/betcalc/payouts/EUR",
    )
    assert house_balance(address=PAYOUTS) == Decimal("-42.70")


def test_clawback_beyond_available(wallet: UUID):
    post_one(withdrawal(wallet, "70"))
    post_one(clawback(wallet, "42.70"))
    reads(
        wallet,
        "available  -70.00   30.00 withdrawal house/cashier/withdrawals/EUR",
        "available  -30.00    0.00 clawback   house/betcalc/payouts/EUR",
        "owed       -12.70  -12.70 clawback   house/betcalc/payouts/EUR",
    )
    assert house_balance(address=PAYOUTS) == Decimal("42.70")


def test_debt_collected_at_the_next_deposit(wallet: UUID):
    post_one(clawback(wallet, "112.70"))
    post_one(deposit(wallet, "10", collect=True))
    post_one(deposit(wallet, "10", collect=True))
    reads(
        wallet,
        "available -100.00    0.00 clawback   house/betcalc/payouts/EUR",
        "owed       -12.70  -12.70 clawback   house/betcalc/payouts/EUR",
        "available   10.00   10.00 deposit    house/cashier/deposits/EUR",
        "available  -10.00    0.00 collection wallet/…/owed",
        "owed        10.00   -2.70 collection wallet/…/available",
        "available   10.00   10.00 deposit    house/cashier/deposits/EUR",
        "available   -2.70    7.30 collection wallet/…/owed",
        "owed         2.70    0.00 collection wallet/…/available",
    )


def test_debt_written_off(wallet: UUID):
    post_one(clawback(wallet, "112.70"))
    post_one(write_off(wallet, "12.70", actor="finance", reason="account abandoned"))
    reads(
        wallet,
        "available -100.00    0.00 clawback   house/betcalc/payouts/EUR",
        "owed       -12.70  -12.70 clawback   house/betcalc/payouts/EUR",
        "owed        12.70    0.00 write_off  house/cashier/write_offs/EUR",
    )


def test_betflex_takes_the_stake_at_once(wallet: UUID):
    post_one(withdrawal(wallet, "25", destination=STAKES, kind=Kind.STAKE))
    reads(wallet, "available  -25.00   75.00 stake      house/betcalc/stakes/EUR")


def superbet_paid(wallet_id: UUID) -> None:
    reserved = hold(wallet_id, "10")
    post_one(reserved)
    post(
        transfers=[
            capture(wallet_id, "10", of=reserved.reference),
            a_transfer(source=STAKES, destination=EXCISE, amount=Decimal("1.20"), kind=Kind.EXCISE),
        ]
    )


def test_superbet_paid_with_excise(wallet: UUID):
    superbet_paid(wallet)
    reads(wallet, *PLACED)
    assert house_balance(address=STAKES) == Decimal("8.80")
    assert house_balance(address=EXCISE) == Decimal("1.20")


def test_superbet_void_gives_the_excise_back(wallet: UUID):
    superbet_paid(wallet)
    back = a_transfer(source=EXCISE, destination=STAKES, amount=Decimal("1.20"), kind=Kind.EXCISE)
    post(transfers=[back, payout(wallet, "10", source=STAKES, kind=Kind.VOID)])
    reads(wallet, *PLACED, "available   10.00  100.00 void       house/betcalc/stakes/EUR")
    assert house_balance(address=STAKES) == house_balance(address=EXCISE) == 0


def test_superbet_won_less_tax(wallet: UUID):
    superbet_paid(wallet)
    tax = a_transfer(
        source=PAYOUTS, destination=WITHHOLDING, amount=Decimal("6.30"), kind=Kind.WITHHOLDING
    )
    post(transfers=[payout(wallet, "56.70"), tax])
    reads(wallet, *PLACED, "available   56.70  146.70 payout     house/betcalc/payouts/EUR")
    assert house_balance(address=PAYOUTS) == Decimal("-63")
    assert house_balance(address=WITHHOLDING) == Decimal("6.30")


def test_manual_adjustment_and_back(wallet: UUID):
    said = {"actor": "finance", "reason": "goodwill", "amount": Decimal("5")}
    post_one(a_transfer(source=ADJUSTMENTS, destination=available(wallet), **said))
    post_one(a_transfer(source=available(wallet), destination=ADJUSTMENTS, **said))
    reads(
        wallet,
        "available    5.00  105.00 adjustment house/cashier/adjustments/EUR",
        "available   -5.00  100.00 adjustment house/cashier/adjustments/EUR",
    )
    assert house_balance(address=ADJUSTMENTS) == 0
