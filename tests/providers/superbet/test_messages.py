"""Signed messages to superbet's webhook, and what they do to coupons and to the ledger."""

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.utils import timezone

from bets.models import Flag, FlagKind, Settlement, TimelineEvent
from bets.services.players import tokens
from providers.contract import Accepted, Unknown
from tests.bets.conftest import money
from tests.factories.bets import a_held_coupon, a_player
from tests.factories.superbet import TICKET, make_superbet
from tests.providers.scripted import reply
from tests.providers.superbet.told import GET, WON, create, houses, in_thread, state
from webhooks.models import Delivery
from webhooks.services import replaying

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_balance")]

# --- results, in the order in which the engine sent them ----------------------------------------


@pytest.mark.parametrize("price", [100_000, 500, 0])
def test_a_void_of_another_price_is_left_to_staff(tell, coupon, player, price):
    tell("ticket_void", price=price, currency="USD")

    assert (state(coupon), money(player)[0]) == (("accepted", ""), "90.00")
    assert Flag.objects.get().kind == FlagKind.RESULT_UNCLEAR


def test_the_case_of_a_currency_does_not_matter(tell, coupon, server):
    server.on(GET, reply({**WON, "currency": "usd"}))

    tell("ticket_win")

    assert state(coupon) == ("settled", "won")


@pytest.mark.parametrize("is_known", [True, False])
def test_a_result_that_is_withdrawn_before_the_bet_is_accepted_pays_nothing(
    tell, book, player, account, server, is_known
):
    server.on(GET, reply(WON))
    held = a_held_coupon(player, account, provider_reference=TICKET if is_known else None)
    book(held, Unknown(reason="lost"))
    tell("ticket_win", late=timedelta(seconds=20))
    tell("ticket_rollback", late=timedelta(seconds=10), reason="wrong")

    book(held, Accepted(reference=TICKET))
    assert (state(held), money(player)[0]) == (("accepted", ""), "90.00")

    tell("ticket_lost")
    assert state(held) == ("settled", "lost")


def test_a_win_that_is_withdrawn_while_the_engine_is_asked_pays_nothing(
    tell, coupon, player, server
):
    def withdrawn_meanwhile(connection: Any) -> bool:
        rollback = Thread(target=in_thread, args=(lambda: tell("ticket_rollback"),))
        rollback.start()
        rollback.join()
        return reply(WON)(connection)

    server.on(GET, withdrawn_meanwhile)

    tell("ticket_win")

    assert (state(coupon), money(player)[0]) == (("accepted", ""), "90.00")
    assert Settlement.objects.filter(disposition="superseded").count() == 1


@pytest.mark.parametrize(("action", "late"), [("ticket_lost", 100), ("ticket_rollback", 80)])
def test_an_old_message_that_is_sent_once_more_moves_nothing(tell, coupon, server, action, late):
    server.on(GET, reply(WON))
    tell("ticket_lost", late=timedelta(seconds=100))
    tell("ticket_rollback", late=timedelta(seconds=80))
    tell("ticket_win", late=timedelta(seconds=60))
    assert state(coupon) == ("settled", "won")

    tell(action, late=timedelta(seconds=late))

    assert state(coupon) == ("settled", "won")


def test_a_rollback_that_comes_again_and_again_is_one(tell, coupon, player, account, server):
    server.on(GET, reply(WON))
    at = timezone.now()
    tell("ticket_win", at=at)
    for _ in range(5):
        tell("ticket_rollback", at=at)

    assert (state(coupon), money(player)[0]) == (("accepted", ""), "90.00")
    assert houses(account) == ("8.89", "1.11", "0.00", "0.00")
    assert Settlement.objects.filter(disposition="withdrawn").count() == 1
    assert not TimelineEvent.objects.filter(coupon=coupon, kind="note").exists()


def test_a_rollback_once_more_does_not_take_the_result_of_the_same_second(
    tell, coupon, player, server
):
    server.on(GET, reply(WON))
    at = timezone.now()
    for action in ("ticket_lost", "ticket_rollback", "ticket_win", "ticket_rollback"):
        tell(action, at=at)

    assert state(coupon) == ("settled", "won")


def test_a_result_can_be_withdrawn_more_than_once(tell, coupon, player, account, server):
    server.on(GET, reply(WON))
    rounds = ("ticket_win", "ticket_rollback", "ticket_void", "ticket_rollback", "ticket_lost")
    for ago, action in zip((50, 40, 30, 20, 10), rounds, strict=True):
        tell(action, late=timedelta(seconds=ago), price=1000, currency="USD")

    assert (state(coupon), money(player)[0]) == (("settled", "lost"), "90.00")
    assert houses(account) == ("8.89", "1.11", "0.00", "0.00")


# --- tickets ------------------------------------------------------------------------------------


def test_a_discarded_ticket_is_not_sold_by_a_late_repeat(tell, player):
    assert create(tell, player).status_code == 200
    assert tell("ticket_discard").status_code == 200

    assert create(tell, player).status_code == 400
    assert money(player)[0] == "100.00"


@pytest.mark.parametrize(
    "changes", [{"stake": 5000}, {"stake": 0}, {"ext_amount": 0}, {"ext_amount": 1000}], ids=repr
)
def test_odd_taxes_are_answered(tell, player, changes):
    assert create(tell, player, **changes).status_code in (200, 400)


@pytest.mark.parametrize(
    "changes",
    [{"atag": 123}, {"atag": None}, {"ticket_code": 100200}, {"price": "1000", "stake": "889"}],
    ids=repr,
)
def test_a_ticket_is_sold_however_its_words_and_numbers_are_written(tell, player, changes):
    assert create(tell, player, **changes).status_code == 200
    assert create(tell, player, **changes).status_code == 200, "it is a repeat"
    assert money(player)[0] == "90.00"


# --- who is it ----------------------------------------------------------------------------------


def test_a_token_says_who_its_player_is_and_nobody_elses_does(tell, player, account):
    now = timezone.now()
    other = a_player(player.partner, currency="KES", balance="7.50")
    elsewhere = make_superbet("http://127.0.0.1:9")
    expired = tokens.issue(player=player, account=account, now=now - tokens.LIFETIME)
    of_another_account = tokens.issue(player=player, account=elsewhere, now=now)

    for each, cents, currency in ((player, 10_000, "USD"), (other, 750, "KES")):
        token = tokens.issue(player=each, account=account, now=now)
        assert tell("identify", token=token).json() == {
            "player_id": str(each.pk),
            "lang": "en",
            "balance": cents,
            "currency": currency,
            "feature_flags": {},
        }
    for token in (expired, of_another_account, "x" * 43, str(player.pk)):
        answer = tell("identify", token=token)
        assert (answer.status_code, answer.json()) == (
            400, {"code": 101, "message": "User not found"},
        )  # fmt: skip


def test_what_is_held_is_no_part_of_the_balance(tell, player, account):
    a_held_coupon(player, account)
    token = tokens.issue(player=player, account=account, now=timezone.now())

    assert tell("identify", token=token).json()["balance"] == 9_000


# --- what is stored -----------------------------------------------------------------------------


def test_the_inbox_keeps_no_token_of_a_player_answered_or_refused(send, player, account):
    token = tokens.issue(player=player, account=account, now=timezone.now())

    known = send("identify", token=token)
    too_old = send("identify", token=token, at=timezone.now() - timedelta(hours=1))

    assert (known.status_code, known.json()["player_id"]) == (200, str(player.pk))
    assert too_old.status_code != 200
    kept = [bytes(each.body) for each in Delivery.objects.all()]
    assert len(kept) == 2
    assert not any(token.encode() in body for body in kept)
    assert all(b'"action": "identify"' in body for body in kept)
    for delivery in Delivery.objects.filter(status="processed"):
        assert replaying.rehearse(delivery_id=delivery.pk) == []
