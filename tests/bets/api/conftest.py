import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from bets.models import Partner, Player
from providers.models import ProviderAccount
from tests.factories.bets import an_api_key


class Api:
    """Speaks to the API as a partner's program does: bytes out, bytes in."""

    def __init__(self, key: str) -> None:
        self.headers = {"Authorization": f"Api-Key {key}"}
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, **params: str) -> HttpResponse:
        return self.client.get(f"/api/v1{path}", params, headers=self.headers)

    def put(self, path: str, body: Any) -> HttpResponse:
        return self.client.put(
            f"/api/v1{path}",
            json.dumps(body).encode(),
            content_type="application/json",
            headers=self.headers,
        )

    def post(self, path: str, body: Any, *, key: str | None = None, **headers: str) -> HttpResponse:
        """Send JSON, or bytes as they are."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        extra = {} if key is None else {"Idempotency-Key": key}
        return self.client.post(
            f"/api/v1{path}",
            sent,
            content_type=headers.pop("content_type", "application/json"),
            headers={**self.headers, **extra, **headers},
        )


@pytest.fixture
def api_of() -> Callable[[Partner], Api]:
    return lambda partner: Api(an_api_key(partner))


@pytest.fixture
def api(partner: Partner, api_of: Callable[[Partner], Api]) -> Api:
    return api_of(partner)


_ITEM = {"event_id": "586464528", "selection": "17|954|2.5", "odds": "4.27", "is_live": False}


@pytest.fixture
def slip(player: Player, account: ProviderAccount) -> Callable[..., dict[str, Any]]:
    """The body of a coupon; `...` leaves a field out."""

    def make(**changes: Any) -> dict[str, Any]:
        fields = {
            "player": str(player.pk),
            "provider_account": account.code,
            "type": "single",
            "stake": "10.00",
            "currency": "EUR",
            "odds_policy": "none",
            "items": [_ITEM],
        }
        fields = {**fields, **changes}
        return {name: value for name, value in fields.items() if value is not ...}

    return make
