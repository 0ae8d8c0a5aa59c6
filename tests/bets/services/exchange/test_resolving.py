"""Orders without an answer: found at the exchange, certainly not there, or decided by staff."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from bets.models import ExchangeBatch, ExchangeOrder, Flag, FlagKind
from bets.services.exchange import deciding, watching
from bets.services.exchange.deciding import NotPossible
from providers import leases
from providers.contract import ReadRefused
from tests.factories.bets import a_partner
from tests.factories.exchange import an_offer, an_order, place, placed, the_market

pytestmark = pytest.mark.django_db

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def look(account, *, after: timedelta = timedelta(0), market_id: str = "7"):
    market = the_market(account, market_id)
    return watching.look(market=market, now=timezone.now() + after)


def story(order: ExchangeOrder) -> list[tuple[str, str, str]]:
    order.refresh_from_db()
    return [
        (event.kind, f"{event.amount or 0:.2f}", f"{event.odds or 0:.2f}")
        for event in order.events.all()
        if event.kind not in ("placed", "accepted", "unknown")
    ]


@pytest.fixture
def lost(partner, exchange_account, exchange):
    """Place an order whose answer is lost."""

    def place_it(*offers, arrives: bool, owner=partner) -> ExchangeOrder:
        exchange.lose("place_offers", arrives=arrives)
        return placed(owner, exchange_account, *offers)[0]

    return place_it


def test_a_lost_order_that_arrived_is_found(lost, exchange_account, exchange):
    exchange.by_hand("7", "1", "back", "2.00", "10.00")
    exchange.rival("7", "1", "lay", "2.00", "13.00")
    order = lost(arrives=True)
    assert order.status == "unknown"
    look(exchange_account)
    assert story(order) == [("resolved", "0.00", "0.00"), ("matched", "3.00", "2.00")]
    assert (order.status, order.provider_reference) == (
        "partly_matched",
        exchange.own()[-1].reference,
    )


def test_a_lost_order_that_did_not_arrive_is_rejected_after_the_grace(lost, exchange_account):
    order = lost(arrives=False)
    look(exchange_account, after=59 * SECOND)
    order.refresh_from_db()
    assert order.status == "unknown"
    look(exchange_account, after=61 * SECOND)
    order.refresh_from_db()
    assert (order.status, order.rejection["code"]) == ("rejected", "not_at_exchange")


def test_it_is_not_rejected_while_the_exchange_does_not_answer(lost, exchange_account, exchange):
    order = lost(arrives=False)
    exchange.instead("own_offers", ReadRefused("provider_unreachable", "away"))
    look(exchange_account, after=61 * SECOND)
    order.refresh_from_db()
    assert order.status == "unknown"
    assert not Flag.objects.exists()


def test_an_offer_that_was_there_before_is_not_the_orders(lost, exchange_account, exchange):
    exchange.by_hand("7", "1", "back", "2.00", "10.00")
    order = lost(arrives=False)
    look(exchange_account, after=61 * SECOND)
    order.refresh_from_db()
    assert order.status == "rejected"


def test_it_is_not_rejected_if_its_match_may_have_taken_it_off_the_list(
    lost, exchange_account, exchange
):
    exchange.rival("7", "1", "lay", "2.00", "10.00")
    order = lost(arrives=True)
    exchange.instead("own_offers", ())
    look(exchange_account, after=61 * SECOND)
    assert_left_to_staff(order, exchange)


@pytest.mark.parametrize("terms", [("2.10", "10.00"), ("2.00", "9.99")], ids=["odds", "stake"])
def test_it_is_not_rejected_beside_a_new_offer_of_other_terms(
    lost, exchange_account, exchange, terms
):
    """The exchange may name better odds than were asked for, or what is left of the stake."""
    order = lost(arrives=False)
    exchange.by_hand("7", "1", "back", *terms)
    look(exchange_account, after=61 * SECOND)
    assert_left_to_staff(order, exchange)


def test_a_flag_leaves_the_queue_when_the_order_turns_out_not_to_be_there(
    lost, exchange_account, exchange
):
    order = lost(arrives=False)
    exchange.by_hand("7", "1", "back", "2.10", "10.00")
    look(exchange_account, after=61 * SECOND)
    exchange.forget("7")
    look(exchange_account, after=70 * SECOND)
    order.refresh_from_db()
    assert order.status == "rejected"
    assert Flag.objects.get().resolved_at


def assert_left_to_staff(order, exchange):
    order.refresh_from_db()
    assert order.status == "unknown"
    flag = Flag.objects.get()
    assert (flag.kind, flag.order) == (FlagKind.UNKNOWN_OVERDUE, order)
    assert exchange.own()[-1].reference in flag.detail


def test_what_is_new_elsewhere_does_not_keep_it(lost, partner, exchange_account, exchange):
    order = lost(arrives=False)
    exchange.by_hand("7", "1", "lay", "2.00", "10.00")
    exchange.by_hand("7", "2", "back", "2.00", "10.00")
    placed(partner, exchange_account, an_offer(odds="3.00"))
    look(exchange_account, after=61 * SECOND)
    order.refresh_from_db()
    assert (order.status, order.rejection["code"]) == ("rejected", "not_at_exchange")


def test_it_is_not_rejected_while_the_matched_parts_are_unread(lost, exchange_account, exchange):
    order = lost(arrives=False)
    exchange.instead("matches", ReadRefused("provider_unreachable", "away"))
    look(exchange_account, after=61 * SECOND)
    order.refresh_from_db()
    assert order.status == "unknown"
    look(exchange_account, after=70 * SECOND)
    order.refresh_from_db()
    assert order.status == "rejected"


def test_an_offer_that_comes_up_after_all_is_flagged(lost, exchange_account, exchange):
    order = lost(arrives=False)
    look(exchange_account, after=61 * SECOND)
    exchange.by_hand("7", "1", "back", "2.00", "10.00")
    look(exchange_account, after=2 * MINUTE)
    order.refresh_from_db()
    assert (order.status, Flag.objects.get().kind) == ("rejected", FlagKind.LATE_ACCEPTANCE)
    look(exchange_account, after=12 * MINUTE)
    assert the_market(exchange_account).look_after is None


def test_two_lost_batches_do_not_share_an_offer(lost, partner, exchange_account, exchange):
    one, two = lost(arrives=True), lost(arrives=True)
    look(exchange_account)
    for order in (one, two):
        order.refresh_from_db()
    assert [one.provider_reference, two.provider_reference] == [
        lying.reference for lying in exchange.own()
    ]


def test_what_could_be_either_partners_stays_unknown_and_goes_to_staff(
    lost, exchange_account, exchange
):
    """The first arrives so late that the second's snapshot did not hold it."""
    other = a_partner()
    exchange_account.access.create(partner=other)
    one, two = lost(arrives=False), lost(arrives=False, owner=other)
    exchange.by_hand("7", "1", "back", "2.00", "10.00")
    look(exchange_account, after=2 * MINUTE)
    for order in (one, two):
        order.refresh_from_db()
        assert order.status == "unknown"
    assert set(Flag.objects.values_list("order_id", "kind")) == {
        (one.pk, FlagKind.UNKNOWN_OVERDUE),
        (two.pk, FlagKind.UNKNOWN_OVERDUE),
    }


def test_an_offer_that_may_be_of_one_in_flight_is_not_given_to_another(
    lost, partner, exchange_account, exchange
):
    """Its lease has run out, and its process may yet come back with the answer."""
    one = lost(arrives=False)
    an_order(partner, exchange_account, status="pending", resolve_after=timezone.now() + 9 * MINUTE)
    ExchangeBatch.objects.filter(sent_at=None).update(offers_before=[], sent_at=timezone.now())
    exchange.by_hand("7", "1", "back", "2.00", "10.00")
    look(exchange_account, after=2 * MINUTE)
    one.refresh_from_db()
    assert one.status == "unknown"


def test_nothing_is_resolved_while_somebody_places(lost, exchange_account, exchange):
    order = lost(arrives=False)
    name = f"exchange:{exchange_account.pk}:7"
    leases.take(name=name, owner="placing", seconds=60)
    exchange.by_hand("7", "1", "back", "2.00", "10.00")
    look(exchange_account, after=61 * SECOND)
    order.refresh_from_db()
    assert order.status == "unknown"
    leases.release(name=name, owner="placing")
    look(exchange_account)
    order.refresh_from_db()
    assert order.status == "open"


def test_lookers_in_parallel_give_an_offer_to_one_order(
    transactional_db, lost, exchange_account, exchange
):
    one, two = lost(arrives=True), lost(arrives=True)
    start = Barrier(4)

    def resolve(_):
        start.wait()
        try:
            watching.look(market=the_market(exchange_account), now=timezone.now(), wait_s=10)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(resolve, range(4)))
    references = {order.provider_reference for order in ExchangeOrder.objects.filter(status="open")}
    assert references == {lying.reference for lying in exchange.own()}
    assert [kind for order in (one, two) for kind, *_ in story(order)] == ["resolved"] * 2


def test_a_process_that_died_during_the_call_leaves_an_unknown_order(
    partner, exchange_account, exchange
):
    order = an_order(partner, exchange_account, status="pending", resolve_after=timezone.now())
    ExchangeBatch.objects.update(offers_before=[], sent_at=timezone.now())
    exchange.by_hand("7", "1", "back", "2.00", "10.00")
    look(exchange_account, after=SECOND)
    order.refresh_from_db()
    assert (order.status, order.provider_reference) == ("open", exchange.own()[0].reference)


def test_a_process_that_died_before_the_call_has_sent_nothing(partner, exchange_account, exchange):
    order = an_order(partner, exchange_account, status="pending", resolve_after=timezone.now())
    look(exchange_account, after=SECOND)
    order.refresh_from_db()
    assert (order.status, order.rejection["code"]) == ("rejected", "not_sent")
    assert not exchange.calls


def test_a_pending_order_is_left_alone_until_its_time(partner, exchange_account):
    later = timezone.now() + MINUTE
    order = an_order(partner, exchange_account, status="pending", resolve_after=later)
    look(exchange_account)
    order.refresh_from_db()
    assert order.status == "pending"


def test_an_order_that_stays_unknown_goes_to_staff(lost, exchange_account, exchange):
    order = lost(arrives=False)
    for after in (1, 16):
        exchange.instead("own_offers", ReadRefused("provider_unreachable", "away"))
        look(exchange_account, after=after * MINUTE)
    exchange.instead("own_offers", ReadRefused("provider_unreachable", "away"))
    look(exchange_account, after=32 * MINUTE)
    assert Flag.objects.get(order=order).kind == FlagKind.UNKNOWN_OVERDUE


# --- by hand ------------------------------------------------------------------------------------


def test_staff_find_an_order_at_the_exchange(lost, exchange_account, exchange):
    order = lost(arrives=True)
    reference = exchange.own()[0].reference
    deciding.confirm_at_exchange(
        order_id=order.pk,
        reference=reference,
        actor="staff:ann",
        reason="Seen on their site",
        now=timezone.now(),
    )
    exchange.rival("7", "1", "lay", "2.00", "10.00")
    assert watching.run(now=timezone.now()) == 1
    order.refresh_from_db()
    assert (order.status, order.provider_reference) == ("matched", reference)


def test_a_reference_that_is_taken_is_refused(lost, partner, exchange_account):
    other = an_order(partner, exchange_account)
    with pytest.raises(NotPossible, match="Another order has"):
        deciding.confirm_at_exchange(
            order_id=lost(arrives=False).pk,
            reference=other.provider_reference,
            actor="staff:ann",
            reason="x",
            now=timezone.now(),
        )


def test_staff_know_that_an_order_is_not_there(lost):
    order = deciding.confirm_not_at_exchange(
        order_id=lost(arrives=False).pk, actor="staff:ann", reason="No", now=timezone.now()
    )
    assert (order.status, order.rejection["message"]) == ("rejected", "No")
    with pytest.raises(NotPossible, match="rejected, not unknown"):
        deciding.confirm_not_at_exchange(
            order_id=order.pk, actor="staff:ann", reason="No", now=timezone.now()
        )


def test_finding_an_order_takes_it_out_of_the_queue(lost, exchange_account, exchange):
    one = lost(arrives=True)
    extra = exchange.by_hand("7", "1", "back", "2.00", "10.00")
    look(exchange_account)
    assert Flag.objects.get(resolved_at=None).order == one
    exchange.offers["7"] = [each for each in exchange.own() if each.reference != extra]
    look(exchange_account)
    assert not Flag.objects.filter(resolved_at=None).exists()


def test_placing_again_while_an_order_is_unknown_keeps_them_apart(
    lost, partner, exchange_account, exchange
):
    order = lost(arrives=True)
    assert place(partner, exchange_account, an_offer()).status == 201
    look(exchange_account)
    order.refresh_from_db()
    assert order.provider_reference == exchange.own()[0].reference
