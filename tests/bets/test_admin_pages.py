"""Every page and list opens, and shows what it must."""

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from bets.models import CouponStatus, Flag, FlagKind
from bets.services.placing.placement import book_answer
from providers.contract import Accepted, Unknown
from tests.factories.bets import a_coupon, a_held_coupon, a_partner, a_player, an_account
from tests.factories.staff import a_client

pytestmark = pytest.mark.django_db


def _page(coupon) -> str:
    return reverse("admin:bets_coupon_change", args=[coupon.pk])


def _accepted(player, account):
    coupon = a_held_coupon(player, account)
    answer = Accepted(reference="77001", odds=Decimal("4.27"), potential_payout=Decimal("42.70"))
    return book_answer(coupon_id=coupon.pk, answer=answer, actor="partner:acme")


@pytest.fixture
def partner():
    return a_partner("acme")


@pytest.fixture
def account(partner):
    return an_account(partner, code="betcalc-eu")


@pytest.fixture
def ada(partner):
    return a_player(partner, external_id="ada", balance="100.00")


def test_an_accepted_coupon_tells_its_story(ada, account):
    coupon = _accepted(ada, account)

    page = a_client("support").get(_page(coupon)).content.decode()

    assert "Accepted by betcalc-eu on" in page
    assert "The stake of 10.00 EUR is with the house." in page
    assert "ada: held" in page
    assert "house: stakes (betcalc-eu)" in page


def test_an_unknown_coupon_says_when_it_is_looked_at_again(ada, account):
    coupon = a_held_coupon(ada, account)
    book_answer(coupon_id=coupon.pk, answer=Unknown(reason="time-out"), actor="partner:acme")

    page = a_client("support").get(_page(coupon)).content.decode()

    assert "No clear answer from betcalc-eu since" in page
    assert "The stake of 10.00 EUR is held in the wallet of ada." in page


@pytest.mark.parametrize("status", [s for s in CouponStatus.values if s != "settled"])
def test_a_page_opens_in_every_status(ada, account, status):
    coupon = a_coupon(ada, account, status=status)
    assert a_client().get(_page(coupon)).status_code == 200


def test_a_hostile_name_is_text(partner, account):
    hostile = "<script>alert(1)</script>"
    player = a_player(partner, external_id="x1", username=hostile)
    coupon = a_coupon(player, account)

    for url in (
        _page(coupon),
        reverse("admin:bets_player_change", args=[player.pk]),
        reverse("admin:bets_coupon_changelist"),
        reverse("admin:bets_player_changelist"),
    ):
        page = a_client().get(url).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_who_may_not_see_names_sees_the_partners_id(ada, account):
    coupon = a_coupon(ada, account)
    ada.username = "Ada Lovelace"
    ada.save()
    client = a_client("trader")

    for url in (
        _page(coupon),
        reverse("admin:bets_player_change", args=[ada.pk]),
        reverse("admin:bets_coupon_changelist"),
        reverse("admin:bets_player_changelist"),
    ):
        page = client.get(url).content.decode()
        assert "Lovelace" not in page
        assert "player ada" in page


def test_the_player_page_says_what_the_player_has(ada, account):
    _accepted(ada, account)

    page = a_client("support").get(reverse("admin:bets_player_change", args=[ada.pk]))

    text = page.content.decode()
    assert "ada is active and has 90.00 EUR to bet with." in text
    assert "+100.00 EUR" in text
    cash = text.split("Deposits and withdrawals</h3>")[1].split("</section>")[0]
    assert "+100.00 EUR" in cash
    assert "hold" not in cash


def test_the_queue_shows_what_is_open(ada, account):
    coupon = a_coupon(ada, account)
    Flag.objects.create(
        kind=FlagKind.RESULT_OVERDUE, coupon=coupon, account=account, detail="No result."
    )
    Flag.objects.create(
        kind=FlagKind.ORPHAN,
        account=account,
        reference="9",
        detail="Long gone.",
        resolved_at=timezone.now(),
    )
    client = a_client("support")
    url = reverse("admin:bets_flag_changelist")

    queue, resolved = client.get(url), client.get(url, {"state": "resolved"})

    assert "No result." in queue.content.decode()
    assert "Long gone." not in queue.content.decode()
    assert "Long gone." in resolved.content.decode()


def test_a_search_that_finds_one_coupon_opens_it(ada, account):
    coupon = a_coupon(ada, account, provider_reference="R-77")
    client = a_client("support")
    url = reverse("admin:bets_coupon_changelist")

    for term in (coupon.code, coupon.code.lower(), coupon.code[:6], "R-77", "ada", str(coupon.pk)):
        answer = client.get(url, {"q": term})
        assert answer.status_code == 302, term
        assert answer["Location"] == _page(coupon)


def test_an_unknown_page_is_404_and_not_an_error(ada):
    client = a_client()
    for wrong in ("00000000-0000-7000-8000-000000000000", "nonsense", "1"):
        assert client.get(f"/admin/bets/coupon/{wrong}/change/").status_code == 404
