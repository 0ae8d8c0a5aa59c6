"""A bet that betflex takes from our player's wallet: bet, winner, cancel, over real HTTP."""

from decimal import Decimal
from typing import Any

import pytest

from bets.models import Coupon, Flag, Tombstone
from providers import services as providers
from providers.sandbox.server import RunningSandbox
from tests.factories.providers import make_account
from tests.functional.shop import Shop, eventually
from wallets import queries as ledger
from wallets.services import Purpose, house
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)

UNTOUCHED, PLACED = ("100.00", "0.00", "0.00"), ("90.00", "0.00", "0.00")
PAID = ("115.00", "0.00", "0.00")


class Lobby(Shop):
    """The vendor's own lobby, where our player bets."""

    def __init__(self, live_server: Any, sandbox: RunningSandbox) -> None:
        account = make_account(
            "betflex",
            base_url="",
            settings={"public_url": live_server.url},
            secrets={"jwt_key": "k" * 32},
        )
        super().__init__(live_server, sandbox, account)
        base = providers.callback_base(account=account)
        sandbox.target("betflex", base, jwt_key="k" * 32)

    def bet(self, **changes: Any) -> dict[str, Any]:
        """A bet of 10.00 at 2.50, and what our wallet answered."""
        who = {"uid": self.player.external_id, "currency": "EUR"}
        bet = {**who, "amount": "10.00", "odds": "2.50", "settle": False}
        return self.sandbox.post("/betflex/bet", {**bet, **changes})

    def settle(self, bet: dict[str, Any], payout: str) -> int:
        """What we answered to the winner."""
        order = {"bet_uid": bet["bet_uid"], "payout": payout}
        return self.sandbox.post("/betflex/settle", order)["answer"]["status"]

    def cancel(self, **bet: Any) -> int:
        """What we answered to the cancellation."""
        return self.sandbox.post("/betflex/cancel", bet)["answer"]["status"]

    def house(self) -> tuple[str, str]:
        """Stakes and payouts of the house."""
        code = self.account.code
        found = (
            ledger.house_balance(address=house(owner=code, purpose=each, currency="EUR"))
            for each in (Purpose.STAKES, Purpose.PAYOUTS)
        )
        return tuple(f"{balance:.2f}" for balance in found)


@pytest.fixture
def lobby(live_server, sandbox) -> Lobby:
    return Lobby(live_server, sandbox)


def state() -> tuple[str, str]:
    return Coupon.objects.values_list("status", "result").get()


def test_a_bet_is_taken_from_the_wallet_and_its_win_is_paid_to_it(lobby) -> None:
    bet = lobby.bet()

    assert bet["status"] == "accepted"
    coupon = Coupon.objects.get()
    assert (coupon.status, coupon.origin) == ("accepted", "wallet")
    assert (coupon.provider_reference, coupon.player) == (str(bet["bet_uid"]), lobby.player)
    assert (coupon.stake, coupon.potential_payout) == (Decimal(10), Decimal(25))
    assert (lobby.money(), lobby.house()) == (PLACED, ("10.00", "0.00"))

    assert lobby.settle(bet, "25.00") == 200

    assert (state(), lobby.money()) == (("settled", "won"), PAID)
    assert lobby.house() == ("10.00", "-25.00")
    assert set(Delivery.objects.values_list("status", flat=True)) == {"processed"}
    shown = lobby.send("GET", f"/coupons/{coupon.pk}").json()
    assert (shown["status"], shown["result"], shown["payout"]) == ("settled", "won", "25.00")
    assert not Flag.objects.exists()


@pytest.mark.parametrize(
    ("payout", "result", "available"),
    [("0", "lost", "90.00"), ("10.00", "refunded", "100.00"), ("25.00", "won", "115.00")],
)
def test_a_winner_that_comes_again_with_another_payout_corrects_the_first(
    lobby, payout, result, available
) -> None:
    bet = lobby.bet()
    for each in ("20.00", payout, payout):
        assert lobby.settle(bet, each) == 200

    assert (state(), lobby.money()) == (("settled", result), (available, "0.00", "0.00"))


def test_a_cancelled_bet_is_given_back_once(lobby) -> None:
    bet = lobby.bet()

    for _ in range(2):
        assert lobby.cancel(bet_uid=bet["bet_uid"]) == 200

    assert (state(), lobby.money()) == (("returned", ""), UNTOUCHED)
    assert lobby.house() == ("0.00", "0.00")


def test_a_paid_bet_that_is_cancelled_is_clawed_back(lobby) -> None:
    bet = lobby.bet()
    lobby.settle(bet, "25.00")

    assert lobby.cancel(bet_uid=bet["bet_uid"]) == 200

    assert (state(), lobby.money()) == (("returned", ""), UNTOUCHED)
    assert lobby.house() == ("0.00", "0.00")


def test_a_winner_of_a_cancelled_bet_pays_nothing_and_is_shown_to_staff(lobby) -> None:
    bet = lobby.bet()
    lobby.cancel(bet_uid=bet["bet_uid"])

    assert lobby.settle(bet, "25.00") == 200

    assert (state(), lobby.money()) == (("returned", ""), UNTOUCHED)
    assert Flag.objects.get().kind == "result_for_closed"


def test_a_cancellation_before_its_bet_bars_it(lobby) -> None:
    uid = lobby.player.external_id
    assert lobby.cancel(bet_uid=77, uid=uid, amount="10.00", currency="EUR") == 200
    assert Tombstone.objects.get().reference == "77"

    bet = lobby.bet(bet_uid=77)

    assert (bet["status"], bet["answer"]["status"]) == ("refused", 402)
    assert not Coupon.objects.exists()
    assert lobby.money() == UNTOUCHED


def test_a_player_without_the_money_bets_nothing(lobby) -> None:
    bet = lobby.bet(amount="100.01")

    assert (bet["status"], bet["answer"]["status"]) == ("refused", 402)
    assert "insufficient_funds" in bet["answer"]["body"]
    assert lobby.money() == UNTOUCHED


def test_calls_that_come_several_times_move_the_money_once(lobby) -> None:
    lobby.sandbox.order_fault("betflex", "duplicate_callback", call="bets")
    lobby.sandbox.order_fault("betflex", "duplicate_callback", call="winners")

    lobby.bet(result="won", settle=True, settle_after_s="600")
    eventually(lambda: answered("/bets") == 3)
    assert lobby.money() == PLACED
    lobby.sandbox.settle_all()
    eventually(lambda: answered("/winners") == 3)

    assert (state(), lobby.money()) == (("settled", "won"), PAID)
    assert lobby.house() == ("10.00", "-25.00")


def answered(route: str) -> int:
    return Delivery.objects.filter(route=route, status="processed").count()
