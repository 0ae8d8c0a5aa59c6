"""Deliveries in the admin: what came, replays, rehearsals, orphans."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from bets.models import CouponStatus, Flag, FlagKind
from bets.services.placing.placement import book_answer
from providers.contract import Accepted, Unknown
from tests.factories.bets import a_held_coupon, a_partner, a_player, an_account
from tests.factories.staff import a_client
from webhooks.models import Delivery, DeliveryEffect

pytestmark = pytest.mark.django_db

BET, GAME = "77001", "betflex"


@pytest.fixture
def account():
    return an_account(code="flex", provider="betflex", base_url="")


@pytest.fixture
def ada():
    return a_player(a_partner("acme"), external_id="ada", balance="100.00")


@pytest.fixture
def coupon(ada, account):
    held = a_held_coupon(ada, account, game=GAME)
    answer = Accepted(reference=BET)
    return book_answer(coupon_id=held.pk, answer=answer, actor="partner:acme")


def _cancel(account, reference=BET, **changes):
    pool = {"client": "c", "game": GAME, "uid": 1, "currency": "EUR", "status": "cancelled"}
    bet = {"uid": int(reference), "currency": "EUR", "amount": "10.00"}
    user = {"client": "c", "uid": "ada", "name": "n"}
    body = json.dumps({"pools": [{"pool": pool, "bets": [{"user": user, "bet": bet}]}]}).encode()
    fields = {"route": "/bets/cancel", "method": "POST", "body": body, "status": "parked",
              "received_at": timezone.now()}  # fmt: skip
    return Delivery.objects.create(account=account, **{**fields, **changes})


def _page(delivery):
    return reverse("admin:webhooks_delivery_change", args=[delivery.pk])


def _do(delivery, action):
    return reverse("admin:webhooks_delivery_do", args=[delivery.pk, action])


def test_a_hostile_body_is_text(account):
    delivery = _cancel(account, body=b'{"a": "</pre><script>alert(1)</script>"}')
    page = a_client().get(_page(delivery)).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe\x00", b"not json", b"[" * 5000, b'{"a": 2.50, "b": 1e400}', b'"\\ud800"'],
)
def test_any_body_is_shown(account, body):
    assert a_client().get(_page(_cancel(account, body=body))).status_code == 200


def test_numbers_keep_their_digits(account):
    page = a_client().get(_page(_cancel(account, body=b'{"amount": 2.50}'))).content.decode()
    assert "&quot;amount&quot;: 2.50" in page


def test_who_may_not_see_names_does_not_see_the_body(account):
    delivery = _cancel(account, body=b'{"name": "Lovelace"}')
    assert "Lovelace" not in a_client("trader").get(_page(delivery)).content.decode()
    assert "Lovelace" in a_client("support").get(_page(delivery)).content.decode()


def test_a_rehearsal_says_what_would_change_and_changes_nothing(account, coupon):
    delivery = _cancel(account)
    page = a_client("trader").post(_do(delivery, "rehearse")).content.decode()
    assert "Nothing was changed." in page
    assert "accepted → returned" in page
    coupon.refresh_from_db()
    assert coupon.status == CouponStatus.ACCEPTED


def test_a_rehearsal_of_what_breaks_says_with_what(account):
    delivery = _cancel(account, body=b"not json")
    answer = a_client("trader").post(_do(delivery, "rehearse"))
    assert answer.context["done"].message.startswith("A replay would fail: ")


def test_a_replay_is_done_and_names_who_did_it(account, coupon):
    delivery = _cancel(account)
    page = a_client("trader").post(_do(delivery, "replay"), follow=True).content.decode()
    assert "Replayed." in page
    coupon.refresh_from_db()
    assert coupon.status == CouponStatus.RETURNED
    assert delivery.replays.get().actor.startswith("staff:trader-")


def test_many_are_replayed_after_a_question(account, coupon):
    chosen = [_cancel(account), _cancel(account, reference="5")]
    url, client = reverse("admin:webhooks_delivery_changelist"), a_client("trader")
    choice = {"action": "replay_many", "_selected_action": [each.pk for each in chosen]}

    question = client.post(url, choice).content.decode()
    assert "Replay 2 deliveries" in question
    assert not chosen[0].replays.exists()

    client.post(url, {**choice, "confirmed": "1"})
    assert [each.replays.count() for each in chosen] == [1, 1]


def test_a_refused_delivery_offers_no_replay(account):
    delivery = _cancel(account, status="refused", response_status=400)
    assert "/do/replay/" not in a_client("trader").get(_page(delivery)).content.decode()


def test_the_page_of_a_coupon_shows_what_was_sent_about_it(account, coupon):
    delivery = _cancel(account)
    client = a_client("trader")
    client.post(_do(delivery, "replay"))
    page = client.get(reverse("admin:bets_coupon_change", args=[coupon.pk])).content.decode()
    assert _page(delivery) in page


def test_deliveries_are_found_by_reference_code_and_id(account, coupon):
    delivery, other = _cancel(account), _cancel(account, reference="5")
    client = a_client("trader")
    client.post(_do(delivery, "replay"))
    url = reverse("admin:webhooks_delivery_changelist")
    for term in (BET, coupon.code, str(delivery.pk)):
        found = [row.pk for row in client.get(url, {"q": term}).context["cl"].result_list]
        assert found == [delivery.pk], term
    assert other


def test_an_orphan_is_matched_with_an_unknown_coupon(account, ada):
    held = a_held_coupon(ada, account, game=GAME)
    unknown = book_answer(coupon_id=held.pk, answer=Unknown(reason="late"), actor="partner:acme")
    effect = DeliveryEffect.objects.create(
        delivery=_cancel(account, status="processed", processed_at=timezone.now()),
        position=0, reference=BET, effect="orphan",
    )  # fmt: skip
    Flag.objects.create(kind=FlagKind.ORPHAN, account=account, reference=BET, detail="Who?")
    url = reverse("admin:webhooks_deliveryeffect_do", args=[effect.pk, "match"])
    client = a_client("trader")

    wrong = client.post(url, {"coupon": "XXXXXXXXXX"}).content.decode()
    assert "There is no coupon with this code." in wrong

    client.post(url, {"coupon": unknown.code.lower()})
    unknown.refresh_from_db()
    assert unknown.provider_reference == BET
    assert unknown.status != CouponStatus.UNKNOWN


def test_an_orphan_says_what_it_is_and_what_to_do(account):
    effect = DeliveryEffect.objects.create(
        delivery=_cancel(account, status="processed", processed_at=timezone.now()),
        position=0, reference=BET, effect="orphan", code="unknown_bet",
    )  # fmt: skip
    Flag.objects.create(kind=FlagKind.ORPHAN, account=account, reference=BET, detail="Who?")
    address = reverse("admin:webhooks_deliveryeffect_change", args=[effect.pk])
    page = a_client("support").get(address).content.decode()
    assert "No money has moved." in page
    assert "a trader matches it with that coupon" in page
    assert "No coupon of this account has this reference." in page
    assert "unknown_bet" not in page
