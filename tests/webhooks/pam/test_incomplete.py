"""Results without amounts: the provider is asked what they are."""

import logging
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from providers.contract import Incomplete, Settle, Verdict
from tests.bets.conftest import money
from tests.webhooks.pam.conftest import state, won
from webhooks.models import Delivery
from webhooks.services import processing, replaying

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_provider_is_asked_outside_any_transaction_and_the_call_is_the_coupons(
    create, report, vendor, player
):
    create()
    vendor.tickets["t1"] = won("20.00")
    assert report("win") == "applied"
    assert vendor.asked == ["t1"]


def test_a_provider_that_does_not_tell_is_asked_again_and_nothing_is_settled(
    create, tell, vendor, player
):
    create()
    tell("win")
    delivery = Delivery.objects.latest("id")
    for _ in range(12):
        processing.process(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error_code) == ("failed", "incomplete")
    assert delivery.attempts < processing.MAX_ATTEMPTS
    wait = delivery.next_attempt_at - timezone.now()
    assert timedelta(0) < wait < timedelta(seconds=10)
    assert state() == ("accepted", "")
    vendor.tickets["t1"] = won("20.00")
    processing.process(delivery_id=delivery.pk)
    assert (state(), money(player)) == (("settled", "won"), ("110.00", "0.00", "0.00"))


def test_a_surprise_of_the_provider_is_an_answer_that_is_not_there(create, tell, vendor, caplog):
    create()
    tell("win")
    vendor.surprises.append(ZeroDivisionError("nobody thought of this"))
    with caplog.at_level(logging.CRITICAL):
        processing.process(delivery_id=Delivery.objects.latest("id").pk)
    delivery = Delivery.objects.latest("id")
    assert (delivery.status, delivery.error_code) == ("failed", "incomplete")


def test_after_a_day_the_delivery_is_parked_and_can_be_replayed(
    create, tell, vendor, player, caplog, as_superuser
):
    create()
    tell("win")
    delivery = Delivery.objects.latest("id")
    as_superuser("UPDATE webhooks_delivery SET received_at = now() - interval '25 hours' "
                 "WHERE id = %s", [delivery.pk])  # fmt: skip
    with caplog.at_level(logging.CRITICAL):
        processing.process(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error_code) == ("parked", "incomplete")
    told = replaying.replay(delivery_ids=[delivery.pk], actor="staff:1")
    assert told[delivery.pk] == "the ticket could not be read"
    with pytest.raises(Incomplete):
        replaying.rehearse(delivery_id=delivery.pk)
    vendor.tickets["t1"] = won("20.00")
    (change,) = replaying.rehearse(delivery_id=delivery.pk)
    assert (change.after.payout, money(player)[0]) == (Decimal(20), "90.00")
    replaying.replay(delivery_ids=[delivery.pk], actor="staff:1")
    assert money(player) == ("110.00", "0.00", "0.00")


def test_a_result_that_is_still_incomplete_never_reaches_settlement(create, tell, vendor):
    create()
    tell("win")
    vendor.tickets["t1"] = Settle(reference="t1", verdict=Verdict.WON, incomplete=True)
    processing.process(delivery_id=Delivery.objects.latest("id").pk)
    assert (state(), Delivery.objects.latest("id").status) == (("accepted", ""), "failed")
