from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from tests.factories.wallets import (
    DEPOSITS,
    PAYOUTS,
    WITHDRAWALS,
    capture,
    clawback,
    deposit,
    funded,
    hold,
    payout,
    post_one,
    withdrawal,
)
from wallets.models import AccountKind, Kind
from wallets.queries import (
    Balances,
    balance_at,
    balances,
    house_balance,
    house_balance_at,
    house_statement,
    statement,
    transfer_by_reference,
    transfers_of_coupon,
    trial_balance,
)
from wallets.sealing import seal
from wallets.services import Posted, held, open_wallet, owed

pytestmark = pytest.mark.django_db

INSTANT = timedelta(microseconds=1)


def test_balances_of_many_wallets_in_one_query(django_assert_num_queries):
    euros, yen = funded("10.50"), funded("1200", currency="JPY")
    with django_assert_num_queries(1):
        found = balances([euros, yen, uuid4()])
    zero = Decimal(0)
    assert found == {
        euros: Balances(available=Decimal("10.50"), held=zero, owed=zero, currency="EUR"),
        yen: Balances(available=Decimal("1200"), held=zero, owed=zero, currency="JPY"),
    }
    assert str(found[euros].available) == "10.50"
    assert str(found[yen].available) == "1200"


def test_a_statement_is_read_in_pages_and_no_row_is_missed():
    wallet = funded("100")
    for n in range(1, 7):
        post_one(withdrawal(wallet, str(n)))
    first = statement(wallet_id=wallet, limit=3)
    post_one(withdrawal(wallet, "50"))
    second = statement(wallet_id=wallet, limit=3, before=first.before)
    third = statement(wallet_id=wallet, limit=3, before=second.before)
    after = [row.balance_after for page in (first, second, third) for row in page.rows]
    assert after == [Decimal(n) for n in (79, 85, 90, 94, 97, 99, 100)]
    assert third.before is None


def test_the_last_page_may_be_full():
    wallet = funded("100")
    post_one(withdrawal(wallet, "1"))
    assert statement(wallet_id=wallet, limit=2).before is None


def test_a_statement_of_one_account_has_its_own_running_balance():
    wallet = funded("100")
    for amount in ("10", "20"):
        post_one(hold(wallet, amount))
    rows = statement(wallet_id=wallet, limit=10, account=AccountKind.HELD).rows
    assert [(row.account, row.balance_after) for row in rows] == [
        ("held", Decimal("30")),
        ("held", Decimal("10")),
    ]


def test_a_house_statement_has_no_running_balance():
    wallet = funded("100")
    post_one(payout(wallet, "7"))
    (row,) = house_statement(address=PAYOUTS, limit=10).rows
    assert (row.amount, row.balance_after, row.kind) == (Decimal("-7"), None, Kind.PAYOUT)
    assert row.counterpart == f"wallet/{wallet}/available"


@pytest.mark.parametrize("when", ["never", "before", "between", "after"])
def test_a_balance_at_a_past_moment(when: str):
    """Seals change nothing of what a past balance was."""

    def seal_if(now: str) -> None:
        if when == now:
            assert seal() is not None

    opening = post_one(deposit(wallet := open_wallet(currency="EUR"), "100"))
    seal_if("before")
    second = post_one(payout(wallet, "20"))
    seal_if("between")
    third = post_one(payout(wallet, "30"))
    seal_if("after")

    def at(moment: datetime) -> tuple[Decimal, Decimal]:
        found = balance_at(wallet_id=wallet, moment=moment)
        assert found is not None
        return found.available, house_balance_at(address=PAYOUTS, moment=moment)

    moments: list[Posted] = [opening, second, third]
    assert at(opening.created_at - INSTANT) == (0, 0)
    assert [at(posted.created_at) for posted in moments] == [(100, 0), (120, -20), (150, -50)]
    assert [at(posted.created_at - INSTANT) for posted in moments] == [(0, 0), (100, 0), (120, -20)]
    assert at(third.created_at + timedelta(days=1)) == (150, house_balance(address=PAYOUTS))


def test_a_wallet_that_does_not_exist_has_no_past_balance():
    moment = post_one(deposit(funded("1"), "1")).created_at
    assert balance_at(wallet_id=uuid4(), moment=moment) is None


def test_an_account_that_nothing_was_posted_to_has_nothing():
    assert house_balance(address="house/nobody/stakes/EUR") == 0


def test_the_trial_balance_sums_to_zero_in_each_currency():
    wallet = funded("100")
    funded("1200", currency="JPY")
    post_one(hold(wallet, "30"))
    post_one(clawback(wallet, "90"))
    seal()
    post_one(withdrawal(funded("5"), "5"))
    rows = trial_balance()
    assert [(row.currency, row.account, str(row.balance)) for row in rows] == [
        ("EUR", "available of all wallets", "0.00"),
        ("EUR", "held of all wallets", "30.00"),
        ("EUR", PAYOUTS, "90.00"),
        ("EUR", DEPOSITS, "-105.00"),
        ("EUR", WITHDRAWALS, "5.00"),
        ("EUR", "owed of all wallets", "-20.00"),
        ("JPY", "available of all wallets", "1200"),
        ("JPY", "held of all wallets", "0"),
        ("JPY", "house/cashier/deposits/JPY", "-1200"),
        ("JPY", "owed of all wallets", "0"),
    ]
    for currency in ("EUR", "JPY"):
        assert sum(row.balance for row in rows if row.currency == currency) == 0


def test_the_transfers_of_a_coupon_with_both_sides():
    wallet, coupon = funded("100"), UUID(int=5)
    reserved = hold(wallet, "10", coupon_id=coupon, actor="api")
    post_one(reserved)
    post_one(capture(wallet, "10", of=reserved.reference, coupon_id=coupon))
    placed, taken = transfers_of_coupon(coupon)
    assert (placed.kind, placed.actor, placed.hold) == (Kind.HOLD, "api", "")
    assert (placed.source_after, placed.destination_after) == (Decimal("90"), Decimal("10"))
    assert (taken.source, taken.hold) == (held(wallet), reserved.reference)
    assert (taken.source_after, taken.destination_after) == (Decimal("0"), None)


def test_a_reference_is_found_with_its_parts():
    wallet = funded("10")
    taken = clawback(wallet, "30")
    post_one(taken)
    whole, rest = transfer_by_reference(taken.reference)
    assert (whole.amount, rest.amount) == (Decimal("10"), Decimal("20"))
    assert (rest.source, rest.reference) == (owed(wallet), f"{taken.reference}#owed")


def test_business_time_stands_beside_the_time_of_posting():
    wallet = funded("10")
    first = post_one(deposit(wallet, "1"))
    earlier = first.created_at - timedelta(days=3)
    post_one(deposit(wallet, "1", effective_at=earlier))
    late, *_ = statement(wallet_id=wallet, limit=5).rows
    assert late.effective_at == earlier
    assert late.created_at > first.created_at
