"""A partner's program with one player, and the waiting for what providers do in their own time."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import requests
from django.utils import timezone

from bets.models import Coupon
from bets.services import partners
from providers.models import ProviderAccount
from providers.sandbox.server import RunningSandbox
from tests.bets.conftest import money
from tests.factories.bets import a_partner, a_player, an_api_key
from webhooks.models import Delivery
from webhooks.services import processing

WITHIN_S = 15


class Shop:
    """A partner's program and the provider, with everything between them running."""

    def __init__(
        self,
        live_server: Any,
        sandbox: RunningSandbox,
        account: ProviderAccount,
        *,
        balance: str = "100.00",
        currency: str = "EUR",
    ) -> None:
        self.sandbox = sandbox
        self.account = account
        partner = a_partner("acme")
        partners.grant_access(partner=partner, account=account)
        self.player = a_player(partner, balance=balance, currency=currency)
        self._api = f"{live_server.url}/api/v1"
        self._key = an_api_key(partner)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        headers = {"Authorization": f"Api-Key {self._key}", **headers}
        return requests.request(method, self._api + path, json=body, headers=headers, timeout=60)

    def slip(self, **changes: Any) -> dict[str, Any]:
        """The body of a single of 10.00; the items are for each provider to say."""
        return {
            "player": str(self.player.pk),
            "provider_account": self.account.code,
            "type": "single",
            "stake": "10.00",
            "currency": self.player.currency,
            **changes,
        }

    def place(self, *, key: str = "", **changes: Any) -> Coupon:
        headers = {"Idempotency-Key": key or uuid4().hex}
        answer = self.send("POST", "/coupons", self.slip(**changes), **headers)
        assert answer.status_code in (201, 202), answer.text
        return Coupon.objects.get(pk=answer.json()["id"])

    def money(self) -> tuple[str, ...]:
        """Available, held and owed."""
        return money(self.player)


def eventually(found: Callable[[], object]) -> None:
    ends = time.monotonic() + WITHIN_S
    while not found():
        assert time.monotonic() < ends, "what was waited for did not happen"
        time.sleep(0.02)


def becomes(coupon: Coupon, *statuses: str) -> None:
    def is_it() -> bool:
        coupon.refresh_from_db()
        return coupon.status in statuses

    eventually(is_it)


def settle_told(coupon: Coupon, tell: Callable[[], object]) -> None:
    """Have the provider tell something, and the drainer settle what has come."""
    before = Delivery.objects.count()
    tell()
    eventually(lambda: Delivery.objects.count() > before)
    processing.drain(now=timezone.now())
    coupon.refresh_from_db()
