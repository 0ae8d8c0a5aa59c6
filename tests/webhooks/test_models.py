from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from tests.webhooks.conftest import bets_body
from webhooks.models import Delivery, DeliveryEffect
from webhooks.services import replaying

pytestmark = pytest.mark.django_db


@pytest.fixture
def delivery(call_betflex, player) -> Delivery:
    call_betflex("/bets", bets_body((1, 7, "10.00")))
    delivery = Delivery.objects.get()
    replaying.replay(delivery_ids=[delivery.pk], actor="staff:eve")
    return delivery


@contextmanager
def refused():
    with pytest.raises(DatabaseError), transaction.atomic():
        yield


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE webhooks_delivery SET body = ''",
        "UPDATE webhooks_delivery SET headers = '{}'",
        "UPDATE webhooks_delivery SET remote_ip = '192.0.2.9'",
        "UPDATE webhooks_delivery SET received_at = now()",
        "DELETE FROM webhooks_deliveryeffect",
        "UPDATE webhooks_deliveryeffect SET reference = 'other'",
        "UPDATE webhooks_deliveryeffect SET position = 9",
        "DELETE FROM webhooks_replay",
        "UPDATE webhooks_replay SET actor = 'nobody'",
        "TRUNCATE webhooks_replay",
        "TRUNCATE webhooks_deliveryeffect",
        "TRUNCATE webhooks_delivery CASCADE",
    ],
)
def test_what_came_and_what_was_done_is_kept(delivery, statement):
    with refused(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_delivery_is_not_deleted(delivery):
    bare = Delivery.objects.create(
        account=delivery.account,
        route="/x",
        method="POST",
        body=b"",
        received_at=timezone.now(),
        status="refused",
    )
    with refused():
        bare.delete()


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "lost"},
        {"status": "processed", "processed_at": None},
        {"status": "received", "next_attempt_at": None},
        {"status": "failed", "next_attempt_at": None},
    ],
)
def test_a_status_comes_with_what_belongs_to_it(delivery, facts):
    with refused():
        Delivery.objects.filter(pk=delivery.pk).update(**facts)


def test_an_effect_is_one_of_those_we_know(delivery):
    with refused():
        DeliveryEffect.objects.update(effect="magic")
