import json
from threading import Barrier, Thread

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client, override_settings

from bets.models import Coupon
from tests.bets.conftest import money
from tests.webhooks.conftest import bets_body, head, heads_body, winners_body
from webhooks.models import Delivery, DeliveryEffect
from webhooks.reading import BODY_LIMIT

pytestmark = pytest.mark.django_db


def only() -> Delivery:
    return Delivery.objects.get()


def test_a_bet_is_taken_and_the_delivery_says_so(call_betflex, player):
    answer = call_betflex("/bets", bets_body((1, 7, "10.00")), authorization="Bearer x")
    assert answer.status_code == 200
    assert "error" not in answer.json()
    assert money(player) == ("90.00", "0.00", "0.00")
    delivery = only()
    assert (delivery.status, delivery.route, delivery.response_status) == (
        "processed",
        "/bets",
        200,
    )
    assert json.loads(bytes(delivery.body)) == bets_body((1, 7, "10.00"))
    assert bytes(delivery.response_body) == answer.content
    assert delivery.headers["authorization"] == "[removed]"
    effect = DeliveryEffect.objects.get()
    assert (effect.effect, effect.coupon) == ("applied", Coupon.objects.get())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (bets_body((1, 7, "100.01")), "insufficient_funds"),
        (bets_body((1, 8, "1.00")), "unknown_user"),
    ],
)
def test_a_refusal_is_402_with_its_reason(call_betflex, player, body, code):
    answer = call_betflex("/bets", body)
    assert (answer.status_code, answer.json()["error"]) == (402, code)
    assert money(player) == ("100.00", "0.00", "0.00")


def test_other_content_is_409(call_betflex, player):
    call_betflex("/bets", bets_body((1, 7, "10.00")))
    answer = call_betflex("/bets", bets_body((1, 7, "11.00")))
    assert (answer.status_code, answer.json()["error"]) == (409, "conflicting_request")


def test_winners_pay_and_cancel_refunds(call_betflex, player):
    call_betflex("/bets", bets_body((1, 7, "10.00")))
    assert call_betflex("/winners", winners_body((1, "25.00"))).status_code == 200
    assert money(player) == ("115.00", "0.00", "0.00")
    assert call_betflex("/bets/cancel", winners_body((1, "0"))).status_code == 200
    assert money(player) == ("100.00", "0.00", "0.00")
    assert call_betflex("/winners", winners_body((1, "25.00"))).status_code == 200
    assert money(player) == ("100.00", "0.00", "0.00")


def test_winners_of_an_unknown_bet_are_told_to_come_again(call_betflex, player):
    answer = call_betflex("/winners", winners_body((5, "25.00")))
    assert answer.status_code >= 400
    assert DeliveryEffect.objects.get().effect == "orphan"


def test_a_result_is_acknowledged_and_waits_for_the_drainer(call_betcalc):
    answer = call_betcalc("/api/bet/result", heads_body(head("x")))
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert only().status == "received"


def test_the_coupons_key_may_stand_before_the_path(call_betcalc):
    assert call_betcalc("/some-key/api/bet/result", heads_body(head("x"))).status_code == 200
    assert (only().coupon_key, only().route) == ("some-key", "/api/bet/result")


def test_a_wrong_token_is_404_and_leaves_nothing(call_betflex):
    path = call_betflex.base.rsplit("/", 1)[0] + "/wrong/bets"
    assert Client().post(path, b"{}", content_type="application/json").status_code == 404
    assert not Delivery.objects.exists()


def test_a_token_of_another_provider_is_404(call_betflex):
    path = call_betflex.base.replace("/betflex/", "/betcalc/") + "/api/bet/result"
    assert Client().post(path, b"{}", content_type="application/json").status_code == 404
    assert not Delivery.objects.exists()


def test_an_unknown_path_below_a_good_token_is_404_and_stored(call_betflex):
    assert call_betflex("/nothing", {}).status_code == 404
    assert only().error_code == "unknown_path"


def test_another_method_is_405_and_stored(call_betflex):
    answer = Client().get(f"{call_betflex.base}/bets")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert (only().status, only().error_code) == ("refused", "wrong_method")


def test_a_body_over_the_limit_is_413_and_stored_without_it(call_betflex):
    assert call_betflex("/bets", b" " * (BODY_LIMIT + 1)).status_code == 413
    assert (only().error_code, bytes(only().body)) == ("too_large", b"")


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}'])
def test_what_is_not_json_is_400_and_stored(call_betflex, body):
    assert call_betflex("/bets", body).status_code == 400
    assert (only().status, bytes(only().body)) == ("refused", body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "bets"),
        ({"bets": {}}, "bets"),
        ([], ""),
        ({"bets": [{"user": {"uid": 7}, "pool": {"currency": "EUR"}}]}, "bets[0].bet"),
        (bets_body((1, 7, "ten")), "bets[0].bet.amount"),
        (bets_body((1, None, "1")), "bets[0].user.uid"),
    ],
)
def test_a_wrong_shape_is_400_naming_the_field(call_betflex, body, field):
    answer = call_betflex("/bets", body)
    assert answer.status_code == 400
    assert field in answer.content.decode()
    assert only().error_field.startswith(field)


def test_a_caller_off_the_list_is_refused_and_stored(call_betflex, betflex, player):
    betflex.settings = {"allowed_ips": "198.51.100.0/24"}
    betflex.save()
    assert call_betflex("/bets", bets_body((1, 7, "1.00"))).status_code in (401, 403)
    assert only().status == "refused"
    with override_settings(PROXY_COUNT=1):
        forwarded = {"x-forwarded-for": "203.0.113.9, 198.51.100.4"}
        answer = call_betflex("/bets", bets_body((1, 7, "1.00")), **forwarded)
    assert answer.status_code == 200


def test_what_came_is_never_changed(call_betflex, player):
    call_betflex("/bets", bets_body((1, 7, "10.00")))
    for change in ("body = ''", "route = 'x'", "headers = '{}'", "received_at = now()"):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE webhooks_delivery SET {change}")


def test_one_bet_costs_few_statements(call_betflex, player, django_assert_max_num_queries):
    call_betflex("/bets", bets_body((1, 7, "1.00")))
    with django_assert_max_num_queries(9):
        call_betflex("/bets", bets_body((2, 7, "1.00")))


def test_an_acknowledgement_costs_few_statements(call_betcalc, django_assert_max_num_queries):
    call_betcalc("/api/bet/result", heads_body(head("x")))
    with django_assert_max_num_queries(3):
        call_betcalc("/api/bet/result", heads_body(head("y")))


def test_every_bet_sent_three_times_at_once_is_taken_once(transactional_db, call_betflex, player):
    uids = range(30)
    barrier, answers = Barrier(6), []

    def send(worker: int) -> None:
        barrier.wait()
        for uid in uids:
            if uid % 2 == worker % 2:
                answer = call_betflex("/bets", bets_body((uid, 7, "1.00")))
                answers.append((uid, answer.status_code, answer.content))
        connection.close()

    threads = [Thread(target=send, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 90
    assert len(set(answers)) == 30
    assert {status for _, status, _ in answers} == {200}
    assert money(player) == ("70.00", "0.00", "0.00")
    assert (Coupon.objects.count(), Delivery.objects.count()) == (30, 90)
