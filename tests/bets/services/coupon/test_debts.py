"""Writing off what a player owes."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from bets.models import Flag
from bets.services.coupon import debts
from bets.services.following_up import resolution
from bets.services.players import players
from tests.factories.bets import a_coupon, a_partner, a_player, an_account
from tests.factories.wallets import clawback, post_one
from wallets import queries as ledger
from wallets import services as posting

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    player = a_player(a_partner("acme"), external_id="ada", balance="100.00")
    post_one(clawback(player.wallet_id, "130.00"))
    return player


def _write_off(player, amount, request_id=None):
    return debts.write_off(
        player=player,
        amount=Decimal(amount),
        request_id=request_id or uuid4(),
        actor="staff:eve",
        reason="Goodwill",
        now=timezone.now(),
    )


def _owed(player) -> Decimal:
    return ledger.balances([player.wallet_id])[player.wallet_id].owed


def test_a_part_is_forgiven_at_the_cost_of_the_house(ada):
    _write_off(ada, "20.00")
    assert _owed(ada) == Decimal("-10.00")
    house = posting.house(owner="partner:acme", purpose=posting.Purpose.WRITE_OFFS, currency="EUR")
    assert ledger.house_balance(address=house) == Decimal("-20.00")


def test_the_same_request_again_moves_nothing(ada):
    request_id = uuid4()
    _write_off(ada, "20.00", request_id)
    assert _write_off(ada, "20.00", request_id).repeated
    assert _owed(ada) == Decimal("-10.00")


def _flag(player, account) -> Flag:
    coupon = a_coupon(player, account)
    return Flag.objects.create(
        kind="player_owes", coupon=coupon, account=account, detail="30.00 EUR"
    )


def _is_open(flag: Flag) -> bool:
    return Flag.objects.get(pk=flag.pk).resolved_at is None


def test_a_debt_that_is_forgiven_leaves_the_queue(ada):
    flag = _flag(ada, an_account(code="betcalc-eu"))
    _write_off(ada, "20.00")
    assert _is_open(flag)
    _write_off(ada, "10.00")
    assert not _is_open(flag)


def test_a_debt_that_a_deposit_pays_leaves_the_queue(ada):
    account = an_account(code="betcalc-eu")
    other = a_player(ada.partner, external_id="eve", balance="1.00")
    post_one(clawback(other.wallet_id, "2.00"))
    flag, others = _flag(ada, account), _flag(other, account)
    for amount, is_open in (("29.99", True), ("0.01", False)):
        players.deposit(
            player=ada,
            amount=Decimal(amount),
            reference=amount,
            actor="partner:acme",
            now=timezone.now(),
        )
        assert _is_open(flag) is is_open
    assert _is_open(others)


def test_the_sweep_finds_a_debt_that_was_paid_elsewhere(ada):
    flag = _flag(ada, an_account(code="betcalc-eu"))
    resolution.sweep(now=timezone.now())
    assert _is_open(flag)
    fund = posting.NewTransfer(
        source=posting.house(
            owner="partner:acme", purpose=posting.Purpose.ADJUSTMENTS, currency="EUR"
        ),
        destination=posting.available(ada.wallet_id),
        amount=Decimal("30.00"),
        currency="EUR",
        kind=posting.Kind.ADJUSTMENT,
        reference="adjustment/1",
        actor="staff:eve",
        collect=True,
    )
    posting.post(transfers=[fund])
    resolution.sweep(now=timezone.now())
    assert not _is_open(flag)


def test_more_than_is_owed_is_refused(ada):
    with pytest.raises(posting.ExceedsDebt):
        _write_off(ada, "30.01")
    assert _owed(ada) == Decimal("-30.00")
