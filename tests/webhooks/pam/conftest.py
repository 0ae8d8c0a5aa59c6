"""A vendor with one address for all that it tells, taxed tickets, and results without amounts."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from bets.models import Coupon, Player
from bets.services.placing.answers import book_answer
from providers import registry
from providers import services as providers
from providers.contract import Accepted, Rejected, Settle, Verdict
from providers.models import ProviderAccount
from tests.factories.bets import an_account
from wallets import services as ledger
from wallets.queries import house_balance
from wallets.services import Purpose
from wallets.verification import verify
from webhooks.models import Delivery
from webhooks.services import processing


@pytest.fixture
def pam(monkeypatch, partner) -> Iterator[ProviderAccount]:
    monkeypatch.setitem(registry.PROVIDERS, "fakepam", "tests.fakes.seamless.FakePam")
    registry.get.cache_clear()
    yield an_account(partner, provider="fakepam", code="pam")
    registry.get.cache_clear()


@pytest.fixture(autouse=True)
def books_balance() -> Iterator[None]:
    yield
    assert verify() == []


@pytest.fixture
def vendor(pam) -> Any:
    return registry.get("fakepam")


@pytest.fixture
def base(pam) -> str:
    return providers.callback_base(account=pam).removeprefix("http://testserver")


@pytest.fixture
def tell(base) -> Callable[..., Any]:
    def send(action: str, ticket: str = "t1", *, end: str = "", **data: Any) -> Any:
        body = json.dumps({"action": action, "ticket": ticket, **data})
        return Client().post(base + end, body, content_type="application/json")

    return send


@pytest.fixture
def report(tell, vendor) -> Callable[..., str]:
    """Tell a result and have the drainer process it; gives the effect."""

    def send(action: str, ticket: str = "t1", **data: Any) -> str:
        assert tell(action, ticket, **data).status_code == 200
        delivery = Delivery.objects.latest("id")
        processing.process(delivery_id=delivery.pk)
        return ",".join(delivery.effects.values_list("effect", flat=True))

    return send


@pytest.fixture
def create(tell, player) -> Callable[..., Any]:
    """The ticket of the document's sample: 10.00, of which 1.11 is excise."""

    def send(ticket: str = "t1", *, of: Player = player, price: str = "10.00", **data: Any) -> Any:
        taxed = {"stake": "8.89", "excise": "1.11"} if price == "10.00" else {}
        who = {"player": of.external_id, "price": price, "code": f"CODE-{ticket}"}
        return tell("create", ticket, **{**who, **taxed, **data})

    return send


def house(purpose: Purpose) -> Decimal:
    return house_balance(address=ledger.house(owner="pam", purpose=purpose, currency="EUR"))


def houses() -> tuple[str, ...]:
    """Stakes, excise, payouts and withholding, as the house sees them."""
    purposes = (Purpose.STAKES, Purpose.EXCISE, Purpose.PAYOUTS, Purpose.WITHHOLDING)
    return tuple(f"{house(each):.2f}" for each in purposes)


def won(net: str, tax: str | None = None) -> Settle:
    return Settle(
        reference="t1",
        verdict=Verdict.WON,
        payout=Decimal(net),
        withholding=None if tax is None else Decimal(tax),
    )


def state() -> tuple[str, str]:
    return Coupon.objects.values_list("status", "result").get()


def codes(answer: Any) -> list[str]:
    return [each["code"] for each in answer.json()]


def book(coupon: Coupon, answer: Accepted | Rejected) -> None:
    with transaction.atomic():
        book_answer(coupon_id=coupon.pk, answer=answer, actor="test")
