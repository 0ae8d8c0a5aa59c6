"""Orders and markets of exchanges in the admin."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bets.models import ExchangeMarket, Flag, OrderStatus
from bets.services.exchange import watching
from providers import exchange as exchange_calls
from providers.contract import NotSent, ReadRefused, Rejected
from providers.models import ProviderCall
from tests.factories.exchange import an_offer, an_order, placed, the_market
from tests.factories.staff import a_client

pytestmark = pytest.mark.django_db


def url(target) -> str:
    kind = f"{target._meta.app_label}_{target._meta.model_name}"
    return reverse(f"admin:{kind}_change", args=[target.pk])


def found(client, model, wanted) -> list:
    """What a list shows for a search."""
    answer = client.get(reverse(f"admin:{model}_changelist"), {"q": str(wanted)})
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


def do(client, target, action, **data) -> str:
    name = f"admin:bets_{target._meta.model_name}_do"
    answer = client.post(reverse(name, args=[target.pk, action]), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def order(partner, exchange_account, exchange):
    return placed(partner, exchange_account, an_offer("lay", "3.00", "10.00"))[0]


@pytest.fixture
def unknown(partner, exchange_account, exchange):
    exchange.lose("place_offers", arrives=True)
    return placed(partner, exchange_account)[0]


def test_the_call_that_placed_orders_leads_to_them_and_is_found_by_each(
    partner, exchange_account, exchange
):
    """It has no order of its own: one call places all orders of a batch."""
    client = a_client("support")
    first, second = placed(partner, exchange_account, an_offer(), an_offer("lay"))
    other = placed(partner, exchange_account)[0]
    call = ProviderCall.objects.create(
        account=exchange_account, operation="place", method="POST", url="http://x/",
        subject_kind=exchange_calls.BATCH, subject_id=first.batch_id,
    )  # fmt: skip

    assert found(client, "providers_providercall", second.pk) == [call]
    assert found(client, "providers_providercall", other.pk) == []
    orders = f"{reverse('admin:bets_exchangeorder_changelist')}?q={first.batch_id}"
    assert orders in client.get(url(call)).content.decode()
    assert set(found(client, "bets_exchangeorder", first.batch_id)) == {first, second}
    assert found(client, "bets_exchangeorder", other.pk) == [other]


def test_a_page_tells_the_story_of_an_order(order, exchange, exchange_account):
    exchange.rival("7", "1", "back", "3.00", "4.00")
    watching.run(now=timezone.now())
    page = a_client("support").get(url(order)).content.decode()
    for told in (
        "Matched in part at fakeexchange-main; the rest waits.",
        "The account can lose 20.00 EUR by it.",
        "10.00 EUR",
        "4.00 EUR",
        "taken by the exchange",
        "It was placed alone.",
        "Acme",
    ):
        assert told in page, told


def test_what_one_look_found_stands_as_it_happened(partner, exchange_account):
    order = an_order(partner, exchange_account, status="cancelled")
    for kind, amount in (("cancelled", "1.34"), ("matched", "0.66")):
        order.events.create(
            kind=kind, to_status="cancelled", actor="watch", amount=amount,
            created_at=order.events.get(kind="placed").created_at + timedelta(seconds=3),
        )  # fmt: skip
    page = a_client("support").get(url(order)).content.decode()
    assert page.index("0.66 EUR") < page.index("1.34 EUR")


@pytest.mark.parametrize("status", OrderStatus.values)
def test_a_page_opens_in_every_status(partner, exchange_account, status):
    order = an_order(partner, exchange_account, status=status)
    assert a_client("support").get(url(order)).status_code == 200


def test_what_others_call_things_is_text(partner, exchange_account):
    hostile = "<script>alert(1)</script>"
    order = an_order(partner, exchange_account, selection_id=hostile, provider_reference=hostile)
    for page in (url(order), reverse("admin:bets_exchangeorder_changelist")):
        assert hostile not in a_client().get(page).content.decode()


def test_the_calls_of_an_order_and_of_its_batch_are_on_its_page(order, exchange_account):
    for kind, subject_id, operation in (
        (exchange_calls.BATCH, order.batch_id, "place_offers"),
        (exchange_calls.ORDER, order.pk, "cancel_offers"),
    ):
        ProviderCall.objects.create(
            account=exchange_account,
            operation=operation,
            subject_kind=kind,
            subject_id=subject_id,
            method="POST",
            url="http://exchange.example/offers",
        )
    page = a_client("support").get(url(order)).content.decode()
    assert "place offers" in page
    assert "cancel offers" in page
    calls = found(a_client("support"), "providers_providercall", order.pk)
    assert [call.operation for call in calls] == ["cancel_offers", "place_offers"]


def test_a_list_costs_the_same_however_long(partner, exchange_account):
    client, counts = a_client("support"), set()
    for orders in (2, 20):
        for _ in range(orders):
            an_order(partner, exchange_account)
        client.get(reverse("admin:bets_exchangeorder_changelist"))
        with CaptureQueriesContext(connection) as taken:
            client.get(reverse("admin:bets_exchangeorder_changelist"))
        counts.add(len(taken))
    assert len(counts) == 1


def test_orders_are_found_by_reference_market_and_id(partner, exchange_account):
    mine = an_order(partner, exchange_account, market_id="77")
    an_order(partner, exchange_account, market_id="78")
    listed = reverse("admin:bets_exchangeorder_changelist")
    for term in (mine.provider_reference, "77", str(mine.pk)):
        found = a_client("support").get(listed, {"q": term}).context["cl"].result_list
        assert [each.pk for each in found] == [mine.pk], term
    nothing = a_client("support").get(listed, {"q": "1234"})
    assert "No order here." in nothing.content.decode()


def test_an_order_is_cancelled(order):
    page = do(a_client("trader"), order, "cancel")
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert "What was unmatched is cancelled." in page
    assert LogEntry.objects.get().object_id == str(order.pk)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Rejected(code="x", message="sospeso"), "The exchange did not cancel it: sospeso"),
        (NotSent(code="x", message="away"), "The exchange did not cancel it: away"),
    ],
)
def test_a_cancellation_that_was_not_done_is_said(order, exchange, answer, told):
    exchange.instead("cancel_offers", answer)
    assert told in do(a_client("trader"), order, "cancel")


def test_a_cancellation_that_is_not_confirmed_is_said(order, exchange):
    exchange.lose("cancel_offers", arrives=False)
    assert "has not confirmed it yet" in do(a_client("trader"), order, "cancel")


def test_an_order_is_read_again(order, exchange):
    exchange.end("7")
    page = do(a_client("support"), order, "refresh")
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert "The market was read" in page
    assert order.events.get(kind="cancelled").actor.startswith("staff:support")


def test_a_read_without_an_answer_is_said(order, exchange):
    exchange.instead("own_offers", ReadRefused("provider_unreachable", "no route"))
    assert "gave no answer: no route" in do(a_client("support"), order, "refresh")


def test_an_unknown_order_is_found_by_hand(unknown, exchange):
    reference = exchange.own()[0].reference
    do(a_client("trader"), unknown, "bind", reference=reference, reason="Seen on their site")
    unknown.refresh_from_db()
    assert (unknown.status, unknown.provider_reference) == ("open", reference)


def test_a_reference_that_is_taken_is_refused_in_words(unknown, partner, exchange_account):
    other = an_order(partner, exchange_account)
    page = do(
        a_client("trader"), unknown, "bind", reference=other.provider_reference, reason="Seen"
    )
    assert "Another order has the reference" in page


def test_an_unknown_order_is_given_up_by_hand(unknown):
    page = do(a_client("trader"), unknown, "not-there", reason="They have none")
    unknown.refresh_from_db()
    assert unknown.status == "rejected"
    assert "They have none" in page


def test_an_order_that_is_known_is_not_decided(order):
    assert "is not possible now" in do(a_client("trader"), order, "not-there", reason="x")


def test_a_flag_leads_to_its_order(unknown, exchange, exchange_account):
    exchange.by_hand("7", "1", "back", "2.00", "10.00")
    watching.run(now=timezone.now())
    flag = Flag.objects.get(order=unknown)
    client = a_client("trader")
    for page in (url(flag), reverse("admin:bets_flag_changelist")):
        assert url(unknown) in client.get(page).content.decode()
    assert "More than one offer" in client.get(url(unknown)).content.decode()


def test_a_market_shows_its_orders(order, exchange_account):
    page = a_client("support").get(url(the_market(exchange_account))).content.decode()
    assert url(order) in page
    assert "Orders wait there; it is read again and again." in page


@pytest.mark.parametrize(
    ("status", "changes", "told"),
    [
        (
            "matched",
            {"told": "10.00"},
            "No order waits there; it is asked now and then whether it has closed.",
        ),
        ("matched", {"told": "0"}, "it is read until the odds of all matched parts are known."),
        (
            "rejected",
            {"rejection": {"code": "not_at_exchange", "message": "no"}},
            "might come up after all, so it is read for 10 minutes after that.",
        ),
    ],
)
def test_a_market_without_waiting_orders_says_why_it_is_read(
    partner, exchange_account, status, changes, told
):
    an_order(partner, exchange_account, status=status, **changes)
    ExchangeMarket.objects.update(look_after=timezone.now())
    page = a_client("support").get(url(the_market(exchange_account))).content.decode()
    assert told in page
    assert "again and again" not in page


def test_a_market_that_cannot_be_read_says_so(order, exchange, exchange_account):
    exchange.instead("own_offers", ReadRefused("provider_unreachable", "no route"))
    watching.run(now=timezone.now())
    page = a_client("support").get(url(the_market(exchange_account))).content.decode()
    assert "It cannot be read since" in page
    assert "no route" in page


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("open", "Its market is open since"),
        ("closed", "Its market is closed since"),
        ("gone", "Its market is not known to the exchange any more since"),
        ("5", "Its market is not open: the exchange calls it 5 since"),
    ],
)
def test_a_matched_order_says_how_its_market_is_and_where_its_result_is(
    partner, exchange_account, state, told
):
    order = an_order(partner, exchange_account, status="matched")
    ExchangeMarket.objects.update(state=state, state_since=timezone.now())
    page = a_client("support").get(url(order)).content.decode()
    assert told in page
    assert "the account&#x27;s history at the exchange says it." in page
    assert ("The account can lose" in page) == (state not in ("closed", "gone"))


def test_a_closed_market_says_that_it_is_not_read_any_more(partner, exchange_account):
    an_order(partner, exchange_account, status="matched")
    ExchangeMarket.objects.update(state="closed", state_since=timezone.now())
    page = a_client("support").get(url(the_market(exchange_account))).content.decode()
    assert "Nothing waits there, so it is not read any more." in page
    assert "Its market is closed since" in page


def test_the_state_of_a_market_is_asked_for_on_request(partner, exchange_account, exchange):
    an_order(partner, exchange_account, status="matched", told="10.00")
    exchange.states["7"] = "closed"
    do(a_client("support"), the_market(exchange_account), "read")
    assert the_market(exchange_account).state == "closed"


@pytest.fixture
def lost(order, exchange, exchange_account):
    """The exchange does not list it any more."""
    exchange.finish("7")
    watching.look(market=the_market(exchange_account), now=timezone.now())
    order.refresh_from_db()
    return order


def test_an_order_that_is_not_listed_any_more_says_what_to_do(lost, exchange_account):
    page = a_client("support").get(url(lost)).content.decode()
    assert "fakeexchange-main does not list it any more since" in page
    assert "It waits no more" in page
    page = a_client("support").get(url(the_market(exchange_account))).content.decode()
    assert "does not list the orders any more that wait there" in page
    assert "Its market is not known to the exchange any more since" in page


def test_staff_end_an_order_that_is_not_listed_any_more(lost):
    trader = a_client("trader")
    page = do(trader, lost, "ended", matched="4", odds="", reason="The history")
    assert "Name the odds" in page
    page = do(trader, lost, "ended", matched="4", odds="2.5", reason="The history")
    assert "The order is cancelled." in page
    lost.refresh_from_db()
    assert (lost.status, lost.matched) == ("cancelled", 4)
    assert lost.events.get(kind="cancelled").reason == "The history"
    assert LogEntry.objects.get().change_message.endswith("The history")


def test_it_is_offered_only_for_orders_that_are_not_listed(order, lost, partner, exchange_account):
    trader = a_client("trader")
    assert "It waits no more" in trader.get(url(lost)).content.decode()
    listed = an_order(partner, exchange_account, status="open", market_id="8")
    assert "It waits no more" not in trader.get(url(listed)).content.decode()
    failing = ExchangeMarket.objects.get(market_id="8")
    for age, is_offered in ((timedelta(minutes=14), False), (timedelta(minutes=16), True)):
        failing.failing_since = timezone.now() - age
        failing.save()
        assert ("It waits no more" in trader.get(url(listed)).content.decode()) is is_offered
    do_url = reverse("admin:bets_exchangeorder_do", args=[lost.pk, "ended"])
    form = {"matched": "4", "odds": "2.5", "reason": "x"}
    assert a_client("support").post(do_url, form).status_code == 403
    lost.refresh_from_db()
    assert lost.status == "open"


def test_everything_on_a_market_is_cancelled(order, exchange, exchange_account):
    market = the_market(exchange_account)
    page = do(a_client("trader"), market, "cancel-all", reason="The feed is wrong")
    assert "All that was unmatched is cancelled." in page
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert LogEntry.objects.get().change_message.endswith("The feed is wrong")


def test_a_market_without_orders_says_so(exchange_account):
    market = ExchangeMarket.objects.create(account=exchange_account, market_id="9")
    page = a_client("support").get(url(market)).content.decode()
    assert "No order was placed on it." in page
    assert "it is not read any more" in page


def test_the_book_of_a_market_is_shown(order, exchange, exchange_account):
    exchange.rival("7", "2", "back", "2.50", "3.00")
    page = do(a_client("support"), the_market(exchange_account), "book")
    for told in ("1 1: to back", "10.00 at 3.00", "2 X: to lay", "3.00 at 2.50", "If 1 wins"):
        assert told in page, told
    exchange.instead("exposure", ReadRefused("provider_unreachable", "no route"))
    page = do(a_client("support"), the_market(exchange_account), "book")
    assert "gave no answer: no route" in page
