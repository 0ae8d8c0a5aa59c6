"""Results that meet a placement, a return or each other."""

from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from bets.models import PendingResult
from bets.services.following_up import resolution
from providers.contract import Accepted
from tests.bets.conftest import money
from tests.factories.bets import lost, state, won

pytestmark = pytest.mark.django_db


def test_a_result_during_the_call_is_kept_until_the_yes(transactional_db, place, book, report):
    def settle_first(slip):
        key = slip.callback_url.rsplit("/", 1)[1]
        assert report(won("42.70", reference="b1", coupon_key=key)) == ["kept"]
        return Accepted(reference="b1")

    book.answers.append(settle_first)
    coupon = place(stake="10.00", odds=("4.27",))
    assert (coupon.status, coupon.payout) == ("settled", Decimal("42.70"))
    assert PendingResult.objects.get().applied_at


def test_a_result_on_the_bare_address_during_the_call_is_found_by_its_reference(
    transactional_db, place, book, report
):
    def settle_first(slip):
        assert report(lost(reference="b1")) == ["orphan"]
        return Accepted(reference="b1")

    book.answers.append(settle_first)
    assert place().result == "lost"


def test_a_return_racing_a_result_ends_with_the_money_moved_once(
    transactional_db, place, book, report, player
):
    for n in range(8):
        book.answers.append(Accepted(reference=f"r{n}"))
        coupon = place(stake="10.00", odds=("4.27",))
        barrier = Barrier(2)

        def settle(n=n, barrier=barrier):
            barrier.wait()
            report(won("42.70", reference=f"r{n}"))
            connection.close()

        def give_back(coupon=coupon, barrier=barrier):
            barrier.wait()
            resolution.return_coupon(
                coupon_id=coupon.pk, actor="test", reason="test", now=timezone.now()
            )
            connection.close()

        threads = [Thread(target=settle), Thread(target=give_back)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert state(coupon)[0] == "returned"
        assert money(player) == ("100.00", "0.00", "0.00")


def test_the_same_result_ten_times_at_once_pays_once(transactional_db, coupon, report, player):
    barrier, effects = Barrier(10), []

    def send():
        barrier.wait()
        effects.extend(report(won("42.70")))
        connection.close()

    threads = [Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(effects) == ["applied"] + ["repeated"] * 9
    assert money(player) == ("132.70", "0.00", "0.00")
