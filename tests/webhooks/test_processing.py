from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from bets.models import BetItem, Coupon, Flag
from bets.services.coupon import acceptance
from bets.services.coupon import money as postings
from bets.services.coupon.batch import Cause
from providers.contract import Accepted
from providers.models import ProviderAccount
from tests.bets.conftest import money
from tests.webhooks.conftest import head, heads_body
from wallets import services as wallets
from webhooks.models import Delivery, DeliveryEffect, Replay
from webhooks.services import processing, replaying

pytestmark = pytest.mark.django_db


@pytest.fixture
def coupon(betcalc: ProviderAccount, player) -> Coupon:
    return accepted(betcalc, player, "b1")


def accepted(account, player, reference: str, status: str = "accepted") -> Coupon:
    """A coupon of 10.00 whose stake is ours already, or held while it is unknown."""
    now = timezone.now()
    coupon = Coupon.objects.create(
        player=player,
        partner=player.partner,
        account=account,
        origin="placed",
        type="single",
        currency="EUR",
        stake="10.00",
        odds="4.27",
        status="pending" if status == "accepted" else status,
        placed_at=now,
    )
    BetItem.objects.create(
        coupon=coupon, position=0, event_id="1", selection="1", requested_odds="4.27"
    )
    coupon = Coupon.objects.select_related("player", "account").get(pk=coupon.pk)
    wallets.post(transfers=[postings.hold(coupon, actor="partner:acme")])
    if status == "accepted":
        acceptance.accept_now(
            coupon, Accepted(reference=reference), cause=Cause(actor="test", now=now)
        )
    return coupon


def drain(later: timedelta = timedelta(seconds=1)) -> int:
    return processing.drain(now=timezone.now() + later)


def in_threads(count, work):
    barrier = Barrier(count)

    def run():
        barrier.wait()
        try:
            work()
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_drained_result_is_paid(call_betcalc, coupon, player):
    call_betcalc("/api/bet/result", heads_body(head("b1", amount="42.70")))
    assert drain() == 1
    assert money(player) == ("132.70", "0.00", "0.00")
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts) == ("processed", 1)
    assert delivery.effects.get().coupon == coupon


def test_several_heads_are_applied_each_on_its_own(call_betcalc, coupon, player):
    call_betcalc("/api/bet/result", heads_body(head("nobody"), head("b1", amount="42.70")))
    drain()
    effects = DeliveryEffect.objects.values_list("reference", "effect")
    assert set(effects) == {("nobody", "orphan"), ("b1", "applied")}


def test_a_delivery_wakes_one_drainer_until_it_runs(call_betcalc):
    for name in "abc":
        call_betcalc("/api/bet/result", heads_body(head(name)))
    assert OrmQ.objects.count() == 1
    drain()
    call_betcalc("/api/bet/result", heads_body(head("d")))
    assert OrmQ.objects.count() == 2


def test_many_drainers_settle_once(transactional_db, call_betcalc, coupon, player):
    for _ in range(5):
        call_betcalc("/api/bet/result", heads_body(head("b1", amount="42.70")))
    in_threads(6, drain)
    assert money(player) == ("132.70", "0.00", "0.00")
    assert sorted(DeliveryEffect.objects.values_list("effect", flat=True)) == [
        "applied",
        *["repeated"] * 4,
    ]


def test_results_of_one_moment_count_in_the_order_they_arrived(call_betcalc, coupon, player):
    for result in (head("b1", amount="42.70"), head("b1", status=4), head("b1", amount="42.70")):
        call_betcalc("/api/bet/result", heads_body(result))
    first, second, third = Delivery.objects.order_by("received_at")
    for delivery in (third, first, second):
        processing.process(delivery_id=delivery.pk)
    assert money(player) == ("132.70", "0.00", "0.00")


@pytest.fixture
def poison(call_betcalc, coupon, as_superuser) -> Delivery:
    """A delivery that was fine when it came and cannot be read any more."""
    call_betcalc("/api/bet/result", heads_body(head("b1", amount="42.70")))
    delivery = Delivery.objects.get()
    as_superuser("UPDATE webhooks_delivery SET body = %s", [b"{"])
    return delivery


def test_poison_is_parked_and_does_not_block_the_others(poison, call_betcalc, player):
    call_betcalc("/api/bet/result", heads_body(head("b1", amount="42.70")))
    drain()
    poison.refresh_from_db()
    assert (poison.status, poison.error_code) == ("parked", "malformed_json")
    assert money(player) == ("132.70", "0.00", "0.00")


def test_a_crash_counts_as_an_attempt_and_parks_at_last(call_betcalc, coupon):
    call_betcalc("/api/bet/result", heads_body(head("b1")))
    now = timezone.now()
    for days in range(processing.MAX_ATTEMPTS):
        assert processing._claim(now + timedelta(days=days + 1))
    assert drain(timedelta(days=30)) == 0
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts) == ("parked", processing.MAX_ATTEMPTS)
    assert delivery.error


def test_a_claimed_delivery_is_left_alone_and_comes_back_after_a_crash(call_betcalc, coupon):
    call_betcalc("/api/bet/result", heads_body(head("b1", amount=1)))
    now = timezone.now()
    assert processing._claim(now) == Delivery.objects.get().pk
    assert processing._claim(now) is None
    assert drain(timedelta(minutes=5)) == 1
    assert Delivery.objects.get().status == "processed"


def test_replaying_what_was_done_changes_nothing(call_betcalc, coupon, player):
    for result in (head("b1", amount="42.70"), head("b1", status=4)):
        call_betcalc("/api/bet/result", heads_body(result))
    drain()
    ids = list(Delivery.objects.values_list("pk", flat=True))
    replaying.replay(delivery_ids=ids, actor="staff:eve")
    assert money(player) == ("90.00", "0.00", "0.00")
    assert [replay.actor for replay in Replay.objects.all()] == ["staff:eve"] * 2


def test_an_orphan_finds_its_coupon_on_replay(call_betcalc, betcalc, player):
    call_betcalc("/api/bet/result", heads_body(head("b9", amount=20)))
    drain()
    assert Flag.objects.get().kind == "orphan"
    accepted(betcalc, player, "b9")
    told = replaying.replay(delivery_ids=[Delivery.objects.get().pk], actor="staff:eve")
    assert list(told.values()) == ["b9 applied"]
    assert money(player) == ("110.00", "0.00", "0.00")
    assert DeliveryEffect.objects.get().effect == "applied"


def test_concurrent_replays_pay_once(transactional_db, poison, as_superuser, player):
    drain()
    body = b'{"Heads": [{"KeyHead": {"BarCode": "b1"}, "Status": 2, "ExtStatus": 0, '
    as_superuser(
        "UPDATE webhooks_delivery SET body = %s",
        [body + b'"AmountOut": 42.70, "DateReceive": "1"}]}'],
    )
    in_threads(6, lambda: replaying.replay(delivery_ids=[poison.pk], actor="staff:eve"))
    assert money(player) == ("132.70", "0.00", "0.00")
    assert Delivery.objects.get().status == "processed"
    assert Replay.objects.count() == 6


def test_a_refused_delivery_is_not_replayed(call_betcalc):
    call_betcalc("/api/bet/result", b"{")
    told = replaying.replay(delivery_ids=[Delivery.objects.get().pk], actor="staff:eve")
    assert "cannot be replayed" in next(iter(told.values()))


def test_a_rehearsal_tells_what_would_happen_and_does_none_of_it(poison, as_superuser, player):
    body = b'{"Heads": [{"KeyHead": {"BarCode": "b1"}, "Status": 2, "ExtStatus": 0, '
    as_superuser(
        "UPDATE webhooks_delivery SET body = %s",
        [body + b'"AmountOut": 42.70, "DateReceive": "1"}]}'],
    )
    (change,) = replaying.rehearse(delivery_id=poison.pk)
    assert change.outcome.effect == "applied"
    assert (change.before.status, change.after.status) == ("accepted", "settled")
    assert Coupon.objects.get().status == "accepted"
    assert money(player) == ("90.00", "0.00", "0.00")
    assert Delivery.objects.get().status == "received"


def test_staff_match_an_orphan_with_an_unknown_coupon(call_betcalc, betcalc, player):
    coupon = accepted(betcalc, player, "", status="unknown")
    call_betcalc("/api/bet/result", heads_body(head("b9", amount="42.70")))
    drain()
    effect = DeliveryEffect.objects.get()
    replaying.match_orphan(
        effect_id=effect.pk, coupon_id=coupon.pk, actor="staff:eve", now=timezone.now()
    )
    coupon.refresh_from_db()
    assert (coupon.status, coupon.provider_reference) == ("settled", "b9")
    assert money(player) == ("132.70", "0.00", "0.00")
    assert DeliveryEffect.objects.get().coupon == coupon
