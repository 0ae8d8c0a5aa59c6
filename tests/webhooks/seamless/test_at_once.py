"""Many calls of a seamless wallet at once move the money once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from bets.models import Coupon, Flag, WalletTransaction
from bets.services.placing.answers import book_answer
from providers.contract import Accepted
from tests.bets.conftest import money
from tests.factories.bets import a_held_coupon
from tests.webhooks.seamless.conftest import body_of
from wallets.verification import verify
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    start = Barrier(count)

    def run(number: int) -> Any:
        start.wait()
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.parametrize(
    ("kinds", "left"),
    [(["stake"], "90.00"), (["stake", "payout"], "115.00"), (["stake", "rollback"], "100.00")],
)
def test_eight_repeats_at_once_move_the_money_once_and_hear_the_same(
    transactional_db, insist, coupon, player, kinds, left
):
    for kind in kinds:
        amount = "25.00" if kind == "payout" else "10.00"
        body = body_of(coupon, kind, amount, parent=f"{coupon.pk}_stake")
        answers = at_once(8, lambda _, body=body: insist(body))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
    assert money(player) == (left, "0.00", "0.00")
    assert WalletTransaction.objects.count() == len(kinds)
    done = Delivery.objects.filter(status="processed")
    assert done.count() == 8 * len(kinds)
    assert verify() == []


def test_a_stake_and_its_rollback_at_once_leave_the_money_where_it_was(
    transactional_db, insist, player, seamless
):
    coupons = [a_held_coupon(player, seamless, stake="1.00") for _ in range(8)]

    def race(number: int) -> None:
        coupon = coupons[number % 4]
        kind = "stake" if number < 4 else "rollback"
        insist(body_of(coupon, kind, "1.00", parent=f"{coupon.pk}_stake"))

    at_once(8, race)
    for coupon in coupons[:4]:
        insist(body_of(coupon, "rollback", "1.00", parent=f"{coupon.pk}_stake"))
    states = set(Coupon.objects.filter(pk__in=[c.pk for c in coupons[:4]]).values_list("status"))
    assert states <= {("rejected",), ("returned",)}
    assert money(player) == ("96.00", "4.00", "0.00")
    assert verify() == []


def test_a_clawback_and_its_rollbacks_at_once_leave_the_payout(
    transactional_db, insist, coupon, player
):
    insist(body_of(coupon))
    insist(body_of(coupon, "payout", "25.00"))

    def race(number: int) -> None:
        undone = f"{coupon.pk}_clawback"
        rollback = body_of(coupon, "rollback", "25.00", parent=undone, id=f"undo-{number % 2}")
        insist(body_of(coupon, "clawback", "25.00") if number < 3 else rollback)

    at_once(8, race)
    race(7)
    assert money(player) == ("115.00", "0.00", "0.00")
    assert (Coupon.objects.get().status, Coupon.objects.get().result) == ("settled", "won")
    assert verify() == []


def test_payouts_at_once_are_all_paid(transactional_db, insist, coupon, player):
    insist(body_of(coupon))
    at_once(8, lambda n: insist(body_of(coupon, "payout", "1.00", id=f"payout-{n}")))
    assert money(player) == ("98.00", "0.00", "0.00")
    assert Coupon.objects.get().payout == Decimal("8.00")
    assert verify() == []


def test_the_stake_and_the_place_reply_at_once_take_the_hold_once(
    transactional_db, insist, player, seamless
):
    coupons = [a_held_coupon(player, seamless, stake="1.00") for _ in range(4)]

    def race(number: int) -> None:
        coupon = coupons[number % 4]
        if number < 4:
            assert insist(body_of(coupon, amount="1.00")).status_code == 200
            return
        with transaction.atomic():
            answer = Accepted(reference=str(coupon.pk))
            book_answer(coupon_id=coupon.pk, answer=answer, actor="test")

    at_once(8, race)
    assert set(Coupon.objects.values_list("status", flat=True)) == {"accepted"}
    assert money(player) == ("96.00", "0.00", "0.00")
    assert not Flag.objects.exists()
    assert verify() == []
