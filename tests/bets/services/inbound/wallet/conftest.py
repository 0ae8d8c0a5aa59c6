"""A seamless wallet, its transactions, and the ledger that is proved after each test."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from bets.models import Coupon, Flag, Partner, Player
from bets.services.following_up import resolution
from bets.services.inbound import entrance
from bets.services.placing import answers
from providers import registry
from providers.contract import Accepted, MoveKind, Outcome, Rejected, WalletMove
from providers.models import ProviderAccount
from tests.factories.bets import a_held_coupon, an_account
from wallets.verification import verify


@pytest.fixture(autouse=True)
def books_balance(db: None):
    """After every test the whole ledger is proved."""
    yield
    assert verify() == []


@pytest.fixture
def seamless(monkeypatch: pytest.MonkeyPatch, partner: Partner) -> ProviderAccount:
    monkeypatch.setitem(registry.PROVIDERS, "fakeseamless", "tests.fakes.seamless.FakeSeamless")
    registry.get.cache_clear()
    yield an_account(partner, provider="fakeseamless")
    registry.get.cache_clear()


@pytest.fixture
def coupon(player: Player, seamless: ProviderAccount) -> Coupon:
    """A pending coupon of 10.00 whose stake is held, known by our own id."""
    return a_held_coupon(player, seamless, item_odds=("2.50",))


@pytest.fixture
def send(seamless: ProviderAccount) -> Callable[..., list[Outcome]]:
    def deliver(*moves: WalletMove) -> list[Outcome]:
        with transaction.atomic():
            return entrance.carry_out(
                account=seamless, commands=moves, delivery_id=uuid4(), now=timezone.now()
            )

    return deliver


def a_move(coupon: Coupon, kind: MoveKind, amount: str = "10.00", **changes: object) -> WalletMove:
    move = WalletMove(
        id=f"{coupon.pk}_{kind}",
        kind=kind,
        reference=str(coupon.pk),
        player_uid=str(coupon.player_id),
        amount=Decimal(amount),
        currency="EUR",
    )
    return replace(move, **changes)


def a_stake(coupon: Coupon, **changes: object) -> WalletMove:
    return a_move(coupon, MoveKind.STAKE, **changes)


def a_payout(coupon: Coupon, amount: str, *, number: int = 0) -> WalletMove:
    return a_move(coupon, MoveKind.PAYOUT, amount, id=f"{coupon.pk}_settlement_{number}")


def a_clawback(coupon: Coupon, amount: str, *, number: int = 0) -> WalletMove:
    return a_move(coupon, MoveKind.CLAWBACK, amount, id=f"{coupon.pk}_clawback_{number}")


def a_rollback(coupon: Coupon, *, of: str | None = None, **changes: object) -> WalletMove:
    parent = a_stake(coupon).id if of is None else of
    return a_move(coupon, MoveKind.ROLLBACK, **{"parent_id": parent, **changes})


def told(outcomes: list[Outcome]) -> list[str]:
    return [f"{each.effect.value}:{each.code}".rstrip(":") for each in outcomes]


def state(coupon: Coupon) -> tuple[str, str]:
    now = Coupon.objects.get(pk=coupon.pk)
    return now.status, now.result


def flags() -> list[str]:
    return sorted(Flag.objects.values_list("kind", flat=True))


def book(coupon: Coupon, answer: Accepted | Rejected) -> None:
    with transaction.atomic():
        answers.book_answer(coupon_id=coupon.pk, answer=answer, actor="test")


def yes(coupon: Coupon, **terms: object) -> Accepted:
    return Accepted(reference=str(coupon.pk), **terms)


NO = Rejected(code="refused", message="no")


def returned(coupon: Coupon) -> None:
    resolution.return_coupon(
        coupon_id=coupon.pk, actor="staff:1", reason="void", now=timezone.now()
    )
