"""Batches on several markets of an account share its free balance."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Event

import pytest
from django.db import connection, transaction
from django.utils import timezone

from bets.models import ExchangeBatch, ExchangeOrder
from bets.services.exchange.resolving import UNSEEN_GRACE
from providers.contract import Unknown
from providers.models import ProviderAccount
from tests.factories.exchange import an_offer, an_order, place, placed

pytestmark = pytest.mark.django_db


def together(*deeds):
    """Do all at one moment, each on a connection of its own."""
    start = Barrier(len(deeds))

    def run(deed):
        start.wait(30)
        try:
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def spends(exchange, amount: str):
    """The exchange takes as much of the free balance for each batch that it places."""

    def spend(act):
        answer = act()
        with exchange.lock:
            exchange.free -= Decimal(amount)
        return answer

    exchange.faults["place_offers"].extend([spend] * 10)


def outcomes() -> dict[str, int]:
    statuses = list(ExchangeOrder.objects.values_list("status", flat=True))
    return {status: statuses.count(status) for status in set(statuses)}


def test_batches_of_one_moment_never_ask_for_more_than_there_is(
    transactional_db, partner, exchange_account, exchange
):
    exchange.free = Decimal("25.00")
    spends(exchange, "10.00")
    # All have read the balance before any of them places.
    read = Barrier(6)
    for _ in range(6):
        exchange.first("funds", lambda: read.wait(30))

    def order(market: int):
        return lambda: place(partner, exchange_account, market_id=str(market))

    together(*(order(market) for market in range(6)))
    assert exchange.calls["place_offers"] == 2
    assert (outcomes(), exchange.free) == ({"open": 2, "rejected": 4}, Decimal("5.00"))


def test_who_comes_later_waits_for_those_before_and_then_has_what_they_left(
    transactional_db, partner, exchange_account, exchange
):
    exchange.free = Decimal("15.00")
    placing, judged = Event(), Event()
    exchange.first("place_offers", lambda: (placing.set(), judged.wait(30)))
    exchange.first("funds", bool)
    exchange.first("funds", judged.set)

    def second():
        assert placing.wait(30)
        return place(partner, exchange_account, market_id="8")

    together(lambda: place(partner, exchange_account, market_id="7"), second)
    assert outcomes() == {"open": 2}, "the fake keeps its balance as it is"
    assert exchange.calls["funds"] == 3


def test_what_one_batch_may_cost_alone_is_refused_at_once(partner, exchange_account, exchange):
    exchange.free = Decimal("9.99")
    waiting(partner, exchange_account, "pending")
    (order,) = placed(partner, exchange_account)
    message = "The account's free balance does not cover the liability."
    assert order.rejection == {
        "code": "insufficient_funds",
        "message": message,
        "provider_code": "",
    }
    assert exchange.calls["funds"] == 1


def waiting(partner, account, status: str, *, ago: timedelta = timedelta(0), **terms):
    """Another batch, on another market, that was judged and has no clear answer."""
    now = timezone.now()
    order = an_order(
        partner,
        account,
        status=status,
        market_id="9",
        changed_at=now - ago,
        resolve_after=now + timedelta(seconds=30),
        **terms,
    )
    ExchangeBatch.objects.filter(pk=order.batch_id).update(judged_at=now)
    return order


@pytest.mark.parametrize(
    ("free", "ago", "status"),
    [
        ("43.99", timedelta(0), "rejected"),
        ("44.00", timedelta(0), "open"),
        ("43.99", UNSEEN_GRACE, "open"),
    ],
    ids=["too little", "enough for both", "the balance shows it by now"],
)
def test_an_order_without_an_answer_is_left_what_it_may_cost_for_a_while(
    partner, exchange_account, exchange, free, ago, status
):
    exchange.free = Decimal(free)
    waiting(partner, exchange_account, "unknown", ago=ago, side="lay", odds="4.40", stake="10.00")
    (order,) = placed(partner, exchange_account)
    assert order.status == status
    assert exchange.calls["funds"] == 1, "nobody waits for what may take a minute"


def test_other_accounts_and_batches_that_are_not_judged_yet_count_for_nothing(
    partner, exchange_account, exchange
):
    exchange.free = Decimal("10.00")
    other = waiting(partner, exchange_account, "pending")
    ExchangeBatch.objects.filter(pk=other.batch_id).update(judged_at=None)
    (order,) = placed(partner, exchange_account)
    assert order.status == "open"


def test_a_lost_answer_is_counted_by_whoever_comes_next(partner, exchange_account, exchange):
    exchange.free = Decimal("15.00")
    exchange.instead("place_offers", Unknown(reason="no whole answer in time"))
    (lost,) = placed(partner, exchange_account)
    (order,) = placed(partner, exchange_account, market_id="8")
    assert (lost.status, order.status) == ("unknown", "rejected")
    (small,) = placed(partner, exchange_account, an_offer(stake="5.00"), market_id="8")
    assert small.status == "open"


def test_a_judgement_waits_for_the_one_that_has_begun(
    transactional_db, partner, exchange_account, exchange
):
    exchange.free = Decimal("15.00")
    other = waiting(partner, exchange_account, "unknown")
    ExchangeBatch.objects.filter(pk=other.batch_id).update(judged_at=None)
    begun, done = Event(), Event()

    def begin():
        with transaction.atomic():
            ProviderAccount.objects.select_for_update(no_key=True).get(pk=exchange_account.pk)
            ExchangeBatch.objects.filter(pk=other.batch_id).update(judged_at=timezone.now())
            begun.set()
            done.wait(1)

    def follow():
        assert begun.wait(30)
        place(partner, exchange_account, market_id="8")
        done.set()

    together(begin, follow)
    assert outcomes() == {"unknown": 1, "rejected": 1}
