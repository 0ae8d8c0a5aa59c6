"""Messages that nobody knows."""

import pytest
from django.utils import timezone

from bets.models import Flag
from bets.services.coupon.batch import Cause
from bets.services.inbound import questions
from providers.contract import Unfamiliar
from providers.models import SeenDetail
from webhooks.models import Delivery, DeliveryEffect

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_unknown_action_is_acknowledged_and_shown_to_staff_once(tell, pam):
    for _ in range(3):
        assert tell("ticket_update").status_code == 200
    flag = Flag.objects.get()
    assert (flag.kind, flag.reference, flag.detail) == (
        "unfamiliar", "t1", "action ticket_update",
    )  # fmt: skip
    Flag.objects.update(resolved_at=timezone.now())
    tell("ticket_update")
    assert Flag.objects.count() == 1
    assert DeliveryEffect.objects.latest("id").effect == "flagged"
    for action in ("ticket_update", "ticket_update", "jackpot_update"):
        tell(action, "")
    assert Flag.objects.count() == 3
    assert Delivery.objects.latest("id").unknown_fields == ["action=jackpot_update"]


def test_what_the_contract_does_not_know_is_told_to_the_watch(tell, pam, player):
    tell("reserve", player="7", price="1.00", colour="red")
    tell("ticket_update")
    seen = SeenDetail.objects.filter(account=pam).values_list("place", "kind", "name")
    assert sorted(seen) == [("/", "field", "colour"), ("/", "value", "action=ticket_update")]


def test_a_longer_reference_than_is_kept_is_cut_for_the_flag(pam):
    message = Unfamiliar(reference="x" * 300, detail="d")
    cause = Cause(actor="provider:pam", now=timezone.now())
    questions.note_unfamiliar(account=pam, message=message, cause=cause)
    assert Flag.objects.get().reference == "x" * 100
