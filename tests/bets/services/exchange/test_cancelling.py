"""Cancelling orders at an exchange."""

import pytest
from django.utils import timezone

from bets.models import ExchangeOrder
from bets.services.exchange import cancelling, watching
from bets.services.exchange.cancelling import CancelRefused, ExchangeAway, NotCancellable
from providers.contract import NotSent, ReadRefused, Rejected
from tests.factories.bets import a_partner
from tests.factories.exchange import an_offer, an_order, placed, the_market

pytestmark = pytest.mark.django_db


def cancel(order: ExchangeOrder):
    return cancelling.cancel_order(order=order, actor="partner:acme", now=timezone.now())


def story(order: ExchangeOrder) -> list[str]:
    return [event.kind for event in order.events.all()][2:]


@pytest.fixture
def order(partner, exchange_account, exchange):
    return placed(partner, exchange_account)[0]


def test_an_order_is_cancelled_and_what_was_matched_stands(order, exchange):
    exchange.first("cancel_offers", lambda: exchange.rival("7", "1", "lay", "2.00", "4.00"))
    result = cancel(order)
    order.refresh_from_db()
    assert result.is_certain
    assert result.orders == (order,)
    assert (order.status, order.matched, order.remaining) == ("cancelled", 4, 0)
    assert story(order) == ["cancel_asked", "cancelled", "matched"]


def test_cancelling_again_asks_nobody(order, exchange):
    cancel(order)
    order.refresh_from_db()
    exchange.calls.clear()
    assert cancel(order).is_certain
    assert not exchange.calls


@pytest.mark.parametrize("arrives", [True, False])
def test_without_an_answer_what_the_exchange_has_decides(order, exchange, arrives):
    exchange.lose("cancel_offers", arrives=arrives)
    assert cancel(order).is_certain == arrives
    order.refresh_from_db()
    assert order.status == ("cancelled" if arrives else "open")


def test_without_any_answer_the_order_stays_and_is_read_soon(order, exchange, exchange_account):
    exchange.lose("cancel_offers", arrives=True)
    exchange.instead("own_offers", ReadRefused("provider_unreachable", "away"))
    result = cancel(order)
    assert not result.is_certain
    order.refresh_from_db()
    assert order.status == "open"
    later = the_market(exchange_account).look_after
    assert watching.run(now=later) == 1
    order.refresh_from_db()
    assert order.status == "cancelled"


def test_an_order_that_was_matched_meanwhile_is_not_cancelled(order, exchange):
    exchange.first("cancel_offers", lambda: exchange.rival("7", "1", "lay", "2.00", "10.00"))
    with pytest.raises(NotCancellable) as raised:
        cancel(order)
    assert raised.value.status == "matched"


@pytest.mark.parametrize("status", ["pending", "unknown", "matched", "rejected"])
def test_only_what_waits_can_be_cancelled(partner, exchange_account, exchange, status):
    with pytest.raises(NotCancellable):
        cancel(an_order(partner, exchange_account, status=status))
    assert not exchange.calls


def test_a_refusal_is_told(order, exchange):
    exchange.instead("cancel_offers", Rejected(code="x", message="The market is suspended."))
    with pytest.raises(CancelRefused, match="suspended"):
        cancel(order)
    assert story(order) == ["cancel_asked", "cancel_refused"]


def test_what_was_not_sent_has_cancelled_nothing(order, exchange):
    exchange.instead("cancel_offers", NotSent(code="provider_unreachable", message="away"))
    with pytest.raises(ExchangeAway):
        cancel(order)
    order.refresh_from_db()
    assert order.status == "open"


def test_an_account_that_is_switched_off_can_still_cancel(order, exchange_account):
    exchange_account.is_active = False
    exchange_account.save()
    order.refresh_from_db()
    assert cancel(order).is_certain


def test_a_market_is_cancelled_for_one_partner_only(partner, exchange_account, exchange):
    other = a_partner()
    exchange_account.access.create(partner=other)
    mine = placed(partner, exchange_account, an_offer(), an_offer("lay"))
    elsewhere = placed(partner, exchange_account, market_id="8")
    theirs = placed(other, exchange_account)
    by_hand = exchange.by_hand("7", "1", "back", "5.00", "1.00")
    result = cancelling.cancel_market(
        partner=partner,
        account=exchange_account,
        market_id="7",
        actor="partner:acme",
        now=timezone.now(),
    )
    assert [order.pk for order in result.orders] == [order.pk for order in mine]
    assert {order.status for order in result.orders} == {"cancelled"}
    for order in (*elsewhere, *theirs):
        order.refresh_from_db()
        assert order.status == "open"
    assert [each.left for each in exchange.own() if each.reference == by_hand] == [1]
    assert exchange.calls["cancel_offers"] == 1


@pytest.mark.parametrize("arrives", [True, False])
def test_a_market_is_not_certainly_cancelled_while_an_order_has_no_answer(
    partner, exchange_account, exchange, arrives
):
    exchange.lose("place_offers", arrives=arrives)
    (lost,) = placed(partner, exchange_account)
    result = cancelling.cancel_market(
        partner=partner, account=exchange_account, market_id="7", actor="x", now=timezone.now()
    )
    (order,) = result.orders
    assert (order.pk, order.status) == (lost.pk, "open" if arrives else "unknown")
    assert not result.is_certain
    assert not exchange.calls["cancel_offers"]


def test_a_market_without_orders_is_cancelled_without_a_call(partner, exchange_account, exchange):
    result = cancelling.cancel_market(
        partner=partner, account=exchange_account, market_id="7", actor="x", now=timezone.now()
    )
    assert (result.orders, result.is_certain) == ((), True)
    assert not exchange.calls


def test_staff_cancel_everything_of_an_account_on_a_market(partner, exchange_account, exchange):
    order = placed(partner, exchange_account)[0]
    exchange.by_hand("7", "1", "back", "5.00", "1.00")
    cancelling.cancel_everything(
        market=the_market(exchange_account),
        actor="staff:ann",
        reason="The feed is wrong",
        now=timezone.now(),
    )
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert {each.left for each in exchange.own()} == {0}
    asked = order.events.get(kind="cancel_asked")
    assert (asked.actor, asked.reason) == ("staff:ann", "The feed is wrong")
