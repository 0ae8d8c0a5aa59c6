"""Signed messages to superbet's webhook, and what they do to coupons and to the ledger."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from bets.models import Coupon, Flag, FlagKind, Player, Settlement
from bets.services import partners
from bets.services.placing import answers
from providers import services as providers
from providers.contract import Accepted, Unknown
from providers.models import ProviderAccount
from tests.bets.conftest import money
from tests.factories.bets import a_held_coupon, a_partner, a_player
from tests.factories.superbet import TICKET, make_superbet, sign
from tests.providers.samples import sample
from tests.providers.scripted import Scripted, reply
from wallets.verification import verify
from webhooks.services import processing

GET = f"/be/tickets/{TICKET}"
OPEN = json.loads(sample("superbet", "paid", "response"))
WON = json.loads(sample("superbet", "ticket_won", "response"))
CREATED = json.loads(sample("superbet", "pam_ticket_create"))["data"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def books_balance() -> Iterator[None]:
    yield
    assert verify() == []


@pytest.fixture
def account(server: Scripted) -> ProviderAccount:
    return make_superbet(server.url)


@pytest.fixture
def player(account: ProviderAccount) -> Player:
    partner = a_partner()
    partners.grant_access(partner=partner, account=account)
    return a_player(partner, currency="USD", balance="100.00")


@pytest.fixture
def tell(account: ProviderAccount, player: Player) -> Callable[..., Any]:
    """Send a signed message; results are settled at once."""
    address = providers.callback_base(account=account).removeprefix("http://testserver")

    def send(action: str, *, late: timedelta = timedelta(0), **data: Any) -> Any:
        message = {"operator": "site", "ticket_id": TICKET, **data}
        body = json.dumps({"action": action, "data": message}).encode()
        headers = sign(body, at=timezone.now() - late)
        answer = Client().post(address, body, content_type="application/json", headers=headers)
        processing.drain(now=timezone.now())
        return answer

    return send


def create(tell: Callable[..., Any], player: Player, **changes: Any) -> Any:
    return tell("ticket_create", **{**CREATED, "player_id": str(player.pk), **changes})


@pytest.fixture
def coupon(player: Player, account: ProviderAccount) -> Coupon:
    """10.00 USD, of which 1.11 are excise, on an open ticket."""
    held = a_held_coupon(player, account, provider_reference=TICKET)
    book(held, Accepted(reference=TICKET, stake_at_risk=Decimal("8.89"), excise=Decimal("1.11")))
    return held


def book(coupon: Coupon, answer: Any) -> None:
    with transaction.atomic():
        answers.book_answer(coupon_id=coupon.pk, answer=answer, actor="test")


def state(coupon: Coupon) -> tuple[str, str]:
    now = Coupon.objects.get(pk=coupon.pk)
    return now.status, now.result


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
    tell, player, account, server, is_known
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


def in_thread(work: Callable[[], Any]) -> None:
    try:
        work()
    finally:
        connection.close()


@pytest.mark.parametrize(("action", "late"), [("ticket_lost", 100), ("ticket_rollback", 80)])
def test_an_old_message_that_is_sent_once_more_moves_nothing(tell, coupon, server, action, late):
    server.on(GET, reply(WON))
    tell("ticket_lost", late=timedelta(seconds=100))
    tell("ticket_rollback", late=timedelta(seconds=80))
    tell("ticket_win", late=timedelta(seconds=60))
    assert state(coupon) == ("settled", "won")

    tell(action, late=timedelta(seconds=late))

    assert state(coupon) == ("settled", "won")


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
