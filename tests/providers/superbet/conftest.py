"""Accounts of the scripted engine, and what it tells our webhook of tickets."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from bets.models import Coupon, Partner, Player
from bets.services import partners
from bets.services.placing import answers
from providers import services as providers
from providers.contract import Accepted, Placement
from providers.models import ProviderAccount
from tests.factories.bets import a_held_coupon, a_partner, a_player
from tests.factories.superbet import TICKET, make_superbet, sign
from tests.providers.scripted import Scripted, reply
from tests.providers.superbet.asked import OPEN, PAID, RESERVE, RESERVED
from wallets.verification import verify
from webhooks.services import processing


@pytest.fixture
def account(server: Scripted, db) -> ProviderAccount:
    server.on(RESERVE, reply(RESERVED))
    server.on(PAID, reply(OPEN))
    return make_superbet(server.url)


@pytest.fixture
def books_balance() -> Iterator[None]:
    yield
    assert verify() == []


@pytest.fixture
def partner(account: ProviderAccount) -> Partner:
    partner = a_partner()
    partners.grant_access(partner=partner, account=account)
    return partner


@pytest.fixture
def player(partner: Partner) -> Player:
    return a_player(partner, currency="USD", balance="100.00")


@pytest.fixture
def send(account: ProviderAccount, player: Player) -> Callable[..., Any]:
    """Send a signed message about the ticket; results are stored and not settled yet."""
    address = providers.callback_base(account=account).removeprefix("http://testserver")

    def send_now(action: str, *, at: datetime | None = None, **data: Any) -> Any:
        message = {"operator": "site", "ticket_id": TICKET, **data}
        body = json.dumps({"action": action, "data": message}).encode()
        headers = sign(body, at=at or timezone.now())
        return Client().post(address, body, content_type="application/json", headers=headers)

    return send_now


@pytest.fixture
def tell(send: Callable[..., Any]) -> Callable[..., Any]:
    """Send a signed message; results are settled at once."""

    def tell_now(
        action: str, *, at: datetime | None = None, late: timedelta = timedelta(0), **data: Any
    ) -> Any:
        answer = send(action, at=(at or timezone.now()) - late, **data)
        processing.drain(now=timezone.now())
        return answer

    return tell_now


@pytest.fixture
def book() -> Callable[[Coupon, Placement], None]:
    def book_now(coupon: Coupon, answer: Placement) -> None:
        with transaction.atomic():
            answers.book_answer(coupon_id=coupon.pk, answer=answer, actor="test")

    return book_now


@pytest.fixture
def coupon(
    player: Player, account: ProviderAccount, book: Callable[[Coupon, Placement], None]
) -> Coupon:
    """10.00 USD, of which 1.11 are excise, on an open ticket."""
    held = a_held_coupon(player, account, provider_reference=TICKET)
    book(held, Accepted(reference=TICKET, stake_at_risk=Decimal("8.89"), excise=Decimal("1.11")))
    return held
