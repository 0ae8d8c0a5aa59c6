"""What the drainer does when deliveries, processes or the time run out on it."""

import logging

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from bets.models import PartnerAccess
from providers import registry
from providers import services as providers
from tests.webhooks.conftest import Caller, head, heads_body
from webhooks import jobs
from webhooks.models import Delivery, DeliveryEffect, DeliveryStatus
from webhooks.services import processing, replaying

pytestmark = pytest.mark.django_db


@pytest.fixture
def poisonous(monkeypatch):
    monkeypatch.setitem(registry.PROVIDERS, "poisonous", "tests.fakes.fragile.Poisonous")
    registry.get.cache_clear()
    yield registry.get("poisonous")
    registry.get.cache_clear()


@pytest.fixture
def call(poisonous, partner) -> Caller:
    account = providers.save_account(
        code="poisonous",
        provider="poisonous",
        base_url="http://127.0.0.1:9",
        secrets={"login": "a", "password": "b"},
    )
    PartnerAccess.objects.create(partner=partner, account=account)
    return Caller(account)


@pytest.fixture
def three(call, poisonous, caplog) -> list[Delivery]:
    """A delivery that nobody can process between two good ones."""
    for reference in ("first", "poison", "last"):
        assert call("/api/bet/result", heads_body(head(reference))).status_code == 200
    poisonous.chokes = True
    with caplog.at_level(logging.CRITICAL):
        yield list(Delivery.objects.order_by("received_at"))


def statuses() -> list[str]:
    return list(Delivery.objects.order_by("received_at").values_list("status", flat=True))


def test_poison_fails_alone_and_says_why(three):
    assert jobs.drain() == 3
    assert statuses() == ["processed", "failed", "processed"]
    failed = Delivery.objects.get(status="failed")
    assert (failed.error_code, failed.attempts) == ("internal_error", 1)
    assert failed.error == "ZeroDivisionError: nobody thought of this"
    assert failed.next_attempt_at > timezone.now()


def test_poison_is_tried_ever_later_and_parked_in_the_end(three):
    waits = []
    while Delivery.objects.filter(status=DeliveryStatus.FAILED).exists() or not waits:
        Delivery.objects.filter(status="failed").update(next_attempt_at=timezone.now())
        processing.drain(now=timezone.now())
        failed = Delivery.objects.filter(status="failed").first()
        waits.append(failed.next_attempt_at - timezone.now() if failed else None)
    assert len(waits) == processing.MAX_ATTEMPTS
    assert waits[:-1] == sorted(waits[:-1])
    assert statuses() == ["processed", "parked", "processed"]


def test_once_repaired_the_parked_one_is_replayed(three, poisonous):
    for _ in range(processing.MAX_ATTEMPTS):
        Delivery.objects.filter(status="failed").update(next_attempt_at=timezone.now())
        jobs.drain()
    poisonous.chokes = False
    parked = Delivery.objects.get(status="parked")
    told = replaying.replay(delivery_ids=[parked.pk], actor="staff:eve")
    assert told == {parked.pk: "poison orphan"}
    parked.refresh_from_db()
    assert (parked.status, parked.error, parked.error_code) == ("processed", "", "")


def test_a_process_that_dies_takes_no_other_delivery_along(three):
    """Every attempt on the first ends the process: only the first uses up its attempts."""
    first, _, third = three
    for day in range(processing.MAX_ATTEMPTS):
        Delivery.objects.filter(pk=first.pk).update(next_attempt_at="2020-01-01T00:00:00Z")
        assert processing._claim(timezone.now()) == first.pk, day
    Delivery.objects.filter(pk=first.pk).update(next_attempt_at="2020-01-01T00:00:00Z")
    assert jobs.drain() == 2
    assert statuses() == ["parked", "failed", "processed"]
    assert Delivery.objects.get(pk=first.pk).error_code == "process_died"
    assert Delivery.objects.get(pk=third.pk).attempts == 1


def test_what_does_not_fit_into_the_time_is_left_to_another_drainer(three):
    OrmQ.objects.all().delete()
    assert processing.drain(now=timezone.now(), within_s=0) == 1
    assert statuses() == ["processed", "received", "received"]
    assert OrmQ.objects.count() == 1


def test_without_work_nobody_is_woken(call):
    assert jobs.drain() == 0
    assert not OrmQ.objects.exists()


def test_processing_twice_is_processing_once(three):
    for _ in range(2):
        processing.process(delivery_id=three[0].pk)
    assert DeliveryEffect.objects.count() == 1
