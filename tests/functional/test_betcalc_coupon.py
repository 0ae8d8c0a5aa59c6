"""A coupon's whole way: partner API, betcalc, results on our address, ledger, and a change of mind.

Everything between the partner's program and the vendor runs, over real HTTP.
"""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from bets.models import Coupon, Flag, FlagKind, Settlement
from bets.services.following_up import polling, resolution
from bets.services.players import players
from providers import services as providers
from providers.sandbox.server import RunningSandbox
from tests.factories.providers import make_account
from tests.functional.shop import Shop, settle_told
from wallets import queries as ledger
from wallets.services import Purpose, house
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)

OVER = {"event_id": "586464528", "selection": "17|954|2.5", "odds": "4.27", "is_live": False}
LIVE = {"event_id": "586464528", "selection": "87|4|0", "odds": "1.12", "is_live": True}
WON, LOST = 2, 4
THREE_DAYS_S = 3 * 24 * 3600
UNTOUCHED, PLACED = ("100.00", "0.00", "0.00"), ("90.00", "0.00", "0.00")
PAID = ("132.70", "0.00", "0.00")


class CouponShop(Shop):
    def __init__(self, live_server: Any, sandbox: RunningSandbox) -> None:
        account = make_account(base_url=sandbox.url, settings={"public_url": live_server.url})
        super().__init__(live_server, sandbox, account)

    def slip(self, **changes: Any) -> dict[str, Any]:
        return super().slip(**{"items": [OVER], **changes})

    def set(self, **settings: str) -> None:
        providers.save_account(code=self.account.code, settings=settings)

    def outcome(self, coupon: Coupon, over: str, live: str = "random") -> None:
        """The matches end, and the vendor tells what became of its coupons."""
        self.sandbox.order_outcome("586464528", OVER["selection"], over)
        self.sandbox.order_outcome("586464528", LIVE["selection"], live)
        settle_told(coupon, self.sandbox.settle_all)

    def change(self, coupon: Coupon, status: int, *, after_s: int) -> None:
        """The vendor thinks otherwise, in a result that it dates so much later."""
        order = {"betcode": coupon.provider_reference, "status": status}
        at = int(time.time()) + after_s
        settle_told(
            coupon, lambda: self.sandbox.order("betcalc", "results", date_receive=at, **order)
        )

    def house(self, purpose: Purpose) -> Decimal:
        address = house(owner=self.account.code, purpose=purpose, currency="EUR")
        return ledger.house_balance(address=address)


@pytest.fixture
def shop(live_server, sandbox) -> CouponShop:
    return CouponShop(live_server, sandbox)


def told(coupon: Coupon) -> list[str]:
    return [event.kind for event in coupon.events.all()]


def test_a_coupon_is_placed_won_and_paid(shop) -> None:
    coupon = shop.place()
    (bet,) = shop.sandbox.bets("betcalc")
    assert (coupon.status, coupon.provider_reference) == ("accepted", bet["betcode"])
    assert (coupon.odds, coupon.potential_payout) == (Decimal("4.27"), Decimal("42.70"))
    assert bet["request"]["remote_host"].endswith(f"/{coupon.callback_key}")
    assert shop.money() == PLACED

    shop.outcome(coupon, "won")

    assert (coupon.status, coupon.result, coupon.payout) == ("settled", "won", Decimal("42.70"))
    assert shop.money() == PAID
    assert (shop.house(Purpose.STAKES), shop.house(Purpose.PAYOUTS)) == (
        Decimal("10.00"),
        Decimal("-42.70"),
    )
    assert told(coupon) == ["placed", "accepted", "settled"]
    assert Delivery.objects.get().status == "processed"
    answer = shop.send("GET", f"/coupons/{coupon.pk}").json()
    assert (answer["status"], answer["result"], answer["payout"]) == ("settled", "won", "42.70")
    assert shop.sandbox.client_errors() == []
    assert not Flag.objects.exists()


@pytest.mark.parametrize(
    ("over", "live", "result", "money"),
    [
        ("won", "won", "won", "137.82"),
        ("won", "lost", "lost", "90.00"),
        ("won", "void", "partly_refunded", "132.70"),
        ("void", "void", "refunded", "100.00"),
    ],
)
def test_an_express_is_settled_by_both_of_its_bets(shop, over, live, result, money) -> None:
    coupon = shop.place(type="express", items=[OVER, LIVE])
    assert coupon.status == "accepted"

    shop.outcome(coupon, over, live)

    assert (coupon.status, coupon.result) == ("settled", result)
    assert shop.money() == (money, "0.00", "0.00")


def test_a_result_that_never_came_is_asked_for(shop) -> None:
    nowhere = {"public_url": "http://127.0.0.1:9"}
    shop.set(poll_email="ann@example.com", **nowhere)
    coupon = shop.place()
    shop.sandbox.order_outcome("586464528", OVER["selection"], "won")
    shop.sandbox.settle_all()
    resolution.sweep(now=timezone.now() + timedelta(days=4))
    assert Flag.objects.get().kind == FlagKind.RESULT_OVERDUE

    assert polling.poll_due(now=timezone.now()) == 1

    coupon.refresh_from_db()
    assert (coupon.status, coupon.result, shop.money()) == ("settled", "won", PAID)
    assert not Flag.objects.filter(resolved_at=None).exists()
    assert not Delivery.objects.exists()


def test_a_win_that_is_a_loss_three_days_later_is_clawed_back(shop) -> None:
    coupon = shop.place()
    shop.outcome(coupon, "won")

    shop.change(coupon, LOST, after_s=THREE_DAYS_S)

    assert (coupon.status, coupon.result, coupon.payout) == ("settled", "lost", Decimal(0))
    assert shop.money() == PLACED
    assert shop.house(Purpose.PAYOUTS) == 0
    assert told(coupon) == ["placed", "accepted", "settled", "resettled"]
    assert Settlement.objects.filter(coupon=coupon).count() == 2


def test_a_loss_that_is_a_win_three_days_later_is_paid(shop) -> None:
    coupon = shop.place()
    shop.outcome(coupon, "lost")
    assert shop.money() == PLACED

    shop.change(coupon, WON, after_s=THREE_DAYS_S)

    assert (coupon.result, shop.money()) == ("won", PAID)


def test_winnings_that_are_spent_by_then_become_a_debt(shop) -> None:
    coupon = shop.place()
    shop.outcome(coupon, "won")
    players.withdraw(
        player=shop.player,
        amount=Decimal("132.70"),
        reference="all-of-it",
        actor="test",
        now=timezone.now(),
    )

    shop.change(coupon, LOST, after_s=THREE_DAYS_S)

    assert shop.money() == ("0.00", "0.00", "-42.70")
    assert Flag.objects.get().kind == "player_owes"


def test_an_older_result_that_comes_late_moves_nothing(shop) -> None:
    coupon = shop.place()
    shop.outcome(coupon, "won")

    shop.change(coupon, LOST, after_s=-THREE_DAYS_S)

    assert (coupon.result, shop.money()) == ("won", PAID)
    assert Settlement.objects.filter(disposition="superseded").count() == 1


def test_a_coupon_whose_answer_was_lost_comes_home_with_its_result(shop) -> None:
    shop.sandbox.order_fault("betcalc", "accept_then_timeout", call="place", seconds="0.1")
    coupon = shop.place()
    assert (coupon.status, shop.money()) == ("unknown", ("90.00", "10.00", "0.00"))

    shop.outcome(coupon, "won")

    assert (coupon.status, coupon.result) == ("settled", "won")
    assert coupon.provider_reference == shop.sandbox.bets("betcalc")[0]["betcode"]
    assert shop.money() == PAID


@pytest.mark.parametrize(
    ("placed_with", "settled_with"), [("real", "fixed:1000"), ("fixed:1000", "real")]
)
def test_a_result_is_read_as_the_coupon_was_placed(shop, placed_with, settled_with) -> None:
    shop.set(amount_mode=placed_with)
    coupon = shop.place()
    shop.set(amount_mode=settled_with)

    shop.outcome(coupon, "won")

    assert (coupon.status, coupon.payout) == ("settled", Decimal("42.70"))
    assert shop.money() == PAID


def test_a_coupon_without_an_answer_knows_what_was_told_of_it(shop) -> None:
    shop.set(amount_mode="fixed:1000")
    shop.sandbox.order_fault("betcalc", "accept_then_timeout", call="place", seconds="0.1")
    coupon = shop.place(type="express", items=[OVER, LIVE])
    shop.set(amount_mode="real")

    shop.outcome(coupon, "won", "void")

    assert (coupon.status, coupon.result) == ("settled", "partly_refunded")
    assert shop.money() == PAID


def test_a_refusal_gives_the_stake_back(shop) -> None:
    coupon = shop.place(items=[{**OVER, "odds": "9.99"}])

    assert (coupon.status, coupon.rejection["code"]) == ("rejected", "odds_changed")
    assert shop.money() == UNTOUCHED
    assert shop.sandbox.bets("betcalc") == []
