import json
from collections.abc import Callable
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client

from bets.models import Partner, PartnerAccess, Player
from providers import services as providers
from providers.models import ProviderAccount
from tests.bets.conftest import fund
from wallets import services as wallets


@pytest.fixture
def partner(db: None) -> Partner:
    return Partner.objects.create(code="acme", name="Acme")


@pytest.fixture
def betflex(partner: Partner) -> ProviderAccount:
    account = providers.save_account(code="betflex", provider="betflex")
    PartnerAccess.objects.create(partner=partner, account=account)
    return account


@pytest.fixture
def betcalc(partner: Partner) -> ProviderAccount:
    account = providers.save_account(
        code="betcalc",
        provider="betcalc",
        base_url="http://127.0.0.1:9",
        secrets={"login": "a", "password": "b"},
    )
    PartnerAccess.objects.create(partner=partner, account=account)
    return account


@pytest.fixture
def new_player(partner: Partner) -> Callable[..., Player]:
    def create(external_id: str = "7", *, balance: str = "100.00") -> Player:
        player = Player.objects.create(
            partner=partner,
            external_id=external_id,
            username=f"player {external_id}",
            currency="EUR",
            wallet_id=wallets.open_wallet(currency="EUR"),
        )
        if Decimal(balance):
            fund(player, balance)
        return player

    return create


@pytest.fixture
def player(new_player: Callable[..., Player]) -> Player:
    return new_player()


class Caller:
    """A provider that calls an account's address."""

    def __init__(self, account: ProviderAccount) -> None:
        self.base = providers.callback_base(account=account).removeprefix("http://testserver")

    def __call__(self, path: str, body: object, **headers: str):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Client().post(
            f"{self.base}{path}", data, content_type="application/json", headers=headers
        )


@pytest.fixture
def call_betflex(betflex: ProviderAccount) -> Caller:
    return Caller(betflex)


@pytest.fixture
def call_betcalc(betcalc: ProviderAccount) -> Caller:
    return Caller(betcalc)


def bets_body(*bets: tuple[object, object, str]) -> dict[str, object]:
    """Bets as (uid, user, amount)."""
    return {
        "bets": [
            {
                "user": {"client": "c", "uid": user, "ip": "192.0.2.7"},
                "pool": {
                    "client": "c",
                    "currency": "EUR",
                    "game": "betflex",
                    "uid": 1,
                    "overdraw": "25.00",
                },
                "bet": {"uid": uid, "amount": amount},
            }
            for uid, user, amount in bets
        ]
    }


def winners_body(*bets: tuple[object, str], currency: str = "EUR") -> dict[str, object]:
    """Bets as (uid, payout)."""
    return {
        "pools": [
            {
                "pool": {"client": "fanteam", "game": "betflex", "uid": 1, "currency": currency},
                "bets": [
                    {
                        "user": {"client": "c", "uid": "7", "name": "n"},
                        "bet": {
                            "uid": uid,
                            "currency": currency,
                            "amount": "10.00",
                            "payout": payout,
                            "result": "done",
                        },
                    }
                    for uid, payout in bets
                ],
            }
        ]
    }


def head(bar_code: str, *, status: int = 2, ext: int = 0, amount: object = 1, date: str = "1"):
    return {
        "KeyHead": {"Id": "1", "BarCode": bar_code},
        "Status": status,
        "ExtStatus": ext,
        "AmountOut": amount,
        "DateReceive": date,
    }


def heads_body(*heads: dict[str, object]) -> dict[str, object]:
    return {"remote_host": "https://mysite.com", "Heads": list(heads)}


def new_reference() -> str:
    return uuid4().hex[:10]
