"""What staff ask of providers about coupons and players, over the admin's addresses."""

import re
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from bets.models import Coupon, LimitChange, Registration
from bets.services.placing import answers
from bets.services.players import limits
from providers.contract import Accepted, Rejected, Unknown
from providers.models import ProviderCall
from tests.bets.conftest import money
from tests.factories.bets import a_coupon, a_held_coupon
from tests.factories.staff import a_client

pytestmark = pytest.mark.django_db


def do(client, target, action, **data):
    name = f"admin:{target._meta.app_label}_{target._meta.model_name}_do"
    return client.post(reverse(name, args=[target.pk, action]), data, follow=True)


def page_of(client, target) -> str:
    name = f"admin:{target._meta.app_label}_{target._meta.model_name}_change"
    return client.get(reverse(name, args=[target.pk])).content.decode()


@pytest.fixture
def unknown(player, sports_account) -> Coupon:
    coupon = a_held_coupon(player, sports_account)
    with transaction.atomic():
        return answers.book_answer(coupon_id=coupon.pk, answer=Unknown(reason="lost"), actor="test")


@pytest.fixture
def accepted(player, sports_account) -> Coupon:
    coupon = a_held_coupon(player, sports_account)
    yes = Accepted(reference=str(coupon.pk))
    with transaction.atomic():
        return answers.book_answer(coupon_id=coupon.pk, answer=yes, actor="test")


# --- coupons ------------------------------------------------------------------------------------


def test_the_provider_is_asked_at_once(unknown, sportsbook, player) -> None:
    sportsbook.fates.append(Rejected(code="none", message="There is no such bet."))
    page = do(a_client("trader"), unknown, "ask").content.decode()
    assert "is rejected" in page
    unknown.refresh_from_db()
    assert unknown.status == "rejected"
    assert unknown.events.last().actor.startswith("staff:trader")
    assert money(player) == ("100.00", "0.00", "0.00")


def test_an_answer_that_is_not_clear_is_said_so(unknown, sportsbook) -> None:
    page = do(a_client("trader"), unknown, "ask").content.decode()
    assert "still gives no clear answer" in page
    assert "Still no clear answer. still nothing" in page


def test_who_cannot_be_asked_has_no_button(player, account, unknown, accepted) -> None:
    client = a_client("trader")
    assert "/do/ask/" in page_of(client, unknown)
    assert "/do/ask/" not in page_of(client, accepted)
    elsewhere = a_coupon(player, account, status="unknown")
    assert "/do/ask/" not in page_of(client, elsewhere)


def test_a_bet_is_returned_at_the_provider(accepted, sportsbook, player) -> None:
    page = do(a_client("finance"), accepted, "return-there", reason="Wrong event").content.decode()
    assert "was returned" in page
    assert sportsbook.asked[0][1][1] == "Wrong event"
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_refused_return_is_told_in_the_providers_words(accepted, sportsbook, player) -> None:
    sportsbook.returns.append(Rejected(code="late", message="It is settled there."))
    page = do(a_client("trader"), accepted, "return-there", reason="x").content.decode()
    assert "Not done: It is settled there." in page
    assert money(player) == ("90.00", "0.00", "0.00")


def test_an_unclear_return_is_not_called_done(accepted, sportsbook) -> None:
    sportsbook.returns.append(Unknown(reason="time-out"))
    page = do(a_client("trader"), accepted, "return-there", reason="x").content.decode()
    assert "is not returned yet" in page
    assert "no clear answer to a return" in page


def test_who_takes_nothing_back_has_no_button(player, account) -> None:
    page = page_of(a_client("trader"), a_coupon(player, account))
    assert "/do/return/" in page
    assert "/do/return-there/" not in page


def test_options_builders_and_taxes_are_shown_in_words(player, sports_account) -> None:
    coupon = a_coupon(
        player,
        sports_account,
        options={"overask": True, "share": "0.5"},
        provider_code="DEC4C0",
        stake_at_risk=Decimal("8.89"),
        excise=Decimal("1.11"),
        withholding=Decimal("2.00"),
    )
    legs = [{"selection": "Home", "odds": "1.50"}, {"selection": "Over", "odds": "2.00"}]
    coupon.items.update(selection="", requested_odds=None, event_id="", legs=legs)
    page = page_of(a_client("support"), coupon)
    assert re.search(r">\s*Overask\s*<[^>]*>\s*<[^>]*>\s*yes\s*<", page)
    assert re.search(r">\s*Share\s*<[^>]*>\s*<[^>]*>\s*0\.5\s*<", page)
    assert "Above the limit." not in page
    assert "Bet builder: Home at 1.50; Over at 2.00" in page
    assert "DEC4C0" in page
    assert all(amount in page for amount in ("8.89 EUR", "1.11 EUR", "2.00 EUR"))


def test_who_may_not_is_told_so_on_a_page(accepted) -> None:
    response = do(a_client("support"), accepted, "return-there", reason="x")
    assert response.status_code == 403
    assert "You may not do this" in response.content.decode()


# --- players ------------------------------------------------------------------------------------


def test_limits_are_set_with_a_reason_and_kept_in_the_history(
    player, sports_account, sportsbook
) -> None:
    client = a_client("risk")
    sent = {"account": sports_account.code, "prematch": "0.5", "live": "0", "reason": "Sharp"}
    page = do(client, player, "limits", **sent).content.decode()
    assert "is queued for fakesports-main" in page
    limits.send_due(now=timezone.now())
    do(client, player, "limits", **{**sent, "prematch": "2", "reason": "A mistake"})
    page = page_of(client, player)
    assert "Limit multipliers" in page
    assert all(word in page for word in ("0.50", "2.00", "confirmed", "queued", "A mistake"))
    assert LimitChange.objects.first().actor.startswith("staff:risk")


@pytest.mark.parametrize(
    "wrong",
    [{"prematch": "10.01"}, {"live": "-1"}, {"live": "0.001"}, {"reason": ""}, {"account": "x"}],
)
def test_wrong_limits_are_asked_for_again(player, sports_account, wrong) -> None:
    sent = {"account": sports_account.code, "prematch": "1", "live": "1", "reason": "r", **wrong}
    do(a_client("risk"), player, "limits", **sent)
    assert not LimitChange.objects.exists()


def test_a_player_is_registered(player, sports_account) -> None:
    client = a_client("support")
    page = do(client, player, "register", account=sports_account.code, reason="New").content
    assert b"is queued" in page
    assert Registration.objects.get().player == player
    assert "Registrations" in page_of(client, player)


def test_where_no_provider_has_them_there_are_no_buttons(player, account) -> None:
    page = page_of(a_client("risk"), player)
    assert "/do/limits/" not in page
    assert "/do/register/" not in page
    assert "Limit multipliers" not in page


def test_the_calls_about_a_player_are_on_the_page(player, sports_account) -> None:
    ProviderCall.objects.create(
        account=sports_account,
        operation="quote",
        method="POST",
        url="http://x/max-amount",
        subject_kind="player",
        subject_id=player.pk,
    )
    assert "/max-amount" in page_of(a_client("support"), player)
