"""Many messages about one ticket at the same moment: its money moves once."""

import pytest
from django.utils import timezone

from bets.models import Coupon
from bets.services.players import tokens
from providers.contract import Accepted, Unknown
from tests.bets.conftest import money
from tests.factories.bets import a_held_coupon
from tests.factories.superbet import TICKET
from tests.providers.scripted import reply
from tests.providers.superbet.told import GET, WON, at_once, created, houses, state
from webhooks.models import Delivery
from webhooks.services import processing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_balance")]

TIMES = 20


def settle_by_many() -> None:
    at_once([lambda: processing.drain(now=timezone.now())] * 4)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"processed"}


def test_a_ticket_is_sold_once(send, player, account):
    data = created(player)

    answers = at_once([lambda: send("ticket_create", **data)] * TIMES)

    assert {(each.status_code, each.content) for each in answers} == {(200, b'{"status":"ok"}')}
    assert Coupon.objects.count() == 1
    assert money(player) == ("90.00", "0.00", "0.00")
    assert houses(account) == ("8.89", "1.11", "0.00", "0.00")


def test_two_equal_tickets_of_one_player_are_told_apart_by_what_they_carry(send, player, account):
    coupons = [a_held_coupon(player, account) for _ in range(4)]
    marks = {f"{TICKET}{n}": str(coupon.pk) for n, coupon in enumerate(coupons)}

    answers = at_once(
        [
            lambda i=ticket, a=atag: send("ticket_create", **created(player, ticket_id=i, atag=a))
            for ticket, atag in marks.items()
        ]
    )

    assert {each.status_code for each in answers} == {200}
    found = Coupon.objects.values_list("provider_reference", "pk", "status")
    assert {(reference, str(pk)) for reference, pk, _ in found} == set(marks.items())
    assert {status for _, _, status in found} == {"accepted"}
    assert money(player) == ("60.00", "0.00", "0.00")


def test_of_two_prices_of_one_ticket_one_is_taken(send, player):
    halves = [created(player), created(player, price=2000, stake=1778, ext_amount=222)]

    answers = at_once([lambda d=data: send("ticket_create", **d) for data in halves * 10])

    assert sorted({each.status_code for each in answers}) == [200, 400]
    assert money(player)[0] in ("90.00", "80.00")
    assert Coupon.objects.count() == 1


def test_a_ticket_that_is_sold_and_discarded_costs_nothing(send, player, account):
    data = created(player)
    works = [lambda: send("ticket_create", **data), lambda: send("ticket_discard")]

    at_once(works * (TIMES // 2))

    assert send("ticket_create", **data).status_code == 400
    assert money(player) == ("100.00", "0.00", "0.00")
    assert houses(account) == ("0.00", "0.00", "0.00", "0.00")


@pytest.mark.parametrize(
    ("action", "result", "paid", "in_houses"),
    [
        ("ticket_win", "won", "110.90", ("8.89", "1.11", "-22.23", "1.33")),
        ("ticket_lost", "lost", "90.00", ("8.89", "1.11", "0.00", "0.00")),
        ("ticket_void", "refunded", "100.00", ("0.00", "0.00", "0.00", "0.00")),
        ("ticket_refund", "refunded", "100.00", ("0.00", "0.00", "0.00", "0.00")),
    ],
)
def test_a_result_is_paid_once(
    send, player, account, coupon, server, action, result, paid, in_houses
):
    server.on(GET, reply(WON))

    answers = at_once([lambda: send(action, price=1000, currency="USD")] * TIMES)
    settle_by_many()

    assert {each.status_code for each in answers} == {200}
    assert (state(coupon), money(player)[0]) == (("settled", result), paid)
    assert houses(account) == in_houses


def test_results_and_rollbacks_leave_one_of_them(send, player, account, coupon, server):
    server.on(GET, reply(WON))
    actions = ("ticket_win", "ticket_lost", "ticket_rollback", "ticket_refund", "ticket_closed")

    at_once([lambda a=action: send(a) for action in actions * 4])
    settle_by_many()

    ends = {
        "won": ("110.90", ("8.89", "1.11", "-22.23", "1.33")),
        "lost": ("90.00", ("8.89", "1.11", "0.00", "0.00")),
        "refunded": ("100.00", ("0.00", "0.00", "0.00", "0.00")),
        "": ("90.00", ("8.89", "1.11", "0.00", "0.00")),
    }
    assert (money(player)[0], houses(account)) == ends[state(coupon)[1]]


def test_a_discard_among_results_is_final(send, player, account, coupon, server):
    server.on(GET, reply(WON))

    at_once([lambda a=action: send(a) for action in ("ticket_win", "ticket_discard") * 10])
    settle_by_many()

    assert (state(coupon), money(player)) == (("returned", ""), ("100.00", "0.00", "0.00"))
    assert houses(account) == ("0.00", "0.00", "0.00", "0.00")


def test_a_result_and_our_own_answer_take_the_hold_once(send, book, player, account, server):
    server.on(GET, reply(WON))
    held = a_held_coupon(player, account, provider_reference=TICKET)
    book(held, Unknown(reason="lost"))
    send("ticket_win")

    def answered() -> None:
        book(held, Accepted(reference=TICKET))

    at_once([answered, lambda: processing.drain(now=timezone.now())] * 5)
    processing.drain(now=timezone.now())

    assert (state(held), money(player)) == (("settled", "won"), ("110.90", "0.00", "0.00"))


def test_a_token_may_be_asked_about_many_times(send, player, account):
    token = tokens.issue(player=player, account=account, now=timezone.now())

    answers = at_once([lambda: send("identify", token=token)] * TIMES)

    assert {each.status_code for each in answers} == {200}
    assert {each.json()["balance"] for each in answers} == {10_000}
