from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from bets.models import Partner, Player, PlayerStatus
from bets.services.players import players
from bets.services.players.players import CashMovement, PlayerExists, PlayerNotActive
from tests.factories.bets import a_partner, a_player
from wallets.models import Account, Transfer, Wallet
from wallets.queries import balances
from wallets.services import InsufficientFunds, ReferenceConflict, UnknownCurrency

pytestmark = pytest.mark.django_db


def move(service: Callable[..., CashMovement], player: Player, amount: str, reference: str = "r"):
    return service(
        player=player,
        amount=Decimal(amount),
        reference=reference,
        actor="partner:acme",
        now=timezone.now(),
    )


def available(player: Player) -> Decimal:
    return balances([player.wallet_id])[player.wallet_id].available


def test_a_new_player_has_an_empty_wallet_in_the_currency() -> None:
    player = players.create_player(
        partner=a_partner(), external_id="p1", username="Ada", currency="JPY"
    )
    wallet = balances([player.wallet_id])[player.wallet_id]
    assert (wallet.available, wallet.held, wallet.owed) == (0, 0, 0)
    assert wallet.currency == "JPY"
    assert player.status == PlayerStatus.ACTIVE


def test_an_external_id_is_taken_once_per_partner_and_leaves_no_second_wallet() -> None:
    partner = a_partner()
    a_player(partner, external_id="p1")
    with pytest.raises(PlayerExists):
        players.create_player(partner=partner, external_id="p1", username="B", currency="EUR")
    assert Wallet.objects.count() == 1
    assert a_player(a_partner(), external_id="p1").pk


def test_an_unknown_currency_leaves_nothing() -> None:
    with pytest.raises(UnknownCurrency):
        players.create_player(partner=a_partner(), external_id="p1", username="A", currency="ZZZ")
    assert not Player.objects.exists()
    assert not Wallet.objects.exists()


def test_a_repeated_deposit_tells_the_same_and_moves_nothing() -> None:
    player = a_player()
    first = move(players.deposit, player, "10.00")
    move(players.deposit, player, "5.00", "other")
    again = move(players.deposit, player, "10.0")
    assert (first.repeated, again.repeated) == (False, True)
    assert (again.amount, again.available, again.created_at) == (
        first.amount,
        first.available,
        first.created_at,
    )
    assert available(player) == Decimal("15.00")


def test_a_reference_with_another_amount_is_a_conflict() -> None:
    player = a_player()
    move(players.deposit, player, "10.00")
    with pytest.raises(ReferenceConflict):
        move(players.deposit, player, "10.01")
    assert available(player) == Decimal("10.00")


def test_one_reference_serves_a_deposit_a_withdrawal_and_another_player() -> None:
    one, other = a_player(), a_player()
    assert not move(players.deposit, one, "10.00").repeated
    assert not move(players.withdraw, one, "10.00").repeated
    assert not move(players.deposit, other, "10.00").repeated


@pytest.mark.parametrize("reference", ["a#owed", "a#collected", "../../coupon/1/hold", "%"])
def test_a_reference_cannot_reach_the_forms_that_the_ledger_keeps(reference: str) -> None:
    player = a_player()
    assert not move(players.deposit, player, "10.00", reference).repeated
    assert Transfer.objects.get().reference == f"player/{player.pk}/{reference}/deposit"


def test_a_withdrawal_that_emptied_the_wallet_can_be_repeated() -> None:
    player = a_player(balance="10")
    move(players.withdraw, player, "10.00")
    assert move(players.withdraw, player, "10.00").repeated
    with pytest.raises(InsufficientFunds):
        move(players.withdraw, player, "0.01", "next")


@pytest.mark.parametrize(
    ("status", "code", "may_withdraw"),
    [
        (PlayerStatus.BLOCKED, "player_blocked", False),
        (PlayerStatus.SELF_EXCLUDED, "player_self_excluded", True),
        (PlayerStatus.CLOSED, "player_closed", True),
    ],
)
def test_the_status_decides_what_may_move(status, code: str, may_withdraw: bool) -> None:
    player = a_player(balance="10")
    move(players.deposit, player, "1.00", "before")
    players.set_status(player=player, status=status, actor="staff:eve")
    with pytest.raises(PlayerNotActive) as refused:
        move(players.deposit, player, "1.00")
    assert refused.value.code == code
    assert move(players.deposit, player, "1.00", "before").repeated
    if may_withdraw:
        assert move(players.withdraw, player, "11.00").available == 0
    else:
        with pytest.raises(PlayerNotActive):
            move(players.withdraw, player, "11.00")
        assert available(player) == Decimal("11.00")


def test_a_deposit_pays_a_debt_first() -> None:
    player = a_player()
    Account.objects.filter(wallet=player.wallet_id, kind="owed").update(balance=Decimal("-4"))
    movement = move(players.deposit, player, "10.00")
    assert (movement.collected, movement.available) == (Decimal("4.00"), Decimal("6.00"))
    again = move(players.deposit, player, "10.00")
    assert (again.collected, again.available) == (Decimal("4.00"), Decimal("6.00"))


@pytest.mark.django_db(transaction=True)
def test_one_player_created_many_times_at_once_exists_once() -> None:
    partner = a_partner()
    start = Barrier(6)

    def create(_: int) -> str:
        try:
            start.wait(10)
            _create(partner)
        except PlayerExists:
            return "exists"
        finally:
            connection.close()
        return "created"

    with ThreadPoolExecutor(6) as pool:
        results = sorted(pool.map(create, range(6)))
    assert results == ["created"] + ["exists"] * 5
    assert (Player.objects.count(), Wallet.objects.count()) == (1, 1)


def _create(partner: Partner) -> Player:
    return players.create_player(partner=partner, external_id="p1", username="A", currency="EUR")


@pytest.mark.django_db(transaction=True)
def test_concurrent_withdrawals_cannot_overdraw_and_repeats_agree() -> None:
    player = a_player(balance="10")
    start = Barrier(8)

    def take(number: int) -> str:
        try:
            start.wait(10)
            # Four references, each sent twice at once; the wallet holds two of them.
            return str(move(players.withdraw, player, "5.00", f"r{number % 4}").repeated)
        except InsufficientFunds:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        results = sorted(pool.map(take, range(8)))
    assert results == ["False"] * 2 + ["True"] * 2 + ["refused"] * 4
    assert available(player) == 0
