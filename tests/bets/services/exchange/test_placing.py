"""Placing orders at an exchange."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from bets.models import ExchangeBatch, ExchangeMarket, ExchangeOrder, Flag
from bets.services.exchange.accounts import AccountNotFound, NotAnExchange
from bets.services.exchange.journal import lock_market
from bets.services.exchange.placing import KeyReused, PlacementInProgress
from providers import leases
from providers.contract import NotSent, Placed, PlacedOffer, ReadRefused, Rejected, Unknown
from tests.factories.bets import a_partner
from tests.factories.exchange import an_offer, an_order, place, placed, the_market

pytestmark = pytest.mark.django_db


def story(order: ExchangeOrder) -> list[str]:
    return [event.kind for event in order.events.all()]


def code(order: ExchangeOrder) -> str:
    assert order.status == "rejected"
    return order.rejection["code"]


def test_an_order_waits_at_the_exchange(partner, exchange_account, exchange):
    (order,) = placed(partner, exchange_account, an_offer("lay", "1.76", "115.00"))
    assert (order.status, order.provider_reference) == ("open", exchange.own()[0].reference)
    assert (order.matched, order.remaining) == (Decimal(0), Decimal("115.00"))
    assert (order.liability, order.exposure) == (Decimal("87.4"), Decimal("87.4"))
    assert order.currency == "EUR"
    assert story(order) == ["placed", "accepted"]
    assert the_market(exchange_account).look_after is not None


def test_an_order_that_meets_an_offer_is_matched_in_part(partner, exchange_account, exchange):
    exchange.rival("7", "1", "lay", "2.10", "4.00")
    one, two = placed(partner, exchange_account, an_offer(), an_offer(odds="2.20"))
    assert (one.status, one.matched, one.remaining) == ("partly_matched", 4, 6)
    assert (two.status, two.matched) == ("open", 0)


def test_the_snapshot_is_committed_before_the_call(
    transactional_db, partner, exchange_account, exchange
):
    known = exchange.by_hand("7", "1", "back", "3.00", "5.00")
    seen = []

    def look():
        batch = ExchangeBatch.objects.get()
        seen.append((connection.in_atomic_block, batch.offers_before, batch.sent_at is not None))

    exchange.first("place_offers", look)
    placed(partner, exchange_account)
    assert seen == [(False, [known], True)]


def test_the_same_key_gets_the_same_reply_and_places_once(partner, exchange_account, exchange):
    first = place(partner, exchange_account, key="k")
    assert place(partner, exchange_account, key="k") == first
    assert first.status == 201
    assert exchange.calls["place_offers"] == 1


def test_the_same_key_with_another_body_is_refused(partner, exchange_account):
    place(partner, exchange_account, key="k")
    with pytest.raises(KeyReused):
        place(partner, exchange_account, key="k", digest="other")


def test_another_partner_may_use_the_same_key(partner, exchange_account, exchange):
    other = a_partner()
    exchange_account.access.create(partner=other)
    place(partner, exchange_account, key="k")
    place(other, exchange_account, key="k")
    assert len(exchange.own()) == 2


def test_an_account_of_others_and_one_that_is_no_exchange(partner, exchange_account, account):
    with pytest.raises(AccountNotFound):
        place(a_partner(), exchange_account)
    with pytest.raises(NotAnExchange):
        place(partner, account)
    assert not ExchangeBatch.objects.exists()


@pytest.mark.parametrize(
    ("arrange", "expected"),
    [
        (lambda fake: setattr(fake, "refuses", Rejected(code="odds_off_ticks", message="x")),
         "odds_off_ticks"),
        (lambda fake: setattr(fake, "free", Decimal("9.99")), "insufficient_funds"),
        (lambda fake: fake.instead("funds", ReadRefused("provider_unreachable", "10.0.0.1")),
         "provider_unreachable"),
        (lambda fake: fake.instead("own_offers", ReadRefused("provider_unreachable", "10.0.0.1")),
         "provider_unreachable"),
        (lambda fake: fake.instead("own_offers", ZeroDivisionError()), "internal_error"),
    ],
    ids=["terms", "funds", "funds unread", "offers unread", "our fault"],
)  # fmt: skip
def test_what_is_refused_before_the_call_places_nothing(
    partner, exchange_account, exchange, arrange, expected
):
    arrange(exchange)
    (order,) = placed(partner, exchange_account)
    assert code(order) == expected
    assert "10.0.0.1" not in str(order.rejection)
    assert exchange.calls["place_offers"] == 0
    assert story(order) == ["placed", "rejected"]


def test_a_market_that_the_exchange_does_not_know_leaves_no_market(
    partner, exchange_account, exchange
):
    exchange.instead("book", ReadRefused("market_not_found", "no such market"))
    (order,) = placed(partner, exchange_account, an_offer(), market_id="1", version=1)
    assert code(order) == "market_not_found"
    assert order.rejection["message"] == "The exchange does not know market 1."
    assert not ExchangeMarket.objects.exists()


def test_a_market_on_which_orders_are_is_kept_whatever_the_exchange_says(
    partner, exchange_account, exchange
):
    placed(partner, exchange_account)
    exchange.instead("own_offers", ReadRefused("market_not_found", "no such market"))
    (order,) = placed(partner, exchange_account)
    assert code(order) == "market_not_found"
    assert ExchangeMarket.objects.count() == 1


def test_an_exchange_that_refused_to_be_asked_is_not_called_away(
    partner, exchange_account, exchange
):
    exchange.instead("own_offers", ReadRefused("provider_refused", "The exchange refused: “No”."))
    (order,) = placed(partner, exchange_account)
    assert code(order) == "provider_refused"
    assert order.rejection["message"] == "The exchange refused: “No”. Nothing was sent."


def test_the_liability_of_all_offers_together_must_be_covered(partner, exchange_account, exchange):
    exchange.free = Decimal("35.00")
    lays = an_offer("lay", "3.00", "10.00"), an_offer("lay", "2.60", "10.00")
    assert [code(order) for order in placed(partner, exchange_account, *lays)] == [
        "insufficient_funds",
        "insufficient_funds",
    ]
    exchange.free = Decimal("36.00")
    assert [order.status for order in placed(partner, exchange_account, *lays)] == ["open"] * 2


def test_each_liability_counts_with_whole_cents(partner, exchange_account, exchange):
    """0.3333 is 0.34 to an exchange that counts in cents, three times over."""
    lays = [an_offer("lay", "1.33", "1.01")] * 3
    exchange.free = Decimal("1.01")
    assert {code(order) for order in placed(partner, exchange_account, *lays)} == {
        "insufficient_funds"
    }
    exchange.free = Decimal("1.02")
    assert {order.status for order in placed(partner, exchange_account, *lays)} == {"open"}


@pytest.mark.parametrize(("version", "status"), [(0, "open"), (3, "open"), (2, "rejected")])
def test_a_stale_market_version_is_refused(partner, exchange_account, exchange, version, status):
    exchange.versions["7"] = 3
    (order,) = placed(partner, exchange_account, version=version)
    assert order.status == status
    assert exchange.calls["place_offers"] == (status == "open")


def test_a_version_that_changes_meanwhile_is_refused_by_the_exchange(
    partner, exchange_account, exchange
):
    exchange.first("funds", lambda: exchange.versions.update({"7": 2}))
    (order,) = placed(partner, exchange_account, version=1)
    assert code(order) == "market_version_stale"
    assert exchange.calls["place_offers"] == 1


def test_an_account_that_is_switched_off_places_nothing(partner, exchange_account, exchange):
    exchange_account.is_active = False
    exchange_account.save()
    (order,) = placed(partner, exchange_account)
    assert code(order) == "account_inactive"
    assert not exchange.calls


@pytest.mark.parametrize(
    "answer",
    [
        Rejected(code="provider_refused", message="no", provider_code="12"),
        NotSent(code="provider_unreachable", message="away"),
    ],
    ids=["rejected", "not sent"],
)
def test_a_no_rejects_all_of_the_batch(partner, exchange_account, exchange, answer):
    exchange.instead("place_offers", answer)
    orders = placed(partner, exchange_account, an_offer(), an_offer("lay"))
    assert [code(order) for order in orders] == [answer.code] * 2
    assert {order.exposure for order in orders} == {Decimal(0)}


@pytest.mark.parametrize(
    "answer",
    [
        Unknown(reason="late"),
        RuntimeError("a fault of ours"),
        Placed(offers=()),
        Placed(offers=(PlacedOffer(reference="", matched=Decimal(0)),)),
        Placed(offers=(PlacedOffer(reference="B", matched=Decimal("10.01")),)),
        Placed(offers=(PlacedOffer(reference="B", matched=Decimal(-1)),)),
    ],
    ids=["no answer", "fault", "too few", "unnamed", "too much", "negative"],
)
def test_what_is_no_clear_answer_is_unknown(partner, exchange_account, exchange, answer):
    exchange.instead("place_offers", answer)
    reply = place(partner, exchange_account, key="k")
    order = ExchangeOrder.objects.get()
    assert (reply.status, order.status, order.provider_reference) == (202, "unknown", None)
    assert story(order) == ["placed", "unknown"]


def test_a_reference_that_another_order_has_is_not_taken(partner, exchange_account, exchange):
    other = an_order(partner, exchange_account)
    taken = PlacedOffer(reference=other.provider_reference, matched=Decimal(0))
    exchange.instead("place_offers", Placed(offers=(taken,)))
    (order,) = placed(partner, exchange_account)
    assert order.status == "unknown"


def test_a_yes_for_an_order_that_was_found_meanwhile_says_nothing_new(
    partner, exchange_account, exchange
):
    def found_first(act):
        answer = act()
        reference = answer.offers[0].reference
        ExchangeOrder.objects.update(status="open", provider_reference=reference)
        return answer

    exchange.faults["place_offers"].append(found_first)
    (order,) = placed(partner, exchange_account)
    assert (order.status, story(order)) == ("open", ["placed"])
    assert not Flag.objects.exists()


def test_a_late_yes_for_an_order_that_was_given_up_is_flagged(partner, exchange_account, exchange):
    exchange.first(
        "place_offers",
        lambda: ExchangeOrder.objects.update(
            status="rejected", remaining=0, rejection={"code": "x"}
        ),
    )
    (order,) = placed(partner, exchange_account)
    assert order.status == "rejected"
    assert Flag.objects.get().order == order


def test_a_market_on_which_somebody_places_for_too_long_is_busy(
    partner, exchange_account, exchange, settings
):
    settings.PLACEMENT_DEADLINE_S = 1
    leases.take(name=f"exchange:{exchange_account.pk}:7", owner="x", seconds=60)
    (order,) = placed(partner, exchange_account)
    assert code(order) == "market_busy"
    assert not exchange.calls


def test_without_time_left_nothing_is_sent(partner, exchange_account, exchange, settings):
    settings.PLACEMENT_DEADLINE_S = 1
    (order,) = placed(partner, exchange_account)
    assert code(order) == "too_slow"
    assert exchange.calls["place_offers"] == 0


def test_a_process_that_slept_does_not_send_what_was_given_up(partner, exchange_account, exchange):
    exchange.first(
        "own_offers",
        lambda: ExchangeOrder.objects.update(
            status="rejected", remaining=0, rejection={"code": "not_sent"}
        ),
    )
    (order,) = placed(partner, exchange_account)
    assert code(order) == "not_sent"
    assert exchange.calls["place_offers"] == 0


def test_the_second_with_a_key_that_is_being_placed_is_told_so(
    transactional_db, partner, exchange_account, exchange
):
    told = []

    def again():
        with pytest.raises(PlacementInProgress) as raised:
            place(partner, exchange_account, key="k")
        told.append(raised.value)

    exchange.first("place_offers", again)
    assert place(partner, exchange_account, key="k").status == 201
    assert len(told) == 1


def in_threads(count, work):
    start = Barrier(count)

    def run(number):
        start.wait()
        try:
            return work(number)
        except PlacementInProgress:
            return "in progress"
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_one_key_in_parallel_places_once(transactional_db, partner, exchange_account, exchange):
    replies = in_threads(8, lambda _: place(partner, exchange_account, key="k"))
    done = {reply for reply in replies if reply != "in progress"}
    assert len(done) == 1
    assert (exchange.calls["place_offers"], ExchangeOrder.objects.count()) == (1, 1)


def test_a_repeat_beside_the_end_of_the_first_gets_its_bytes(
    transactional_db, partner, exchange_account
):
    batch = an_order(partner, exchange_account).batch
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_market(account_id=exchange_account.pk, market_id="7")
            repeat = pool.submit(in_threads, 1, lambda _: again(partner, batch))
            await_a_waiting_lock()
            ExchangeBatch.objects.filter(pk=batch.pk).update(reply_status=201, reply_body=b"first")
        assert repeat.result(10) == [(201, b"first")]


def again(partner, batch):
    reply = place(partner, batch.account, key=batch.key)
    return reply.status, reply.body


def await_a_waiting_lock():
    with connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
            if cursor.fetchone():
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")


def test_placements_on_one_market_wait_for_one_another(
    transactional_db, partner, exchange_account, exchange
):
    """Each sees in its snapshot what the ones before it placed."""
    in_threads(6, lambda n: place(partner, exchange_account, key=f"k{n}"))
    sizes = Counter(len(batch.offers_before) for batch in ExchangeBatch.objects.all())
    assert sizes == dict.fromkeys(range(6), 1)


def test_statements_do_not_grow_with_the_offers(partner, exchange_account):
    counts = set()
    place(partner, exchange_account)
    for offers in (1, 20):
        with CaptureQueriesContext(connection) as taken:
            place(partner, exchange_account, *(an_offer() for _ in range(offers)))
        counts.add(len(taken))
    assert len(counts) == 1
