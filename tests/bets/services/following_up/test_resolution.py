"""Coupons that a dead process, the provider or nobody decided, and what staff make of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bets.models import Coupon, Flag, IdempotencyKey
from bets.services.following_up import resolution
from bets.services.placing import placement
from providers.contract import Unknown
from tests.bets.conftest import money, placement_request
from tests.factories.bets import state, won

pytestmark = pytest.mark.django_db


class TestTheProcessDies:
    """Between the provider's yes and our second transaction."""

    @pytest.fixture
    def stranded(self, transactional_db, place, book, player) -> Coupon:
        class Killed(BaseException):
            pass

        def die(slip):
            raise Killed

        book.answers.append(die)
        with pytest.raises(Killed):
            place(stake="10.00", odds=("4.27",))
        assert money(player) == ("90.00", "10.00", "0.00")
        return Coupon.objects.get()

    def test_the_sweep_leaves_a_call_alone_that_may_still_be_open(self, stranded):
        assert resolution.sweep(now=timezone.now()) == 0
        assert state(stranded)[0] == "pending"

    def test_the_sweep_makes_it_unknown_with_the_stake_held(self, stranded, player):
        assert resolution.sweep(now=timezone.now() + timedelta(minutes=1)) == 1
        assert state(stranded)[0] == "unknown"
        assert money(player) == ("90.00", "10.00", "0.00")

    def test_its_result_brings_it_home(self, stranded, report, player):
        key = stranded.callback_key
        assert report(won("42.70", reference="b1", coupon_key=key)) == ["kept"]
        resolution.sweep(now=timezone.now() + timedelta(minutes=1))
        assert state(stranded)[0] == "settled"
        assert money(player) == ("132.70", "0.00", "0.00")

    def test_past_its_deadline_it_is_in_the_staff_queue_once(self, stranded):
        for minutes in (1, 30, 60):
            resolution.sweep(now=timezone.now() + timedelta(minutes=minutes))
        assert [flag.kind for flag in Flag.objects.all()] == ["unknown_overdue"]

    def test_the_same_key_then_tells_what_is_known(self, stranded, partner, player, account, book):
        row = IdempotencyKey.objects.get()
        resolution.sweep(now=timezone.now() + timedelta(minutes=1))
        reply = placement.place(
            partner=partner,
            key=row.key,
            request=placement_request(player, account),
            request_digest=row.request_digest,
            now=timezone.now(),
            render=lambda coupon: coupon.status.encode(),
        )
        assert (reply.status, reply.body) == (202, b"unknown")
        assert len(book.slips) == 1


def test_staff_confirm_an_unknown_bet(place, book, player, report):
    book.answers.append(Unknown(reason="timeout"))
    coupon = place(stake="10.00")
    report(won("20.00", reference="b7"))
    resolution.confirm_accepted(
        coupon_id=coupon.pk, reference="b7", actor="staff:eve", reason="seen", now=timezone.now()
    )
    assert state(coupon)[0] == "settled"
    assert money(player) == ("110.00", "0.00", "0.00")


def test_staff_reject_an_unknown_bet(place, book, player):
    book.answers.append(Unknown(reason="timeout"))
    coupon = place(stake="10.00")
    resolution.confirm_rejected(
        coupon_id=coupon.pk, actor="staff:eve", reason="not there", now=timezone.now()
    )
    assert state(coupon)[0] == "rejected"
    assert money(player) == ("100.00", "0.00", "0.00")
    with pytest.raises(resolution.NotPossible):
        resolution.confirm_rejected(
            coupon_id=coupon.pk, actor="staff:eve", reason="again", now=timezone.now()
        )


def test_an_accepted_coupon_without_a_result_reaches_the_staff_queue(coupon):
    resolution.sweep(now=timezone.now() + timedelta(hours=73))
    assert Flag.objects.get().kind == "result_overdue"
    assert state(coupon)[0] == "accepted"
