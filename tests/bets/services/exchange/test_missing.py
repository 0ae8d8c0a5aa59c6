"""Orders that the exchange does not list any more end, or go to staff; neither for ever."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bets.models import ExchangeOrder, Flag, FlagKind
from bets.services.exchange import cancelling, deciding, pauses, watching
from bets.services.exchange.deciding import NotPossible
from bets.services.exchange.missing import GIVEN_UP_AFTER
from providers.contract import NotSent, ReadRefused
from tests.factories.exchange import an_offer, placed, the_market

pytestmark = pytest.mark.django_db

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def order(partner, exchange_account) -> ExchangeOrder:
    (order,) = placed(partner, exchange_account)
    return order


def look(account, *, after: timedelta = timedelta(0)):
    return watching.look(market=the_market(account), now=timezone.now() + after)


def vanish(exchange, *, for_looks: int = 1):
    """The exchange leaves it out of our offers, and still says what was matched of it."""
    for _ in range(for_looks):
        exchange.instead("own_offers", ())


def story(order: ExchangeOrder) -> list[str]:
    order.refresh_from_db()
    return [event.kind for event in order.events.all()][2:]


# --- what ends by itself ------------------------------------------------------------------------


def test_an_order_that_is_in_no_list_of_a_running_market_is_cancelled_in_the_end(
    exchange_account, exchange, order
):
    exchange.forget("7")
    look(exchange_account)
    look(exchange_account, after=GIVEN_UP_AFTER - SECOND)
    order.refresh_from_db()
    assert (order.status, order.missing_since is None) == ("open", False)
    look(exchange_account, after=GIVEN_UP_AFTER + SECOND)
    assert story(order) == ["cancelled"]
    assert (order.status, order.matched, order.remaining) == ("cancelled", 0, 0)
    assert (order.missing_since, order.exposure) == (None, 0)
    assert not Flag.objects.filter(resolved_at=None).exists()
    assert the_market(exchange_account).look_after is None


def test_what_was_matched_of_it_stands(partner, exchange_account, exchange):
    exchange.rival("7", "1", "lay", "2.10", "4.00")
    (order,) = placed(partner, exchange_account)
    exchange.end("7")
    vanish(exchange, for_looks=2)
    look(exchange_account)
    look(exchange_account, after=GIVEN_UP_AFTER + SECOND)
    assert story(order) == ["matched", "cancelled"]
    assert (order.status, order.matched, order.average_matched_odds) == (
        "cancelled",
        4,
        Decimal("2.1"),
    )


def test_one_whose_cancellation_was_asked_for_ends_after_a_minute(
    exchange_account, exchange, order
):
    cancel = exchange.offers["7"].clear
    exchange.first("own_offers", cancel)
    result = cancelling.cancel_order(order=order, actor="partner:acme", now=timezone.now())
    assert not result.is_certain, "the list may lag"
    look(exchange_account, after=61 * SECOND)
    assert story(order) == ["cancel_asked", "cancelled"]


def test_one_that_is_still_among_the_open_offers_waits(exchange_account, exchange, order):
    vanish(exchange, for_looks=2)
    look(exchange_account)
    look(exchange_account, after=2 * GIVEN_UP_AFTER)
    order.refresh_from_db()
    assert (order.status, order.missing_since) == ("open", None)
    assert exchange.calls["open_offers"] == 2


def test_one_that_is_listed_again_is_followed_on(exchange_account, exchange, order):
    exchange.states["7"] = "closed"
    lying = exchange.offers["7"].copy()
    exchange.forget("7")
    look(exchange_account)
    look(exchange_account, after=GIVEN_UP_AFTER + SECOND)
    assert Flag.objects.get().resolved_at is None
    exchange.offers["7"] = lying
    look(exchange_account, after=20 * MINUTE)
    order.refresh_from_db()
    assert (order.status, order.missing_since) == ("open", None)
    assert Flag.objects.get().resolution == "The exchange lists it again."


@pytest.mark.parametrize("unread", ["matches", "open_offers", "book"])
def test_nothing_ends_while_one_of_the_lists_cannot_be_read(
    exchange_account, exchange, order, unread
):
    exchange.forget("7")
    look(exchange_account)
    exchange.instead(unread, ReadRefused("provider_unreachable", "away"))
    look(exchange_account, after=GIVEN_UP_AFTER + SECOND)
    order.refresh_from_db()
    assert order.status == "open"
    assert Flag.objects.get().order == order
    look(exchange_account, after=GIVEN_UP_AFTER + MINUTE)
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert Flag.objects.get().resolution == "The exchange lists it as open no more."


def test_nothing_ends_where_less_is_matched_than_before(partner, exchange_account, exchange):
    exchange.rival("7", "1", "lay", "2.00", "4.00")
    (order,) = placed(partner, exchange_account)
    exchange.forget("7")
    look(exchange_account)
    look(exchange_account, after=GIVEN_UP_AFTER + SECOND)
    order.refresh_from_db()
    assert (order.status, order.matched) == ("partly_matched", 4)
    assert Flag.objects.get().order == order


# --- what staff decide --------------------------------------------------------------------------


@pytest.fixture
def lost(exchange_account, exchange, order) -> ExchangeOrder:
    """Its market has finished, and with it went whatever was matched there."""
    exchange.finish("7")
    look(exchange_account)
    look(exchange_account, after=GIVEN_UP_AFTER + SECOND)
    order.refresh_from_db()
    return order


def test_an_order_of_a_market_that_is_gone_goes_to_staff(exchange_account, lost):
    flag = Flag.objects.get()
    assert (flag.order, flag.kind) == (lost, FlagKind.ORDER_DIFFERS)
    assert flag.detail.startswith("The exchange does not know market 7 any more since ")
    assert "the account's history there" in flag.detail
    market = the_market(exchange_account)
    assert (market.state, market.failing_since) == ("gone", None)


def test_a_market_that_is_gone_is_read_ever_less_often(exchange_account, exchange, lost):
    now, taken = timezone.now() + 20 * MINUTE, []
    for _ in range(12):
        watching.look(market=the_market(exchange_account), now=now)
        after = the_market(exchange_account).look_after
        taken.append((after - now) // MINUTE)
        now = after
    assert taken[0] <= 3
    assert taken == sorted(taken)
    assert taken[-1] == 6 * 60
    assert Flag.objects.count() == 1


def test_a_flag_that_was_resolved_without_a_decision_comes_back(exchange_account, lost):
    Flag.objects.update(resolved_at=timezone.now())
    look(exchange_account, after=GIVEN_UP_AFTER + MINUTE)
    assert Flag.objects.filter(resolved_at=None).count() == 1


def end(order, matched: str, odds: str | None = None, *, after: timedelta = timedelta(0)):
    return deciding.confirm_ended(
        order_id=order.pk,
        matched=Decimal(matched),
        odds=None if odds is None else Decimal(odds),
        actor="staff:ada",
        reason="The history says so.",
        now=timezone.now() + after,
    )


@pytest.mark.parametrize(
    ("matched", "odds", "status", "events"),
    [
        ("0", None, "cancelled", ["flagged", "cancelled"]),
        ("4.00", "2.10", "cancelled", ["flagged", "matched", "cancelled"]),
        ("10.00", "2.10", "matched", ["flagged", "matched"]),
    ],
)
def test_staff_say_what_became_of_it(exchange_account, lost, matched, odds, status, events):
    end(lost, matched, odds)
    assert story(lost) == events
    assert (lost.status, lost.matched, lost.remaining) == (status, Decimal(matched), 0)
    assert lost.average_matched_odds == (odds and Decimal(odds))
    assert (lost.told, lost.missing_since) == (lost.matched, None)
    assert Flag.objects.get().resolution == "The history says so."
    look(exchange_account, after=GIVEN_UP_AFTER + MINUTE)
    assert the_market(exchange_account).look_after is None


def test_the_average_is_of_all_that_was_matched(partner, exchange_account, exchange):
    exchange.rival("7", "1", "lay", "2.00", "4.00")
    (order,) = placed(partner, exchange_account)
    look(exchange_account)
    exchange.finish("7")
    look(exchange_account)
    end(order, "6.00", "3.50")
    order.refresh_from_db()
    assert order.average_matched_odds == Decimal("2.5")


def test_an_average_that_was_not_known_stays_unknown(partner, exchange_account, exchange):
    exchange.rival("7", "1", "lay", "2.00", "4.00")
    (order,) = placed(partner, exchange_account)
    exchange.finish("7")
    look(exchange_account)
    end(order, "6.00", "3.50")
    order.refresh_from_db()
    assert (order.average_matched_odds, order.told, order.matched) == (None, 2, 6)


@pytest.mark.parametrize(
    ("matched", "odds"), [("-0.01", None), ("10.01", "2.10"), ("4.00", None), ("4.00", "1.00")]
)
def test_what_cannot_be_is_refused(lost, matched, odds):
    with pytest.raises(NotPossible):
        end(lost, matched, odds)
    lost.refresh_from_db()
    assert lost.status == "open"


def test_what_is_matched_cannot_become_less(partner, exchange_account, exchange):
    exchange.rival("7", "1", "lay", "2.00", "4.00")
    (order,) = placed(partner, exchange_account)
    exchange.finish("7")
    look(exchange_account)
    with pytest.raises(NotPossible, match=r"4.00\d* to 10.00"):
        end(order, "3.99")


def test_an_order_that_the_exchange_lists_is_nothing_to_decide(exchange_account, order):
    look(exchange_account)
    with pytest.raises(NotPossible, match="says what becomes of the order"):
        end(order, "0")


def test_an_order_of_a_market_that_cannot_be_read_for_long_may_be_decided(
    exchange_account, exchange, order
):
    exchange.instead("own_offers", ReadRefused("provider_refused", "no"))
    look(exchange_account)
    with pytest.raises(NotPossible, match="asked again first"):
        end(order, "0", after=GIVEN_UP_AFTER - MINUTE)
    order.refresh_from_db()
    assert order.status == "open"
    assert end(order, "0", after=GIVEN_UP_AFTER).status == "cancelled"


def test_orders_of_other_markets_are_nobodys_business(partner, exchange_account, exchange, lost):
    (other,) = placed(partner, exchange_account, an_offer(), market_id="8")
    with pytest.raises(NotPossible):
        end(other, "0")


# --- markets that cannot be read ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "longest"),
    [("provider_refused", timedelta(hours=6)), ("provider_unreachable", 10 * MINUTE)],
)
def test_a_market_that_cannot_be_read_is_asked_for_ever_less_often(
    exchange_account, exchange, order, code, longest
):
    now, taken = timezone.now(), []
    for _ in range(16):
        exchange.instead("own_offers", ReadRefused(code, "no"))
        watching.look(market=the_market(exchange_account), now=now)
        after = the_market(exchange_account).look_after
        taken.append(after - now)
        now = after
    assert taken == sorted(taken)
    assert taken[-1] == longest
    flag = Flag.objects.get()
    look(exchange_account, after=now - timezone.now())
    flag.refresh_from_db()
    assert flag.resolution == "The market can be read again."
    market = the_market(exchange_account)
    assert market.look_after - market.looked_at == pauses.FIRST, "it is read soon again"


def test_a_cancellation_that_was_not_sent_ends_nothing(exchange_account, exchange, order):
    exchange.instead("cancel_offers", NotSent(code="provider_unreachable", message="away"))
    with pytest.raises(cancelling.ExchangeAway):
        cancelling.cancel_order(order=order, actor="partner:acme", now=timezone.now())
    look(exchange_account, after=2 * MINUTE)
    order.refresh_from_db()
    assert order.status == "open"
