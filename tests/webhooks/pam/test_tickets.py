"""Tickets of a vendor with one address: identified, created, reserved and discarded."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from bets.models import Coupon, Flag, Player, Tombstone
from bets.services.players import tokens
from providers.contract import Accepted, Rejected
from tests.bets.conftest import money
from tests.factories.bets import a_held_coupon, again
from tests.webhooks.pam.conftest import book, codes, houses, state
from webhooks.models import Delivery, DeliveryEffect

pytestmark = pytest.mark.django_db(transaction=True)

# --- the address --------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "/"])
def test_the_address_itself_is_a_route_with_and_without_a_slash(tell, pam, player, end):
    token = tokens.issue(player=player, account=pam, now=timezone.now())
    answer = tell("identify", token=token, end=end)
    assert answer.json() == [
        {"effect": "answered", "code": "", "player": player.external_id, "available": "100.00"}
    ]
    assert Delivery.objects.get().route == "/"


def test_a_token_that_stands_for_nobody_is_refused(tell, pam, player):
    past = timezone.now() - timedelta(hours=1)
    expired = tokens.issue(player=player, account=pam, now=past)
    for token in ("", "x" * 43, expired):
        answer = tell("identify", token=token)
        assert (answer.status_code, codes(answer)) == (400, ["unknown_user"])


# --- create -------------------------------------------------------------------------------------


def test_a_ticket_of_our_own_player_is_a_coupon_with_its_taxes(create, player):
    assert create().status_code == 200
    coupon = Coupon.objects.get()
    assert (coupon.status, coupon.origin, coupon.provider_code) == ("accepted", "wallet", "CODE-t1")
    assert (coupon.stake, coupon.stake_at_risk, coupon.excise) == (
        Decimal("10.00"), Decimal("8.89"), Decimal("1.11"),
    )  # fmt: skip
    assert money(player) == ("90.00", "0.00", "0.00")
    assert houses() == ("8.89", "1.11", "0.00", "0.00")


@pytest.mark.parametrize("status", ["pending", "unknown"])
def test_a_ticket_that_we_are_placing_takes_the_hold(create, player, pam, status):
    coupon = a_held_coupon(player, pam, status=status)
    assert create().status_code == 200
    now = Coupon.objects.get()
    assert (now.pk, now.status, now.provider_reference) == (coupon.pk, "accepted", "t1")
    assert (now.provider_code, now.excise, now.stake_at_risk) == (
        "CODE-t1", Decimal("1.11"), Decimal("8.89"),
    )  # fmt: skip
    assert money(player) == ("90.00", "0.00", "0.00")
    assert houses() == ("8.89", "1.11", "0.00", "0.00")
    assert create().json()[0]["effect"] == "repeated"
    assert money(player) == ("90.00", "0.00", "0.00")


def test_the_place_reply_after_the_ticket_books_nothing_more(create, player, pam):
    coupon = a_held_coupon(player, pam)
    create()
    book(coupon, Accepted(reference="t1", provider_code="CODE-t1", excise=Decimal("1.11")))
    assert state() == ("accepted", "")
    assert not Flag.objects.exists()
    assert houses() == ("8.89", "1.11", "0.00", "0.00")


def test_the_ticket_after_the_place_reply_is_a_repeat(create, player, pam):
    coupon = a_held_coupon(player, pam)
    taxed = Accepted(reference="t1", stake_at_risk=Decimal("8.89"), excise=Decimal("1.11"))
    book(coupon, taxed)
    assert houses() == ("8.89", "1.11", "0.00", "0.00")
    assert create().json()[0]["effect"] == "repeated"
    assert create(price="11.00").json()[0]["effect"] == "conflict"
    assert Coupon.objects.count() == 1
    assert money(player) == ("90.00", "0.00", "0.00")


def test_tickets_and_place_replies_at_once_take_each_hold_once(create, player, pam):
    stakes = ["1.00", "2.00", "3.00", "4.00"]
    coupons = [a_held_coupon(player, pam, stake=stake) for stake in stakes]
    start = Barrier(8)

    def race(number: int) -> None:
        coupon = coupons[number % 4]
        start.wait()
        try:
            if number < 4:
                assert create(f"t{number}", price=stakes[number]).status_code == 200
            else:
                book(coupon, Accepted(reference=f"t{number - 4}"))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(race, range(8)))
    assert set(Coupon.objects.values_list("status", "origin")) == {("accepted", "placed")}
    assert Coupon.objects.count() == 4
    assert money(player) == ("90.00", "0.00", "0.00")
    assert not Flag.objects.exists()


def test_the_ticket_of_a_coupon_that_was_rejected_is_refused(create, player, pam):
    coupon = a_held_coupon(player, pam, provider_reference="t1")
    book(coupon, Rejected(code="no", message="no"))
    answer = create()
    assert (answer.status_code, codes(answer)) == (400, ["coupon_closed"])
    assert money(player) == ("100.00", "0.00", "0.00")


def test_several_coupons_that_it_could_be_refuse_the_ticket_for_staff(create, player, pam):
    for _ in range(2):
        a_held_coupon(player, pam)
    for _ in range(2):
        answer = create()
        assert (answer.status_code, codes(answer)) == (400, ["ambiguous"])
    assert list(Flag.objects.values_list("kind", flat=True)) == ["wallet_call"] * 2
    assert money(player) == ("80.00", "20.00", "0.00")


def test_of_two_equal_coupons_each_ticket_is_the_one_that_it_names(create, player, pam):
    first, second = a_held_coupon(player, pam), a_held_coupon(player, pam)

    assert create("t1", coupon=str(second.pk)).status_code == 200
    assert create("t2", coupon=str(first.pk)).status_code == 200

    assert dict(Coupon.objects.values_list("pk", "provider_reference")) == {
        first.pk: "t2",
        second.pk: "t1",
    }
    assert money(player) == ("80.00", "0.00", "0.00")
    assert not Flag.objects.exists()


def test_the_ticket_of_a_coupon_that_is_closed_takes_no_other_hold(create, player, pam):
    closed, other = a_held_coupon(player, pam), a_held_coupon(player, pam)
    book(closed, Rejected(code="no", message="no"))

    assert create("t1", coupon=str(closed.pk)).status_code == 200

    other.refresh_from_db()
    assert (other.status, other.provider_reference) == ("pending", None)
    assert money(player) == ("80.00", "10.00", "0.00")


def test_of_two_equal_coupons_the_ticket_is_the_only_one_with_its_options(create, player, pam):
    coupons = [a_held_coupon(player, pam, options={"tag": tag, "n": 1}) for tag in ("a", "b", "c")]

    assert create("t1", options={"tag": "b"}).status_code == 200

    assert [again(each).provider_reference for each in coupons] == [None, "t1", None]


@pytest.mark.parametrize("tag", ["a", "other"])
def test_options_that_several_have_or_none_tell_nothing(create, player, pam, tag):
    for _ in range(2):
        a_held_coupon(player, pam, options={"tag": "a"})

    assert codes(create("t1", options={"tag": tag})) == ["ambiguous"]


@pytest.mark.parametrize(
    "changes",
    [{"stake": "9.00"}, {"provider_reference": "other"}, {"status": "accepted"}],
)
def test_no_other_coupon_is_taken_for_the_ticket(create, player, pam, changes):
    status = changes.pop("status", "pending")
    other = a_held_coupon(player, pam, **changes)
    if status == "accepted":
        book(other, Accepted(reference="other"))
    assert create().status_code == 200
    assert Coupon.objects.count() == 2
    assert Coupon.objects.get(provider_reference="t1").origin == "wallet"


def test_a_coupon_of_another_player_is_not_taken(create, player, pam, new_player):
    a_held_coupon(new_player("bob"), pam)
    create()
    assert money(player) == ("90.00", "0.00", "0.00")
    assert Coupon.objects.count() == 2


@pytest.mark.parametrize("changes", [{"excise": "10.00"}, {"excise": "-1"}, {"stake": "8.891"}])
def test_taxes_that_cannot_be_booked_refuse_the_ticket(create, player, changes):
    answer = create(**changes)
    assert (answer.status_code, codes(answer)) == (400, ["invalid_amount"])
    assert money(player) == ("100.00", "0.00", "0.00")


# --- reserve, discard ---------------------------------------------------------------------------


def test_a_reservation_moves_nothing(tell, player, pam):
    answer = tell("reserve", player="7", price="100.00")
    assert (answer.status_code, DeliveryEffect.objects.get().effect) == (200, "answered")
    assert not Coupon.objects.exists()
    a_held_coupon(player, pam, stake="100.00")
    assert tell("reserve", player="7", price="100.00").status_code == 200
    assert money(player) == ("0.00", "100.00", "0.00")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"player": "nobody"}, "unknown_user"),
        ({"price": "100.01"}, "insufficient_funds"),
        ({"price": "0"}, "invalid_amount"),
        ({"currency": "USD"}, "currency_mismatch"),
    ],
)
def test_a_reservation_that_could_not_be_paid_is_refused(tell, player, data, code):
    answer = tell("reserve", **{"player": "7", "price": "10.00", **data})
    assert (answer.status_code, codes(answer)) == (400, [code])


def test_a_blocked_player_reserves_nothing(tell, player):
    Player.objects.update(status="blocked")
    assert codes(tell("reserve", player="7", price="10.00")) == ["player_blocked"]


@pytest.mark.parametrize("status", ["pending", "unknown"])
def test_a_discard_releases_the_hold_for_good(tell, create, player, pam, status):
    a_held_coupon(player, pam, status=status, provider_reference="t1")
    assert tell("discard").json()[0]["effect"] == "applied"
    assert tell("discard").json()[0]["effect"] == "repeated"
    assert state() == ("rejected", "")
    assert money(player) == ("100.00", "0.00", "0.00")
    assert codes(create()) == ["coupon_closed"]
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_discard_of_a_taken_ticket_gives_everything_back(tell, create, player):
    create()
    assert tell("discard").json()[0]["effect"] == "applied"
    assert state() == ("returned", "")
    assert money(player) == ("100.00", "0.00", "0.00")
    assert houses() == ("0.00", "0.00", "0.00", "0.00")


def test_a_discard_that_comes_first_bars_the_ticket(tell, create, player):
    assert tell("discard").json()[0]["effect"] == "tombstone"
    assert codes(create()) == ["cancelled"]
    assert Tombstone.objects.count() == 1
    assert money(player) == ("100.00", "0.00", "0.00")
