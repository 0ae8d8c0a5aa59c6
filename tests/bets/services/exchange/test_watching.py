"""Orders follow what the exchange has, and markets are read when they are due."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Event

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bets.models import ExchangeMarket, ExchangeOrder, Flag
from bets.services.exchange import pauses, quiet, watching
from bets.services.exchange.journal import lock_market
from providers.contract import ReadRefused
from tests.factories.exchange import an_offer, placed, the_market

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


# --- following ----------------------------------------------------------------------------------


def test_matched_parts_and_their_odds_come_to_the_timeline(partner, exchange_account, exchange):
    (order,) = placed(partner, exchange_account, an_offer("lay", "3.00", "10.00"))
    exchange.rival("7", "1", "back", "2.80", "4.00")
    look(exchange_account)
    assert story(order) == [("matched", "4.00", "3.00")]
    assert (order.status, order.matched, order.remaining) == ("partly_matched", 4, 6)
    assert (order.average_matched_odds, order.exposure) == (Decimal("3"), Decimal("20"))
    exchange.rival("7", "1", "back", "3.00", "6.00")
    look(exchange_account)
    assert story(order) == [("matched", "4.00", "3.00"), ("matched", "6.00", "3.00")]
    assert (order.status, order.remaining, order.told) == ("matched", 0, 10)


def test_the_average_is_weighted_and_each_odds_is_told(partner, exchange_account, exchange):
    exchange.rival("7", "1", "lay", "2.40", "5.00")
    exchange.rival("7", "1", "lay", "2.10", "15.00")
    (order,) = placed(partner, exchange_account, an_offer("back", "2.00", "20.00"))
    assert order.status == "matched"
    look(exchange_account)
    assert story(order) == [("matched", "15.00", "2.10"), ("matched", "5.00", "2.40")]
    assert order.average_matched_odds == Decimal("2.175")


def test_a_cancellation_at_the_exchange_is_told(partner, exchange_account, exchange):
    exchange.rival("7", "1", "lay", "2.00", "4.00")
    (order,) = placed(partner, exchange_account)
    exchange.end("7")
    look(exchange_account)
    assert story(order) == [("cancelled", "6.00", "0.00"), ("matched", "4.00", "2.00")]
    assert (order.status, order.matched, order.remaining) == ("cancelled", 4, 0)
    assert order.exposure == 4


def test_parts_that_cannot_be_read_are_told_later(partner, exchange_account, exchange):
    (order,) = placed(partner, exchange_account)
    exchange.rival("7", "1", "lay", "2.00", "10.00")
    exchange.instead("matches", ReadRefused("provider_unreachable", "away"))
    look(exchange_account)
    assert (story(order), order.status, order.told) == ([], "matched", 0)
    assert the_market(exchange_account).look_after is not None
    look(exchange_account)
    assert story(order) == [("matched", "10.00", "2.00")]


def test_odds_that_the_exchange_never_says_are_not_awaited_for_ever(
    partner, exchange_account, exchange
):
    (order,) = placed(partner, exchange_account)
    exchange.rival("7", "1", "lay", "2.00", "10.00")
    for after in (0, 5, 11):
        exchange.instead("matches", ReadRefused("provider_refused", "no"))
        look(exchange_account, after=after * MINUTE)
    assert story(order) == [("matched", "10.00", "0.00")]
    exchange.calls.clear()
    look(exchange_account, after=12 * MINUTE)
    assert exchange.calls == {"book": 1}, "no part of it is awaited any more"


def test_a_match_between_the_two_reads_is_not_told_twice(partner, exchange_account, exchange):
    (order,) = placed(partner, exchange_account)
    exchange.rival("7", "1", "lay", "2.00", "3.00")
    exchange.first("matches", lambda: exchange.rival("7", "1", "lay", "2.00", "2.00"))
    look(exchange_account)
    assert story(order) == [("matched", "5.00", "2.00")]
    look(exchange_account)
    assert story(order) == [("matched", "5.00", "2.00")]
    assert order.matched == 5


def test_one_call_reads_all_orders_of_a_market(partner, exchange_account, exchange):
    for _ in range(3):
        placed(partner, exchange_account, an_offer(), an_offer("lay"))
    exchange.calls.clear()
    look(exchange_account)
    assert exchange.calls == {"own_offers": 1}


def test_statements_of_a_look_do_not_grow_with_the_orders(partner, exchange_account, exchange):
    counts = set()
    for orders in (2, 20):
        placed(partner, exchange_account, *(an_offer() for _ in range(orders)))
        exchange.rival("7", "1", "lay", "2.00", f"{orders}.00")
        with CaptureQueriesContext(connection) as taken:
            look(exchange_account)
        counts.add(len(taken))
    assert len(counts) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"side": "lay"},
        {"selection_id": "2"},
        {"parts": [(Decimal(2), Decimal(11))]},
        {"parts": []},
    ],
    ids=["side", "selection", "too much", "less than before"],
)
def test_what_contradicts_an_order_is_flagged_once_and_changes_nothing(
    partner, exchange_account, exchange, change
):
    exchange.rival("7", "1", "lay", "2.00", "4.00")
    (order,) = placed(partner, exchange_account)
    for name, value in change.items():
        setattr(exchange.own()[0], name, value)
    look(exchange_account)
    look(exchange_account)
    order.refresh_from_db()
    assert (order.status, order.matched) == ("partly_matched", 4)
    assert Flag.objects.get().order == order
    assert [kind for kind, *_ in story(order)].count("flagged") == 1


def test_an_order_that_was_matched_and_vanished_is_matched(partner, exchange_account, exchange):
    (order,) = placed(partner, exchange_account)
    exchange.rival("7", "1", "lay", "2.10", "4.00")
    exchange.rival("7", "1", "lay", "2.00", "6.00")
    exchange.instead("own_offers", ())
    look(exchange_account)
    order.refresh_from_db()
    assert (order.status, order.matched, order.remaining) == ("matched", 10, 0)
    assert order.average_matched_odds == 2
    assert [event.amount for event in order.events.filter(kind="matched")] == [10]
    assert not Flag.objects.exists()


def test_a_market_that_cannot_be_read_keeps_its_orders_and_is_flagged_in_the_end(
    partner, exchange_account, exchange
):
    (order,) = placed(partner, exchange_account)
    for after in (0, 10, 16):
        exchange.instead("own_offers", ReadRefused("not_found", "no such market"))
        assert look(exchange_account, after=after * MINUTE).failure == "no such market"
        assert Flag.objects.exists() == (after == 16)
    order.refresh_from_db()
    assert order.status == "open"
    assert Flag.objects.get().reference == "7"
    look(exchange_account, after=17 * MINUTE)
    assert the_market(exchange_account).failing_since is None


# --- the market's end ---------------------------------------------------------------------------


@pytest.fixture
def done(partner, exchange_account, exchange) -> ExchangeOrder:
    """All of it is matched and told: nothing is waited for."""
    exchange.rival("7", "1", "lay", "2.00", "10.00")
    (order,) = placed(partner, exchange_account)
    look(exchange_account)
    exchange.calls.clear()
    return order


@pytest.mark.parametrize("state", ["closed", "gone"])
def test_a_market_with_matched_orders_is_followed_until_it_has_closed(
    exchange_account, exchange, done, state
):
    now, pauses_taken = timezone.now(), []
    for _ in range(10):
        watching.look(market=the_market(exchange_account), now=now)
        market = the_market(exchange_account)
        pauses_taken.append((market.look_after - now) // MINUTE)
        now = market.look_after
    assert pauses_taken == [4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    assert exchange.calls == {"book": 10}, "its offers say nothing new"
    assert market.state == "open"
    exchange.states["7"] = state
    watching.look(market=market, now=now)
    market.refresh_from_db()
    assert (market.state, market.state_since, market.look_after) == (state, now, None)
    assert not Flag.objects.exists()


@pytest.mark.parametrize("days", [1, 3])
def test_a_market_that_is_not_open_for_days_has_ended_whatever_that_is_called(
    exchange_account, exchange, done, days
):
    exchange.states["7"] = "5"
    look(exchange_account)
    look(exchange_account, after=timedelta(days=days))
    market = the_market(exchange_account)
    assert (market.state, market.look_after is None) == ("5", days == 3)


@pytest.mark.parametrize("days", [1, 3])
def test_a_market_that_is_not_shown_for_days_has_ended_as_well(
    exchange_account, exchange, done, days
):
    for after in (0, days):
        exchange.instead("book", ReadRefused("provider_refused", "Mercato non disponibile"))
        look(exchange_account, after=timedelta(days=after))
    assert (the_market(exchange_account).look_after is None) == (days == 3)
    assert not Flag.objects.exists(), "no order waits there"


def test_a_new_order_on_a_market_that_was_gone_is_followed(
    partner, exchange_account, exchange, done
):
    exchange.finish("7")
    look(exchange_account)
    exchange.states["7"] = "open"
    placed(partner, exchange_account)
    look(exchange_account)
    market = the_market(exchange_account)
    assert (market.state, market.state_since) == ("", None)
    assert market.look_after is not None


def test_a_market_on_which_nothing_was_matched_is_not_followed(partner, exchange_account, exchange):
    placed(partner, exchange_account)
    exchange.end("7")
    look(exchange_account)
    assert the_market(exchange_account).look_after is None
    exchange.calls.clear()
    look(exchange_account)
    assert not exchange.calls


# --- when ---------------------------------------------------------------------------------------


def test_a_market_on_which_nothing_changes_is_read_less_and_less(partner, exchange_account):
    placed(partner, exchange_account)
    now, delays = timezone.now(), []
    for _ in range(7):
        watching.look(market=the_market(exchange_account), now=now)
        delays.append((the_market(exchange_account).look_after - now) // SECOND)
    assert delays == [6, 12, 24, 48, 60, 60, 60]


def test_a_change_makes_it_be_read_soon_again(partner, exchange_account, exchange):
    placed(partner, exchange_account)
    ExchangeMarket.objects.update(quiet=5)
    exchange.rival("7", "1", "lay", "2.00", "1.00")
    now = timezone.now()
    watching.look(market=the_market(exchange_account), now=now)
    assert the_market(exchange_account).look_after == now + pauses.FIRST


def test_the_job_reads_what_is_due_and_nothing_else(partner, exchange_account, exchange):
    for market_id in ("7", "8", "9"):
        placed(partner, exchange_account, market_id=market_id)
    ExchangeMarket.objects.filter(market_id="9").update(look_after=timezone.now() + MINUTE)
    exchange.calls.clear()
    assert watching.run(now=timezone.now()) == 2
    assert watching.run(now=timezone.now()) == 0
    assert exchange.calls["own_offers"] == 2


def test_a_market_that_is_being_read_is_put_off(partner, exchange_account, exchange):
    placed(partner, exchange_account)
    exchange.calls.clear()
    with quiet.looking_at(the_market(exchange_account), seconds=10, wait_s=0):
        assert watching.run(now=timezone.now()) == 1
    assert not exchange.calls
    assert watching.run(now=timezone.now() + 5 * SECOND) == 1
    assert exchange.calls["own_offers"] == 1


def test_a_market_that_is_locked_holds_up_nobody(transactional_db, partner, exchange_account):
    for market_id in "78":
        placed(partner, exchange_account, market_id=market_id)
    locked, done = Event(), Event()

    def hold():
        with transaction.atomic():
            lock_market(account_id=exchange_account.pk, market_id="7")
            locked.set()
            done.wait(30)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert locked.wait(30)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        try:
            assert watching.run(now=timezone.now()) == 1
        finally:
            done.set()
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
        holding.result(30)


def test_many_watchers_read_each_market_once(transactional_db, partner, exchange_account, exchange):
    for market_id in "1234567":
        placed(partner, exchange_account, market_id=market_id)
    exchange.calls.clear()
    start = Barrier(4)

    def watch(_):
        start.wait()
        try:
            return watching.run(now=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        looked = list(pool.map(watch, range(4)))
    assert (sum(looked), exchange.calls["own_offers"]) == (7, 7)
