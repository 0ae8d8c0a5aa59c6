"""The admin as a member of staff uses it."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from bets.models import Coupon, Result
from bets.services.following_up.by_hand import settle_by_hand
from bets.services.placing.placement import book_answer
from providers.contract import Accepted
from tests.browser.reading import cut_off, grave_faults
from tests.factories.bets import a_held_coupon, a_partner, a_player, an_account
from tests.factories.exchange import an_order
from tests.factories.providers import make_account
from webhooks.models import Delivery

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


SECRETS = ("api_key", "username", "password")


@pytest.fixture
def coupon() -> Coupon:
    partner = a_partner("acme")
    account = an_account(partner, code="betcalc-eu")
    player = a_player(partner, external_id="ada", balance="100.00")
    held = a_held_coupon(player, account)
    answer = Accepted(reference="77001", odds=Decimal("2.50"))
    with transaction.atomic():
        return book_answer(coupon_id=held.pk, answer=answer, actor="partner:acme")


def test_a_coupon_is_found_by_its_code(logged_in: Page, coupon: Coupon):
    logged_in.get_by_label("Find a coupon").fill(coupon.code.lower())
    logged_in.get_by_role("button", name="Find").click()

    expect(logged_in.get_by_role("heading", name=f"Coupon {coupon.code}")).to_be_visible()
    expect(logged_in.get_by_label("Summary")).to_contain_text("Accepted by betcalc-eu")


def test_a_delivery_is_replayed(logged_in: Page, live_server: Any, coupon: Coupon):
    delivery = Delivery.objects.create(
        account=coupon.account, route="api/bet/result", method="POST", body=b"not json",
        received_at=timezone.now(), status="parked", error="It is not JSON.",
    )  # fmt: skip
    logged_in.goto(f"{live_server.url}{reverse('admin:webhooks_delivery_changelist')}")
    logged_in.locator("#result_list tbody a").first.click()
    logged_in.get_by_role("link", name="Replay").click()
    logged_in.get_by_role("button", name="Replay").click()

    expect(logged_in.get_by_role("listitem").filter(has_text="Replayed.")).to_be_visible()
    assert delivery.replays.count() == 1


def test_nothing_is_cut_off_beside_the_sidebar_of_a_small_screen(
    logged_in: Page, live_server: Any, coupon: Coupon
):
    settle_by_hand(
        coupon_id=coupon.pk, result=Result.WON, payout=Decimal("25.00"),
        reason="Seen at the provider.", user=User(username="trader-with-a-long-name"),
        now=timezone.now(),
    )  # fmt: skip
    exchange = make_account("betflag", code="betflag", secrets=dict.fromkeys(SECRETS, "x"))
    order = an_order(
        coupon.partner, exchange, status="partly_matched", stake="1000.00", odds="900.00",
        market_id="813016",
    )  # fmt: skip
    logged_in.set_viewport_size({"width": 1280, "height": 900})
    for path in (
        reverse("admin:bets_coupon_changelist"),
        reverse("admin:bets_coupon_change", args=[coupon.pk]),
        reverse("admin:bets_player_change", args=[coupon.player_id]),
        reverse("admin:bets_exchangeorder_changelist"),
        reverse("admin:bets_exchangeorder_change", args=[order.pk]),
    ):
        logged_in.goto(f"{live_server.url}{path}")
        logged_in.wait_for_load_state("networkidle")
        assert cut_off(logged_in) == [], path


def test_nothing_grave_stands_in_the_way_of_a_reader(
    logged_in: Page, live_server: Any, coupon: Coupon
):
    for path in (
        reverse("admin:bets_coupon_changelist"),
        reverse("admin:bets_coupon_change", args=[coupon.pk]),
        reverse("admin:bets_coupon_do", args=[coupon.pk, "return"]),
        reverse("admin:index"),
    ):
        for scheme in ("light", "dark"):
            logged_in.emulate_media(color_scheme=scheme)
            logged_in.goto(f"{live_server.url}{path}")
            logged_in.wait_for_load_state("networkidle")
            assert grave_faults(logged_in) == [], f"{scheme} {path}"
