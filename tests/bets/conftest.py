from collections.abc import Callable, Iterator
from decimal import Decimal
from hashlib import sha256
from uuid import uuid4

import pytest
from django.utils import timezone

from bets.models import Coupon, Partner, PartnerAccess, Player
from bets.services.placing import placement
from bets.services.placing.placement import PlacementRequest
from providers import registry
from providers.contract import CouponType, OddsPolicy, Selection
from providers.models import ProviderAccount
from tests.fakes.book import FakeBook, FakeSportsbook, FakeTickets, FakeWallet
from tests.fakes.exchange import FakeExchange
from wallets import services as wallets
from wallets.models import Account
from wallets.services import Kind, NewTransfer, Purpose


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBook]:
    monkeypatch.setitem(registry.PROVIDERS, "fakebook", "tests.fakes.book.FakeBook")
    registry.get.cache_clear()
    yield registry.get("fakebook")
    registry.get.cache_clear()


@pytest.fixture
def wallet_vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWallet]:
    monkeypatch.setitem(registry.PROVIDERS, "fakewallet", "tests.fakes.book.FakeWallet")
    registry.get.cache_clear()
    yield registry.get("fakewallet")
    registry.get.cache_clear()


@pytest.fixture
def sportsbook(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSportsbook]:
    monkeypatch.setitem(registry.PROVIDERS, "fakesports", "tests.fakes.book.FakeSportsbook")
    registry.get.cache_clear()
    yield registry.get("fakesports")
    registry.get.cache_clear()


@pytest.fixture
def tickets(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTickets]:
    monkeypatch.setitem(registry.PROVIDERS, "faketickets", "tests.fakes.book.FakeTickets")
    registry.get.cache_clear()
    yield registry.get("faketickets")
    registry.get.cache_clear()


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeExchange]:
    monkeypatch.setitem(registry.PROVIDERS, "fakeexchange", "tests.fakes.exchange.FakeExchange")
    registry.get.cache_clear()
    yield registry.get("fakeexchange")
    registry.get.cache_clear()


@pytest.fixture
def partner(db: None) -> Partner:
    return Partner.objects.create(code="acme", name="Acme")


def _account(partner: Partner, provider: str) -> ProviderAccount:
    account = ProviderAccount.objects.create(code=f"{provider}-main", provider=provider)
    account.callback_tokens.create(**_token(account))
    PartnerAccess.objects.create(partner=partner, account=account)
    return account


def _token(account: ProviderAccount) -> dict[str, bytes]:
    from providers import encryption  # noqa: PLC0415

    token = uuid4().hex
    return {"token": encryption.encrypt(token), "token_hash": encryption.keyed_hash(token)}


@pytest.fixture
def account(partner: Partner, book: FakeBook) -> ProviderAccount:
    return _account(partner, "fakebook")


@pytest.fixture
def wallet_account(partner: Partner, wallet_vendor: FakeWallet) -> ProviderAccount:
    return _account(partner, "fakewallet")


@pytest.fixture
def sports_account(partner: Partner, sportsbook: FakeSportsbook) -> ProviderAccount:
    return _account(partner, "fakesports")


@pytest.fixture
def tickets_account(partner: Partner, tickets: FakeTickets) -> ProviderAccount:
    return _account(partner, "faketickets")


@pytest.fixture
def exchange_account(partner: Partner, exchange: FakeExchange) -> ProviderAccount:
    return _account(partner, "fakeexchange")


@pytest.fixture
def new_player(partner: Partner) -> Callable[..., Player]:
    def create(external_id: str = "ada", *, balance: str = "100.00", currency: str = "EUR"):
        player = Player.objects.create(
            partner=partner,
            external_id=external_id,
            username=external_id,
            currency=currency,
            wallet_id=wallets.open_wallet(currency=currency),
        )
        if Decimal(balance):
            fund(player, balance)
        return player

    return create


def fund(player: Player, amount: str) -> None:
    wallets.post(
        transfers=[
            NewTransfer(
                source=wallets.house(
                    owner="acme", purpose=Purpose.DEPOSITS, currency=player.currency
                ),
                destination=wallets.available(player.wallet_id),
                amount=Decimal(amount),
                currency=player.currency,
                kind=Kind.DEPOSIT,
                reference=f"deposit/{uuid4()}",
                collect=True,
            )
        ]
    )


@pytest.fixture
def player(new_player: Callable[..., Player]) -> Player:
    return new_player()


@pytest.fixture
def place(partner: Partner, account: ProviderAccount, player: Player) -> Callable[..., Coupon]:
    def place_one(*, stake: str = "10.00", odds: tuple[str, ...] = ("2.50",), key: str = "", **kw):
        request = placement_request(player, account, stake=stake, odds=odds, **kw)
        placement.place(
            partner=partner,
            key=key or uuid4().hex,
            request=request,
            request_digest=sha256(repr(request).encode()).hexdigest(),
            now=timezone.now(),
            render=lambda coupon: str(coupon.pk).encode(),
        )
        return Coupon.objects.latest("id")

    return place_one


def placement_request(
    player: Player,
    account: ProviderAccount,
    *,
    stake: str = "10.00",
    odds: tuple[str, ...] = ("2.50",),
    **changes: object,
) -> PlacementRequest:
    values = {
        "player_id": player.pk,
        "provider_account": account.code,
        "type": CouponType.SINGLE if len(odds) == 1 else CouponType.EXPRESS,
        "system_size": None,
        "stake": Decimal(stake),
        "currency": "EUR",
        "odds_policy": OddsPolicy.NONE,
        "items": tuple(
            Selection(event_id=str(n), selection="1", odds=Decimal(odd), is_live=False)
            for n, odd in enumerate(odds)
        ),
    }
    return PlacementRequest(**{**values, **changes})


def money(player: Player) -> tuple[str, str, str]:
    """Available, held and owed."""
    found = dict(Account.objects.filter(wallet=player.wallet_id).values_list("kind", "balance"))
    return tuple(f"{found[kind]:.2f}" for kind in ("available", "held", "owed"))
