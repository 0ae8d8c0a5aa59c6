"""A ticket's whole way: partner API, engine, webhook, ledger, and back, over real HTTP."""

from decimal import Decimal

import pytest
from django.utils import timezone

from bets.models import Coupon, Flag
from bets.services.following_up import resolver
from providers import services as providers
from providers.models import CallOutcome, ProviderCall
from tests.factories.superbet import SECRET, make_superbet
from tests.functional.shop import Shop, becomes, eventually, settle_told
from wallets import queries as ledger
from wallets.services import Purpose, house

pytestmark = pytest.mark.django_db(transaction=True)


class TicketShop(Shop):
    def __init__(self, live_server, sandbox) -> None:
        account = make_superbet(f"{sandbox.url}/superbet", public_url=live_server.url)
        super().__init__(live_server, sandbox, account, balance="50.00")
        target = {
            "callback_base": providers.callback_base(account=account),
            "signing_secret": SECRET,
        }
        sandbox.call("PUT", "/superbet/target", target)

    def setting(self, **settings: str) -> None:
        self.account = providers.save_account(code=self.account.code, settings=settings)

    def sell(self, *bets: str) -> Coupon:
        return self.place(
            type="single" if len(bets) == 1 else "express",
            items=[{"selection": bet} for bet in bets],
            options={"event": 100001, "source": "mobile"},
        )

    def order(self, what: str, coupon: Coupon, **details: str) -> None:
        """Have the engine do something to a ticket, and settle what it tells us of it."""
        order = {"ticket": coupon.provider_reference, **details}
        settle_told(coupon, lambda: self.sandbox.post(f"/superbet/{what}", order))

    def money(self) -> tuple[str, ...]:
        """What is available, held, and in the house accounts of this provider account."""
        purposes = (Purpose.STAKES, Purpose.EXCISE, Purpose.PAYOUTS, Purpose.WITHHOLDING)
        return (*super().money()[:2], *(f"{self._house(purpose):.2f}" for purpose in purposes))

    def _house(self, purpose: Purpose) -> Decimal:
        address = house(owner=self.account.code, purpose=purpose, currency="EUR")
        return ledger.house_balance(address=address)


@pytest.fixture
def shop(live_server, sandbox) -> TicketShop:
    return TicketShop(live_server, sandbox)


NOTHING = ("50.00", "0.00", "0.00", "0.00", "0.00", "0.00")
PLACED = ("40.00", "0.00", "8.89", "1.11", "0.00", "0.00")


@pytest.mark.parametrize("placement", ["reserve", "create"])
def test_a_ticket_is_placed_with_its_excise_and_pays_its_tax(shop, placement):
    shop.setting(placement=placement)

    coupon = shop.sell("101")

    assert (coupon.status, coupon.provider_reference) == (
        "accepted",
        shop.sandbox.bets("superbet")[0]["id"],
    )
    assert shop.money() == PLACED
    shop.order("results", coupon, result="won")
    assert (coupon.status, coupon.result, coupon.payout) == ("settled", "won", Decimal("12.09"))
    assert shop.money() == ("52.09", "0.00", "8.89", "1.11", "-12.45", "0.36")
    assert shop.sandbox.client_errors() == []
    assert not Flag.objects.exists()
    assert Coupon.objects.count() == 1


@pytest.mark.parametrize(
    ("result", "status", "money"),
    [("lost", "settled", PLACED), ("void", "settled", NOTHING), ("refunded", "settled", NOTHING)],
)
def test_results_without_a_win(shop, result, status, money):
    coupon = shop.sell("101", "102")

    shop.order("results", coupon, result=result)

    assert (coupon.status, shop.money()) == (status, money)


def test_a_win_is_withdrawn_and_lost(shop):
    coupon = shop.sell("101")
    shop.order("results", coupon, result="won")

    shop.order("rollback", coupon)
    assert (coupon.status, shop.money()) == ("accepted", PLACED)
    shop.order("results", coupon, result="lost")

    assert (coupon.status, coupon.result, shop.money()) == ("settled", "lost", PLACED)


def test_an_unknown_action_is_shown_to_staff(shop):
    coupon = shop.sell("101")

    shop.order("message", coupon, action="ticket_update")

    assert shop.account.seen_details.filter(name="action=ticket_update").exists()
    assert (coupon.status, shop.money()) == ("accepted", PLACED)


def test_a_lost_payment_is_found_out(shop):
    shop.sandbox.order_fault("superbet", "paid_lost")
    coupon = shop.sell("101")
    assert coupon.status == "unknown"
    assert shop.money()[:2] == ("40.00", "10.00")

    resolver.ask_now(coupon_id=coupon.pk, actor="test", now=timezone.now())

    coupon.refresh_from_db()
    assert (coupon.status, shop.money()) == ("accepted", PLACED)


def test_a_reservation_that_is_never_paid_expires_and_releases_the_hold(shop):
    shop.sandbox.post("/superbet/settings", {"reserve_expires_s": "0.5"})
    shop.sandbox.order_fault("superbet", "connection_reset", call="paid")
    coupon = shop.sell("101")
    assert coupon.status == "unknown"
    eventually(lambda: shop.sandbox.bets("superbet")[0]["status"] == "cancelled")

    resolver.ask_now(coupon_id=coupon.pk, actor="test", now=timezone.now())

    coupon.refresh_from_db()
    assert (coupon.status, shop.money()) == ("rejected", NOTHING)


def test_a_lost_reservation_is_released_at_once(shop):
    shop.sandbox.order_fault("superbet", "connection_reset")

    coupon = shop.sell("101")

    assert coupon.status == "rejected"
    assert coupon.rejection["code"] == "provider_no_clear_answer"
    assert "connection was reset" in coupon.rejection["message"]
    assert shop.money() == NOTHING
    calls = ProviderCall.objects.filter(subject_id=coupon.pk).order_by("id")
    assert list(calls.values_list("operation", "outcome")) == [
        ("reserve", CallOutcome.UNKNOWN),
        ("tickets", CallOutcome.OK),
    ]


def test_a_created_ticket_that_is_given_up_is_refunded(shop):
    shop.setting(placement="create")
    shop.sandbox.order_fault("superbet", "discard", call="create")

    coupon = shop.sell("101")

    becomes(coupon, "returned", "rejected")
    assert shop.money() == NOTHING


def test_a_player_without_the_money_sells_nothing(shop):
    for _ in range(5):
        shop.sell("101")

    coupon = shop.sell("101")

    assert (coupon.status, coupon.rejection["code"]) == ("rejected", "insufficient_funds")
    assert len(shop.sandbox.bets("superbet")) == 5
