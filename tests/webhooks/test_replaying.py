import pytest
from django.utils import timezone

from bets.models import Coupon, Flag, PendingResult, Settlement, TimelineEvent
from bets.services.following_up.resolution import NotPossible
from tests.bets.conftest import money
from tests.webhooks.conftest import bets_body, head, heads_body, winners_body
from tests.webhooks.test_processing import accepted, drain, in_threads
from wallets.models import Transfer
from webhooks import queries
from webhooks.models import Delivery, DeliveryEffect, Replay
from webhooks.services import replaying
from webhooks.services.replaying import NotReplayable

pytestmark = pytest.mark.django_db


def replay(*deliveries: Delivery) -> list[str]:
    ids = [delivery.pk for delivery in deliveries]
    return list(replaying.replay(delivery_ids=ids, actor="staff:eve").values())


def traces() -> list[int]:
    tables = (Coupon, Settlement, TimelineEvent, Flag, PendingResult, Transfer, DeliveryEffect)
    return [table.objects.count() for table in tables]


@pytest.fixture
def mixed(call_betcalc, betcalc, player) -> Delivery:
    """One delivery with a result that was applied, an unclear one and an orphan."""
    accepted(betcalc, player, "b1")
    accepted(betcalc, player, "b2")
    call_betcalc(
        "/api/bet/result",
        heads_body(head("b1", amount="42.70"), head("b2", status=3), head("b3", amount=1)),
    )
    drain()
    assert effects() == ["applied", "flagged", "orphan"]
    return Delivery.objects.get()


def effects() -> list[str]:
    rows = DeliveryEffect.objects.order_by("delivery_id", "position")
    return list(rows.values_list("effect", flat=True))


def test_a_replay_that_finds_all_as_before_leaves_only_its_own_trace(mixed, player):
    before, funds = traces(), money(player)
    for _ in range(2):
        assert replay(mixed) == ["Nothing changed: all of it comes out as before."]
    assert (traces(), money(player)) == (before, funds)
    assert Replay.objects.filter(actor="staff:eve").count() == 2


def test_a_replay_runs_only_what_was_left_open(mixed, betcalc, player):
    betcalc.settings = {"return_statuses": "3"}
    betcalc.save()
    assert replay(mixed) == ["b2 applied"]
    assert effects() == ["applied", "applied", "orphan"]
    assert Coupon.objects.get(provider_reference="b2").result == "refunded"


def test_an_orphan_stays_one_until_its_bet_is_known(mixed, betcalc, player):
    assert [effect.reference for effect in queries.orphans()] == ["b3"]
    accepted(betcalc, player, "b3")
    replay(mixed)
    assert not queries.orphans().exists()
    coupon = Coupon.objects.get(provider_reference="b3")
    assert coupon.status == "settled"
    assert list(queries.deliveries_of_coupon(coupon_id=coupon.pk)) == [mixed]


def test_a_result_that_came_first_is_on_the_coupons_page(call_betcalc, betcalc, player):
    call_betcalc("/api/bet/result", heads_body(head("b9", amount="42.70")))
    drain()
    coupon = accepted(betcalc, player, "b9")
    coupon_effects = queries.effects_of_coupon(coupon_id=coupon.pk)
    assert [effect.reference for effect in coupon_effects] == ["b9"]


def test_an_orphan_of_another_account_is_not_on_the_page(
    call_betcalc, call_betflex, betcalc, player
):
    call_betflex("/winners", winners_body(("b9", "1.00")))
    coupon = accepted(betcalc, player, "b9")
    assert not queries.effects_of_coupon(coupon_id=coupon.pk).exists()


def test_an_old_result_does_not_come_back(call_betflex, player):
    """The first result found no bet; meanwhile the bet came, and another result for it."""
    call_betflex("/winners", winners_body((1, "25.00")))
    orphan = Delivery.objects.get()
    call_betflex("/bets", bets_body((1, 7, "10.00")))
    call_betflex("/winners", winners_body((1, "5.00")))
    assert replay(orphan) == ["1 superseded"]
    assert money(player) == ("95.00", "0.00", "0.00")


def test_a_refused_bet_is_not_taken_by_a_replay(call_betflex, player):
    call_betflex("/bets", bets_body((1, 7, "500.00")))
    before = traces()
    replay(Delivery.objects.get())
    assert traces() == before
    assert money(player) == ("100.00", "0.00", "0.00")


def test_many_replays_at_once_of_an_orphan_pay_once(
    transactional_db, call_betflex, call_betcalc, betcalc, player
):
    call_betcalc("/api/bet/result", heads_body(*(head(f"b{n}", amount=20) for n in range(3))))
    drain()
    for n in range(3):
        accepted(betcalc, player, f"b{n}")
    # These coupons were accepted behind the back of the kept results, which nobody applied.
    delivery = Delivery.objects.get()
    in_threads(8, lambda: replay(delivery))
    assert money(player) == ("130.00", "0.00", "0.00")
    assert Settlement.objects.count() == 3
    assert set(effects()) == {"applied"}
    assert Replay.objects.count() == 8


def test_a_rehearsal_of_what_was_done_shows_nothing(call_betcalc, betcalc, player):
    accepted(betcalc, player, "b1")
    call_betcalc("/api/bet/result", heads_body(head("b1", amount="42.70")))
    drain()
    assert replaying.rehearse(delivery_id=Delivery.objects.get().pk) == []


def test_a_rehearsal_leaves_no_trace(mixed, betcalc, player):
    betcalc.settings = {"return_statuses": "3"}
    betcalc.save()
    before = traces()
    unclear, orphan = replaying.rehearse(delivery_id=mixed.pk)
    assert (unclear.before.status, unclear.after.status) == ("accepted", "settled")
    assert (orphan.outcome.effect, orphan.before, orphan.after) == ("orphan", None, None)
    assert traces() == before
    assert not Replay.objects.exists()


def test_a_refused_delivery_cannot_be_rehearsed(call_betcalc):
    call_betcalc("/api/bet/result", b"{")
    with pytest.raises(NotReplayable):
        replaying.rehearse(delivery_id=Delivery.objects.get().pk)


def match(effect: DeliveryEffect, coupon: Coupon) -> str:
    return replaying.match_orphan(
        effect_id=effect.pk, coupon_id=coupon.pk, actor="staff:eve", now=timezone.now()
    )


def test_only_an_unknown_coupon_of_the_account_can_be_matched(mixed, betflex, betcalc, new_player):
    orphan = queries.orphans().get()
    elsewhere = accepted(betflex, new_player("8"), "", status="unknown")
    with pytest.raises(NotPossible):
        match(orphan, elsewhere)
    with pytest.raises(NotPossible):
        match(orphan, Coupon.objects.get(provider_reference="b1"))
    assert queries.orphans().get() == orphan


def test_an_orphan_is_matched_once(mixed, betcalc, new_player):
    orphan = queries.orphans().get()
    first = accepted(betcalc, new_player("8"), "", status="unknown")
    second = accepted(betcalc, new_player("9"), "", status="unknown")
    match(orphan, first)
    with pytest.raises(DeliveryEffect.DoesNotExist):
        match(orphan, second)
    first.refresh_from_db()
    assert (first.status, first.provider_reference) == ("settled", "b3")


@pytest.fixture
def parked_bets(call_betflex, betflex, player) -> Delivery:
    """A stake that the provider was told is not taken: our code broke."""
    call_betflex("/bets", bets_body(("u1", player.external_id, "10.00")))
    stored = Delivery.objects.get()
    return Delivery.objects.create(
        account=betflex,
        route=stored.route,
        method=stored.method,
        headers=stored.headers,
        body=bytes(stored.body).replace(b"u1", b"u2"),
        status="parked",
        received_at=timezone.now(),
    )


def test_a_stake_is_never_taken_by_a_replay(parked_bets, player):
    before, funds = traces(), money(player)
    (told,) = replay(parked_bets)
    assert "not taken afterwards" in told
    assert (traces(), money(player)) == (before, funds)
    parked_bets.refresh_from_db()
    assert parked_bets.status == "parked"
    assert Replay.objects.get().outcome == told
    with pytest.raises(NotReplayable, match="not taken afterwards"):
        replaying.rehearse(delivery_id=parked_bets.pk)
