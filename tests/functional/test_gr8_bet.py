"""A bet's whole way at gr8: partner API, vendor, wallet calls, ledger, and back, over real HTTP."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from bets.models import Coupon, Flag
from bets.services.following_up import resolver
from bets.services.players import limits, registrations
from providers import services as providers
from providers.gr8.sandbox import SANDBOX
from providers.models import ProviderCall
from providers.sandbox.contract import Demo
from providers.sandbox.server import RunningSandbox
from tests.factories.providers import make_account
from tests.functional.shop import Shop, becomes, eventually

pytestmark = pytest.mark.django_db(transaction=True)

EVENT = "SportsbookAutotesteb648b2b-ba50-475e-9af6-bf6abb4140ab"
ITEM = {"event_id": EVENT, "selection": "[2,[],[0],1,3,[]]", "odds": "2.00"}
UNTOUCHED, PLACED = ("100.00", "0.00", "0.00"), ("90.00", "0.00", "0.00")


class Gr8Shop(Shop):
    def __init__(self, live_server: Any, sandbox: RunningSandbox, wallet_mode: str) -> None:
        demo = Demo.of(SANDBOX, sandbox_url=sandbox.url)
        account = make_account(
            "gr8",
            base_url=f"{sandbox.url}/gr8",
            settings={**demo.settings, "public_url": live_server.url, "wallet_mode": wallet_mode},
            secrets=dict(demo.secrets),
        )
        super().__init__(live_server, sandbox, account, currency="USD")
        if wallet_mode == "seamless":
            sandbox.target("gr8", providers.callback_base(account=account))

    def slip(self, **changes: Any) -> dict[str, Any]:
        return super().slip(**{"items": [ITEM], **changes})


@pytest.fixture
def shop(live_server, sandbox) -> Gr8Shop:
    """With the seamless wallet."""
    return Gr8Shop(live_server, sandbox, "seamless")


@pytest.fixture
def plain_shop(live_server, sandbox) -> Gr8Shop:
    """Without wallet calls."""
    return Gr8Shop(live_server, sandbox, "none")


# --- placing and results ------------------------------------------------------------------------


def test_the_hold_is_taken_by_the_wallet_call_and_the_result_is_paid(shop) -> None:
    coupon = shop.place()
    assert (coupon.status, coupon.provider_reference) == ("accepted", str(coupon.pk))
    assert (coupon.odds, coupon.potential_payout) == (Decimal(2), Decimal(20))
    assert shop.money() == PLACED
    kinds = [event.kind for event in coupon.events.all()]
    assert kinds == ["placed", "accepted", "note"]
    shop.sandbox.order("gr8", "settle", bet_id=str(coupon.pk), result="won")
    becomes(coupon, "settled")
    assert (coupon.result, shop.money()) == ("won", ("110.00", "0.00", "0.00"))
    shop.sandbox.order("gr8", "cancel_settle", bet_id=str(coupon.pk))
    eventually(lambda: shop.money() == PLACED)
    assert not Flag.objects.exists()
    assert shop.sandbox.client_errors() == []


def test_a_result_before_the_place_reply_is_paid_once(shop) -> None:
    shop.sandbox.order_fault("gr8", "settle_before_reply", call="wallet")
    coupon = shop.place()
    becomes(coupon, "settled")
    paid = coupon.payout
    assert Decimal(shop.money()[0]) == Decimal(90) + paid
    assert coupon.items.get().accepted_odds == Decimal(2)


def test_a_rollback_before_the_stake_rejects_and_releases(shop) -> None:
    shop.sandbox.order_fault("gr8", "rollback_first", call="wallet")
    coupon = shop.place()
    becomes(coupon, "rejected")
    assert shop.money() == UNTOUCHED


def test_repeated_wallet_calls_take_the_stake_once(shop) -> None:
    shop.sandbox.order_fault("gr8", "duplicate_callback", call="wallet")
    coupon = shop.place()
    assert (coupon.status, shop.money()) == ("accepted", PLACED)


def test_a_refusal_gives_the_stake_back(shop) -> None:
    shop.sandbox.order_fault("gr8", "reject", code="15")
    coupon = shop.place()
    assert (coupon.status, coupon.rejection["provider_code"]) == ("rejected", "15")
    assert shop.money() == UNTOUCHED


def test_a_bet_builder_with_options_is_taken(shop) -> None:
    offers = shop.sandbox.get("/gr8/offer")["offers"]
    by_event: dict[str, list[Any]] = {}
    for offer in offers:
        if not offer.get("blocked") and offer["event_id"] != EVENT and not offer["is_live"]:
            by_event.setdefault(offer["event_id"], []).append(offer)
    event, chosen = next((e, o[:2]) for e, o in by_event.items() if len(o) > 1)
    legs = [{"selection": each["selection"], "odds": f"{each['odds']:.2f}"} for each in chosen]
    item = {"event_id": event, "odds": "3.00", "legs": legs}
    coupon = shop.place(
        items=[item],
        odds_policy="any",
        options={"overask": True, "channel": "MOBILE_WEB", "amount_limit_relative": "0.5"},
    )
    (bet,) = shop.sandbox.bets("gr8")
    assert bet["channel"] == "MOBILE_WEB"
    assert len(bet["request"]["items"][0]["sourceOutcomes"]) == 2
    assert bet["request"]["amountLimitRelative"] == Decimal("0.5")
    assert (coupon.status, shop.money()) == ("accepted", PLACED)
    assert "verask" in coupon.events.get(kind="note").reason
    assert shop.sandbox.client_errors() == []


# --- quotes and returns -------------------------------------------------------------------------


def test_a_quote(shop) -> None:
    answer = shop.send("POST", "/coupons/quote", shop.slip())
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"max_stake", "vip", "reason"}
    assert Decimal(answer.json()["max_stake"]) > 0
    assert not Coupon.objects.exists()
    subjects = ProviderCall.objects.filter(operation="quote").values_list(
        "subject_kind", "subject_id"
    )
    assert list(subjects) == [("player", shop.player.pk)]


def test_where_the_wallet_moves_the_money_a_return_moves_it_once(shop) -> None:
    coupon = shop.place()
    answer = shop.send("POST", f"/coupons/{coupon.pk}/return", {"reason": "Wrong event"})
    assert answer.status_code in (200, 202), answer.text
    becomes(coupon, "returned")
    assert shop.money() == UNTOUCHED
    again = shop.send("POST", f"/coupons/{coupon.pk}/return", {"reason": "Wrong event"})
    assert (again.status_code, again.json()["status"]) == (200, "returned")
    assert shop.money() == UNTOUCHED


def test_returns_against_the_vendors_own_rollback_move_the_money_once(shop) -> None:
    coupon = shop.place()
    path, why = f"/coupons/{coupon.pk}/return", {"reason": "Wrong event"}
    with ThreadPoolExecutor(3) as pool:
        rolled = pool.submit(shop.sandbox.order, "gr8", "rollback", bet_id=str(coupon.pk))
        returns = [pool.submit(shop.send, "POST", path, why) for _ in range(2)]
        rolled.result()
        statuses = [each.result().status_code for each in returns]
    assert set(statuses) <= {200, 202}
    becomes(coupon, "returned")
    assert shop.money() == UNTOUCHED


def test_a_settled_bet_is_returned(shop) -> None:
    coupon = shop.place()
    shop.sandbox.order("gr8", "settle", bet_id=str(coupon.pk), result="won")
    becomes(coupon, "settled")
    shop.send("POST", f"/coupons/{coupon.pk}/return", {"reason": "Wrong event"})
    becomes(coupon, "returned")
    assert shop.money() == UNTOUCHED


def test_without_wallet_calls_the_return_moves_the_money(plain_shop) -> None:
    coupon = plain_shop.place()
    assert (coupon.status, plain_shop.money()) == ("accepted", PLACED)
    answer = plain_shop.send("POST", f"/coupons/{coupon.pk}/return", {"reason": "Wrong event"})
    assert (answer.status_code, answer.json()["status"]) == (200, "returned")
    assert plain_shop.money() == UNTOUCHED


# --- no clear answer ----------------------------------------------------------------------------


def test_a_bet_without_a_clear_answer_is_returned_after_its_grace(plain_shop) -> None:
    plain_shop.sandbox.order_fault("gr8", "accept_then_timeout", call="place", seconds="0.1")
    coupon = plain_shop.place()
    assert (coupon.status, plain_shop.money()) == ("unknown", ("90.00", "10.00", "0.00"))
    assert coupon.resolve_after >= coupon.placed_at + timedelta(seconds=150)
    assert resolver.ask_due(now=timezone.now()) == 0
    earlier = coupon.placed_at - timedelta(minutes=5)
    Coupon.objects.filter(pk=coupon.pk).update(placed_at=earlier)
    assert resolver.ask_due(now=coupon.resolve_after) == 1
    becomes(coupon, "rejected")
    assert plain_shop.money() == UNTOUCHED
    assert plain_shop.sandbox.bets("gr8")[0]["status"] == "returned"


def test_a_lost_reply_after_the_wallet_call_is_an_accepted_bet(shop) -> None:
    shop.sandbox.order_fault("gr8", "accept_then_timeout", call="place", seconds="0.1")
    coupon = shop.place()
    assert (coupon.status, shop.money()) == ("accepted", PLACED)
    assert not Flag.objects.exists()


# --- players ------------------------------------------------------------------------------------


def test_limits_and_registrations_reach_the_vendor(shop) -> None:
    path = f"/players/{shop.player.pk}"
    named = {"provider_account": shop.account.code}
    wanted = {**named, "prematch": "0.5", "live": "0.25", "reason": "Sharp"}
    assert shop.send("PUT", f"{path}/limits", wanted).json()["state"] == "queued"
    assert shop.send("POST", f"{path}/registrations", named).status_code == 202
    limits.send_due(now=timezone.now())
    registrations.send_due(now=timezone.now())
    told = shop.send("GET", f"{path}/limits?provider_account={shop.account.code}", None).json()
    assert (told["state"], told["error"]) == ("confirmed", None)
    registered = shop.send("GET", f"{path}/registrations", None).json()["results"]
    assert [each["state"] for each in registered] == ["confirmed"]
    known = str(shop.sandbox.get("/gr8/players"))
    assert str(shop.player.pk) in known
    assert shop.sandbox.client_errors() == []
