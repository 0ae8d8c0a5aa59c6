"""Calls of a seamless wallet whose coupon is found later."""

import pytest
from django.utils import timezone

from bets.models import Coupon
from providers.contract import Effect
from tests.bets.conftest import money
from tests.factories.bets import a_held_coupon
from tests.webhooks.seamless.conftest import body_of, only
from wallets.verification import verify
from webhooks.models import DeliveryEffect
from webhooks.services import replaying

pytestmark = pytest.mark.django_db


def test_an_orphaned_payout_is_matched_with_its_coupon_and_paid(
    transactional_db, post, player, seamless
):
    coupon = a_held_coupon(player, seamless, status="unknown")
    answer = post(body_of(coupon, "payout", "25.00", bet="theirs"))
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_bet")
    replaying.match_orphan(
        effect_id=DeliveryEffect.objects.get().pk,
        coupon_id=coupon.pk,
        actor="staff:1",
        now=timezone.now(),
    )
    assert money(player) == ("115.00", "0.00", "0.00")
    assert post(body_of(coupon, "payout", "25.00", bet="theirs")).status_code == 200
    assert money(player) == ("115.00", "0.00", "0.00")
    assert verify() == []


def test_a_replay_reads_the_path_again(post, coupon, player, seamless):
    stranger = body_of(coupon, "payout", "25.00", bet="theirs")
    assert post(stranger).status_code == 400
    Coupon.objects.filter(pk=coupon.pk).update(provider_reference="theirs")
    (change,) = replaying.rehearse(delivery_id=only().pk)
    assert change.outcome.effect is Effect.APPLIED
    replaying.replay(delivery_ids=[only().pk], actor="staff:1")
    assert money(player) == ("115.00", "0.00", "0.00")
