from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

from bets.models import Coupon, Flag
from providers.contract import Done, NotSent, Rejected, Unknown
from tests.bets.conftest import money
from tests.factories.bets import a_coupon, a_partner, a_player
from tests.factories.problems import errors, problem

pytestmark = pytest.mark.django_db

WHY = {"reason": "Wrong event"}


@pytest.fixture
def accepted(api, slip, sports_account):
    """A placed and accepted coupon's id."""
    sent = slip(provider_account=sports_account.code)
    return lambda: api.post("/coupons", sent, key=uuid4().hex).json()["id"]


def test_a_returned_coupon(api, accepted, sportsbook, player) -> None:
    coupon_id = accepted()
    response = api.post(f"/coupons/{coupon_id}/return", WHY)
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["id"]) == ("returned", coupon_id)
    assert money(player) == ("100.00", "0.00", "0.00")
    ((_, (bet, reason)),) = sportsbook.asked
    assert (str(bet.coupon_id), bet.reference, reason) == (coupon_id, coupon_id, "Wrong event")
    events = Coupon.objects.get().events.all()
    assert [event.kind for event in events] == ["placed", "accepted", "note", "returned"]
    assert events.last().actor == "partner:acme"
    assert not Flag.objects.filter(resolved_at__isnull=True).exists()


def test_returning_it_again_changes_nothing(api, accepted, sportsbook, player) -> None:
    coupon_id = accepted()
    first = api.post(f"/coupons/{coupon_id}/return", WHY)
    again = api.post(f"/coupons/{coupon_id}/return", WHY)
    assert (again.status_code, again.content) == (200, first.content)
    assert len(sportsbook.asked) == 1


def test_a_provider_that_takes_nothing_back(api, slip, book) -> None:
    coupon_id = api.post("/coupons", slip(), key="k").json()["id"]
    problem(api.post(f"/coupons/{coupon_id}/return", WHY), 409, "return_not_supported")
    assert Coupon.objects.get().status == "accepted"


@pytest.mark.parametrize("status", ["pending", "unknown", "rejected", "referred"])
def test_what_is_no_bet_cannot_be_returned(api, player, sports_account, sportsbook, status) -> None:
    coupon = a_coupon(player, sports_account, status=status)
    problem(api.post(f"/coupons/{coupon.pk}/return", WHY), 409, "not_returnable")
    assert not sportsbook.asked


def test_a_no_of_the_provider_is_told_in_its_words(api, accepted, sportsbook, player) -> None:
    coupon_id = accepted()
    sportsbook.returns.append(Rejected(code="too_late", message="It has been settled."))
    body = problem(api.post(f"/coupons/{coupon_id}/return", WHY), 409, "return_refused")
    assert "It has been settled." in body["detail"]
    assert Coupon.objects.get().status == "accepted"
    assert money(player) == ("90.00", "0.00", "0.00")
    assert Flag.objects.get().resolved_at is not None


def test_a_provider_that_cannot_be_reached(api, accepted, sportsbook) -> None:
    coupon_id = accepted()
    sportsbook.returns.append(NotSent(code="rate_limited", message="10.1.2.3", retry_after_s=3))
    response = api.post(f"/coupons/{coupon_id}/return", WHY)
    problem(response, 503, "rate_limited")
    assert response["Retry-After"] == "3"
    assert b"10.1.2.3" not in response.content
    assert Coupon.objects.get().status == "accepted"
    assert not Flag.objects.filter(resolved_at__isnull=True).exists()


def test_refused_credentials_are_no_answer_to_a_return(api, accepted, sportsbook) -> None:
    coupon_id = accepted()
    sportsbook.returns += [Rejected(code="provider_access_denied", message="HTTP 401"), Done()]
    body = problem(api.post(f"/coupons/{coupon_id}/return", WHY), 503, "provider_access_denied")
    assert body["detail"] == "The provider did not accept our credentials."
    assert not Flag.objects.filter(resolved_at__isnull=True).exists()
    assert api.post(f"/coupons/{coupon_id}/return", WHY).json()["status"] == "returned"


@pytest.mark.parametrize("answer", [Unknown(reason="time-out"), RuntimeError("bug")])
def test_no_clear_answer_is_202_and_may_be_asked_again(
    api, accepted, sportsbook, player, answer
) -> None:
    coupon_id = accepted()
    sportsbook.returns.append(answer)
    response = api.post(f"/coupons/{coupon_id}/return", WHY)
    assert (response.status_code, response.json()["status"]) == (202, "accepted")
    assert money(player) == ("90.00", "0.00", "0.00")
    flag = Flag.objects.get()
    assert (flag.kind, flag.resolved_at) == ("return_unclear", None)
    again = api.post(f"/coupons/{coupon_id}/return", WHY)
    assert (again.status_code, again.json()["status"]) == (200, "returned")
    assert money(player) == ("100.00", "0.00", "0.00")
    flag.refresh_from_db()
    assert flag.resolved_at is not None


def test_a_no_after_no_clear_answer_is_left_to_staff(api, accepted, sportsbook) -> None:
    coupon_id = accepted()
    sportsbook.returns += [Unknown(reason="time-out"), Rejected(code="x", message="gone")]
    api.post(f"/coupons/{coupon_id}/return", WHY)
    problem(api.post(f"/coupons/{coupon_id}/return", WHY), 409, "return_refused")
    assert Flag.objects.get().resolved_at is None


def test_where_the_wallet_call_moves_the_money_nothing_is_posted(
    api, accepted, sportsbook, player
) -> None:
    coupon_id = accepted()
    sportsbook.wallet_moves = True
    response = api.post(f"/coupons/{coupon_id}/return", WHY)
    assert (response.status_code, response.json()["status"]) == (202, "accepted")
    assert money(player) == ("90.00", "0.00", "0.00")
    assert "wallet call" in Flag.objects.get(resolved_at__isnull=True).detail


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"reason": "required"}),
        ({"reason": ""}, {"reason": "blank"}),
        ({"reason": 1}, {"reason": "not_a_string"}),
        ({"reason": "x" * 501}, {"reason": "max_length"}),
        ({"reason": "x", "force": True}, {"force": "unknown_field"}),
    ],
)
def test_what_is_wrong_is_named(api, accepted, sportsbook, body, expected) -> None:
    assert errors(api.post(f"/coupons/{accepted()}/return", body)) == expected
    assert not sportsbook.asked


def test_another_partners_coupon_is_not_found(api, sports_account, sportsbook) -> None:
    theirs = a_coupon(a_player(a_partner()), sports_account)
    for coupon_id in (theirs.pk, uuid4(), "1"):
        problem(api.post(f"/coupons/{coupon_id}/return", WHY), 404, "not_found")
    assert not sportsbook.asked


@pytest.mark.django_db(transaction=True)
def test_many_returns_at_once_return_it_once(api, accepted, sportsbook, player) -> None:
    coupon_id, start = accepted(), Barrier(5)

    def slowly(_):
        assert not connection.in_atomic_block
        return Done()

    sportsbook.returns += [slowly] * 5

    def send(_: int) -> tuple[int, str]:
        start.wait(20)
        try:
            response = api.post(f"/coupons/{coupon_id}/return", WHY)
            return response.status_code, response.json()["status"]
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        replies = list(pool.map(send, range(5)))
    assert replies == [(200, "returned")] * 5
    assert len(sportsbook.asked) == 1
    assert money(player) == ("100.00", "0.00", "0.00")
