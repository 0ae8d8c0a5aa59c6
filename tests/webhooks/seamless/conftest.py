"""A vendor that keeps its players' money with us, and asks for it over HTTP."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from bets.models import Coupon, Player
from providers import registry
from providers import services as providers
from providers.models import ProviderAccount
from tests.factories.bets import a_held_coupon, an_account
from webhooks.models import Delivery


@pytest.fixture
def seamless(monkeypatch, partner) -> Iterator[ProviderAccount]:
    monkeypatch.setitem(registry.PROVIDERS, "fakeseamless", "tests.fakes.seamless.FakeSeamless")
    registry.get.cache_clear()
    yield an_account(partner, provider="fakeseamless")
    registry.get.cache_clear()


@pytest.fixture
def base(seamless) -> str:
    return providers.callback_base(account=seamless).removeprefix("http://testserver")


@pytest.fixture
def coupon(player, seamless) -> Coupon:
    return a_held_coupon(player, seamless)


def body_of(coupon: Coupon, kind: str = "stake", amount: str = "10.00", **changes: str) -> dict:
    body = {"id": f"{coupon.pk}_{kind}", "kind": kind, "bet": str(coupon.pk), "amount": amount}
    return {**body, **changes}


@pytest.fixture
def post(base, player) -> Callable[..., Any]:
    def send(body: dict[str, str] | bytes, of: Player = player) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body)
        address = f"{base}/wallet/{of.pk}/transactions"
        return Client().post(address, data, content_type="application/json")

    return send


@pytest.fixture
def insist(post) -> Callable[..., Any]:
    """As the vendor does: what was not done in time is sent again."""

    def send(body: dict[str, str]) -> Any:
        for _ in range(20):
            answer = post(body)
            if answer.status_code != 503:
                return answer
        return answer

    return send


@pytest.fixture
def get(base) -> Callable[..., Any]:
    return lambda path: Client().get(f"{base}{path}")


def only() -> Delivery:
    return Delivery.objects.get()
