"""What staff settle themselves, as a service and on the coupon's page."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bets.models import Coupon, Flag, Result, Settlement, TimelineEvent
from bets.services.coupon import flags
from bets.services.following_up import by_hand, resolution
from bets.services.following_up.by_hand import InvalidResult, NotSettled
from providers.contract import Accepted
from tests.bets.conftest import money
from tests.factories.bets import a_held_coupon
from tests.factories.staff import a_client, a_member
from wallets.verification import verify

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def books_balance(db: None):
    yield
    assert verify() == []


@pytest.fixture
def coupon(place, book) -> Coupon:
    book.answers.append(Accepted(reference="b1", potential_payout=Decimal("25.00")))
    return place(stake="10.00")


def member(username: str = "tess") -> User:
    return User.objects.get_or_create(username=username)[0]


def settle(
    coupon: Coupon,
    result: str,
    payout: str | None = None,
    reason: str = "seen",
    confirmed: str | None = None,
    username: str = "tess",
) -> Coupon:
    return by_hand.settle_by_hand(
        coupon_id=coupon.pk,
        result=Result(result),
        payout=None if payout is None else Decimal(payout),
        confirmed=None if confirmed is None else Decimal(confirmed),
        reason=reason,
        user=member(username),
        now=timezone.now(),
    )


@pytest.mark.parametrize(
    ("result", "payout", "available"),
    [
        ("won", "25.00", "115.00"),
        ("lost", None, "90.00"),
        ("lost", "0", "90.00"),
        ("refunded", None, "100.00"),
        ("refunded", "10", "100.00"),
        ("partly_refunded", "4.50", "94.50"),
    ],
)
def test_staff_settle_an_accepted_coupon(coupon, player, result, payout, available):
    settled = settle(coupon, result, payout)
    assert (settled.status, settled.result) == ("settled", result)
    assert money(player) == (available, "0.00", "0.00")
    row = Settlement.objects.get()
    assert (row.actor, row.reason, row.raw_result) == ("staff:tess", "seen", "settled by hand")
    event = TimelineEvent.objects.filter(kind="settled").get()
    assert event.actor == "staff:tess"


def test_staff_settle_a_settled_coupon_anew_and_a_repeat_does_nothing(coupon, player):
    for result, payout in (("won", "25.00"), ("lost", None), ("won", "25.00"), ("won", "25.00")):
        settle(coupon, result, payout)
    assert money(player) == ("115.00", "0.00", "0.00")
    assert Settlement.objects.count() == 3


@pytest.mark.parametrize(
    ("result", "payout", "field"),
    [
        ("won", None, "payout"),
        ("won", "0", "payout"),
        ("won", "-1", "payout"),
        ("won", "1.001", "payout"),
        ("won", "NaN", "payout"),
        ("lost", "1.00", "payout"),
        ("refunded", "9.99", "payout"),
        ("partly_refunded", None, "payout"),
        ("partly_refunded", "10.00", "result"),
        ("", "10.00", "result"),
    ],
)
def test_a_result_that_contradicts_itself_names_the_field(coupon, player, result, payout, field):
    with pytest.raises(InvalidResult) as refused:
        settle(coupon, result, payout)
    assert refused.value.field == field
    assert Coupon.objects.get().status == "accepted"
    assert money(player) == ("90.00", "0.00", "0.00")


@pytest.mark.parametrize("confirmed", [None, "25.00", "100.00"])
def test_more_than_the_potential_payout_is_asked_for_once_more(coupon, player, confirmed):
    with pytest.raises(InvalidResult) as refused:
        settle(coupon, "won", "1000.00", confirmed=confirmed)
    assert refused.value.field == "confirmed"
    assert "1000.00 EUR is above the potential payout of 25.00 EUR" in refused.value.message
    assert money(player) == ("90.00", "0.00", "0.00")


def test_more_than_the_potential_payout_is_flagged_for_somebody_else(coupon, player):
    settle(coupon, "won", "30.00", confirmed="30.00")
    assert money(player) == ("120.00", "0.00", "0.00")
    flag = Flag.objects.get(kind="payout_too_high", resolved_at=None)
    assert flag.coupon == coupon
    assert "30.00 EUR is above the potential payout of 25.00 EUR" in flag.detail
    assert TimelineEvent.objects.filter(kind="flagged").get().reason == flag.detail
    settle(coupon, "won", "31.00", confirmed="31.00")
    assert "31.00 EUR" in Flag.objects.get(kind="payout_too_high", resolved_at=None).detail
    settle(coupon, "won", "20.00")
    assert not Flag.objects.filter(resolved_at=None).exists()


def test_who_paid_too_much_may_not_resolve_the_flag_of_it(coupon):
    settle(coupon, "won", "30.00", confirmed="30.00")
    flag = Flag.objects.get()
    assert flag.caused_by == member()

    with pytest.raises(flags.SomebodyElseHasTo):
        flags.resolve(flag=flag, user=member(), note="It is fine", now=timezone.now())
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        Flag.objects.filter(pk=flag.pk).update(resolved_by=member(), resolved_at=timezone.now())
    assert Flag.objects.get().resolved_at is None

    flags.resolve(flag=flag, user=member("otto"), note="Seen the slip", now=timezone.now())
    assert Flag.objects.get().resolved_by == member("otto")


@pytest.mark.parametrize("username", ["tess", "otto"])
def test_entering_the_same_once_more_resolves_no_flag_of_it(coupon, username):
    settle(coupon, "won", "30.00", confirmed="30.00")

    settle(coupon, "won", "30.00", confirmed="30.00", username=username)

    flag = Flag.objects.get()
    assert (flag.resolved_at, flag.caused_by) == (None, member())


def test_the_flag_says_who_has_to_resolve_it(coupon):
    settle(coupon, "won", "30.00", confirmed="30.00")
    flag = Flag.objects.get()
    address = reverse("admin:bets_flag_change", args=[flag.pk])
    resolve = reverse("admin:bets_flag_do", args=[flag.pk, "resolve"])
    tess, otto = a_client("trader"), a_client("trader")
    Flag.objects.update(caused_by=tess.session["_auth_user_id"])
    name = Flag.objects.get().caused_by.username

    own, other = tess.get(address).content.decode(), otto.get(address).content.decode()
    listed = otto.get(reverse("admin:bets_flag_changelist")).content.decode()

    for page in (own, other):
        assert f"Somebody other than {name} has to resolve it" in page
    assert f"nobody, not for {name}" in listed
    assert (resolve in own, resolve in other) == (False, True)
    refused = tess.post(resolve, {"note": "Fine"}, follow=True).content.decode()
    assert "somebody else has to resolve it" in refused
    assert Flag.objects.get().resolved_at is None
    otto.post(resolve, {"note": "Fine"}, follow=True)
    assert Flag.objects.get().resolved_at is not None


def test_a_reason_is_asked_for(coupon):
    with pytest.raises(InvalidResult) as refused:
        settle(coupon, "lost", reason="  ")
    assert refused.value.field == "reason"


def test_a_coupon_without_an_answer_has_no_result(player, account):
    with pytest.raises(NotSettled):
        settle(a_held_coupon(player, account), "lost")
    assert money(player) == ("90.00", "10.00", "0.00")


def test_a_coupon_that_does_not_exist(db):
    with pytest.raises(Coupon.DoesNotExist):
        settle(Coupon(pk=uuid4()), "lost")


def test_what_was_overdue_leaves_the_queue(coupon):
    resolution.sweep(now=timezone.now() + timedelta(hours=73))
    assert Flag.objects.get(resolved_at=None).kind == "result_overdue"
    settle(coupon, "lost")
    flag = Flag.objects.get()
    assert flag.resolved_at is not None
    assert flag.resolution == "staff:tess: seen"


def test_the_page_settles_with_the_name_of_who_did_it(coupon, player):
    member = a_member("trader")
    client = Client()
    client.force_login(member)
    page = _do(client, coupon, result="won", payout="25.00", reason="The provider is down")
    assert "won and pays 25.00 EUR" in page.content.decode()
    assert money(player) == ("115.00", "0.00", "0.00")
    assert Settlement.objects.get().actor == f"staff:{member.username}"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"result": "won", "payout": ""}, "Say what the player gets in all."),
        ({"result": "lost", "payout": "3"}, "A lost coupon pays 0.00."),
        ({"result": "", "payout": "3"}, "This field is required."),
        ({"result": "won", "payout": "x"}, "Enter a number."),
    ],
)
def test_the_form_says_what_is_wrong_with_which_field(coupon, player, data, complaint):
    page = _do(a_client("finance"), coupon, **{"reason": "r", **data})
    assert complaint in page.content.decode()
    assert Coupon.objects.get().status == "accepted"


def test_the_form_names_the_coupon_and_asks_before_it_pays_too_much(coupon, player):
    client = a_client("trader")
    address = reverse("admin:bets_coupon_do", args=[coupon.pk, "settle"])
    asked = client.get(address).content.decode()
    for named in (coupon.code, player.external_id, "stake 10.00 EUR", "payout is 25.00 EUR"):
        assert named in asked
    assert "The payout once more" not in asked
    data = {"result": "won", "payout": "1000000", "reason": "r"}
    again = _do(client, coupon, **data).content.decode()
    assert "1000000.00 EUR is above the potential payout of 25.00 EUR" in again
    assert "The payout once more" in again
    wrong = _do(client, coupon, **data, confirmed="100000").content.decode()
    assert "The payout once more" in wrong
    assert money(player) == ("90.00", "0.00", "0.00")
    _do(client, coupon, **{**data, "payout": "30", "confirmed": "30"})
    assert money(player) == ("120.00", "0.00", "0.00")


def test_support_may_not_settle(coupon):
    assert _do(a_client("support"), coupon, result="lost", reason="r").status_code == 403


def test_the_first_page_leads_to_coupons_past_their_result(coupon):
    resolution.sweep(now=timezone.now() + timedelta(hours=73))
    client = a_client("trader")
    queue = f"{reverse('admin:bets_flag_changelist')}?kind__exact=result_overdue"
    assert queue in client.get(reverse("admin:index")).content.decode()
    assert coupon.code in client.get(queue).content.decode()


def _do(client: Client, coupon: Coupon, **data: str):
    return client.post(
        reverse("admin:bets_coupon_do", args=[coupon.pk, "settle"]), data, follow=True
    )
