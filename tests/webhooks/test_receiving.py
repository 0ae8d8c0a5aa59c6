import logging

import pytest
from django.db import connection
from django.test import Client
from django_q.models import OrmQ

from bets.models import Coupon, PartnerAccess
from providers import registry
from providers import services as providers
from providers.models import Lease
from tests.bets.conftest import money
from tests.webhooks.conftest import Caller, bets_body, head, heads_body, winners_body
from webhooks.models import Delivery, DeliveryEffect
from webhooks.services import processing

pytestmark = pytest.mark.django_db


@pytest.fixture
def fragile(monkeypatch):
    monkeypatch.setitem(registry.PROVIDERS, "fragile", "tests.fakes.fragile.Fragile")
    registry.get.cache_clear()
    yield registry.get("fragile")
    registry.get.cache_clear()


@pytest.fixture
def call_fragile(fragile, partner) -> Caller:
    account = providers.save_account(code="fragile", provider="fragile")
    PartnerAccess.objects.create(partner=partner, account=account)
    return Caller(account)


def token_of(caller: Caller) -> str:
    return caller.base.rsplit("/", 1)[1]


def test_an_error_of_ours_undoes_everything_and_is_told(call_fragile, fragile, player, caplog):
    fragile.at_reply.append(RuntimeError("boom"))
    with caplog.at_level(logging.CRITICAL):
        answer = call_fragile("/bets", bets_body((1, 7, "10.00")))
    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    assert money(player) == ("100.00", "0.00", "0.00")
    assert not Coupon.objects.exists()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.error) == ("parked", "RuntimeError: boom")
    assert (delivery.response_status, delivery.next_attempt_at) == (500, None)


def test_the_vendors_next_try_after_an_error_is_taken(call_fragile, fragile, player, caplog):
    fragile.at_reply.append(RuntimeError("boom"))
    with caplog.at_level(logging.CRITICAL):
        call_fragile("/bets", bets_body((1, 7, "10.00")))
    assert call_fragile("/bets", bets_body((1, 7, "10.00"))).status_code == 200
    assert money(player) == ("90.00", "0.00", "0.00")


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
def test_a_deadlock_is_tried_again_and_the_vendor_sees_nothing_of_it(
    call_fragile, fragile, player, sqlstate
):
    fragile.at_reply.extend([sqlstate, sqlstate])
    assert call_fragile("/bets", bets_body((1, 7, "10.00"))).status_code == 200
    assert money(player) == ("90.00", "0.00", "0.00")
    assert Delivery.objects.get().status == "processed"


def test_deadlock_after_deadlock_is_503_and_leaves_nothing(call_fragile, fragile, player, caplog):
    fragile.at_reply.extend(["40P01"] * 3)
    with caplog.at_level(logging.CRITICAL):
        answer = call_fragile("/bets", bets_body((1, 7, "10.00")))
    assert answer.status_code == 503
    assert money(player) == ("100.00", "0.00", "0.00")
    assert not Delivery.objects.exists()


def test_no_secret_is_stored(call_betcalc, betcalc):
    token = token_of(call_betcalc)
    address = providers.callback_base(account=betcalc)
    secrets = dict.fromkeys(
        ("authorization", "cookie", "x-api-key", "x-auth-token", "x-signature"), "s3cret"
    )
    body = {**heads_body(head("x")), "remote_host": address}
    answer = Client().post(
        f"{call_betcalc.base}/api/bet/result?from={token}",
        body,
        content_type="application/json",
        headers={**secrets, "x-original-uri": f"/webhooks/betcalc/{token}/api", "x-kept": "kept"},
    )
    assert answer.status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(d)::text, convert_from(body, 'UTF8') "
                       "FROM webhooks_delivery d")  # fmt: skip
        row, stored_body = cursor.fetchone()
    assert "s3cret" not in row
    assert token not in row
    assert token not in stored_body
    assert len(token) * "*" in stored_body
    assert Delivery.objects.get().headers["x-kept"] == "kept"


def test_what_is_starred_out_can_still_be_processed(call_betcalc, betcalc):
    body = {**heads_body(head("x")), "remote_host": providers.callback_base(account=betcalc)}
    call_betcalc("/api/bet/result", body)
    processing.process(delivery_id=Delivery.objects.get().pk)
    assert DeliveryEffect.objects.get().effect == "orphan"


@pytest.mark.parametrize("path", ["/%00", "/x%00y", "/bets%FF", "/" + "x" * 5000])
def test_a_strange_path_is_404_and_stored(call_betflex, path):
    answer = Client().post(call_betflex.base + path, b"{}", content_type="application/json")
    assert answer.status_code == 404
    assert Delivery.objects.get().error_code == "unknown_path"


@pytest.mark.parametrize("end", ["", "/"])
def test_the_bare_address_is_404_and_stored(call_betflex, end):
    assert Client().post(call_betflex.base + end, b"{}", content_type="a/b").status_code == 404
    assert Delivery.objects.get().error_code == "unknown_path"


@pytest.mark.parametrize(
    "path", ["/webhooks/betflex/wrong/bets", "/webhooks/nobody/x/bets", "/webhooks/betflex/%00/x"]
)
def test_a_wrong_token_is_answered_like_any_unknown_address(db, path):
    unknown = Client().post("/no/such/address", b"{}", content_type="application/json")
    answer = Client().post(path, b"{}", content_type="application/json")
    assert (answer.status_code, answer.content) == (404, unknown.content)
    assert not Delivery.objects.exists()


def test_the_content_type_does_not_matter(call_betflex, player):
    body = b'{"bets": []}'
    answer = Client().post(f"{call_betflex.base}/bets", body, content_type="text/plain")
    assert (answer.status_code, answer.json()["field"]) == (400, "bets")


def test_unknown_fields_are_kept_and_named(call_betflex, player):
    body = bets_body((1, 7, "10.00"))
    body["bets"][0]["bet"]["bonus"] = "5.00"
    assert call_betflex("/bets", body).status_code == 200
    assert Delivery.objects.get().unknown_fields == ["bets[].bet.bonus"]


def test_a_lost_wake_up_does_not_lose_the_delivery(call_betcalc):
    """The process died right after the delivery was committed, or its task got lost."""
    call_betcalc("/api/bet/result", heads_body(head("x")))
    OrmQ.objects.all().delete()
    call_betcalc("/api/bet/result", heads_body(head("y")))
    assert not OrmQ.objects.exists()
    Lease.objects.update(expires_at="2020-01-01T00:00:00Z")
    call_betcalc("/api/bet/result", heads_body(head("z")))
    assert OrmQ.objects.count() == 1
    assert Delivery.objects.filter(status="received").count() == 3


def test_a_thousand_results_cost_no_more_statements_than_ten(
    call_betflex, new_player, django_assert_max_num_queries
):
    new_player("7", balance="5000.00")
    call_betflex("/bets", bets_body(*((uid, 7, "1.00") for uid in range(1000))))
    with django_assert_max_num_queries(30):
        answer = call_betflex("/winners", winners_body(*((uid, "2.00") for uid in range(1000))))
    assert answer.status_code == 200
    assert DeliveryEffect.objects.filter(effect="applied").count() == 2000
