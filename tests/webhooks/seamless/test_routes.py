"""The routes of a seamless wallet, its answers and what they cost."""

from dataclasses import replace

import pytest
from django.test import Client

from providers import registry
from tests.factories.bets import a_held_coupon
from tests.webhooks.seamless.conftest import body_of, only
from webhooks.models import DeliveryEffect

pytestmark = pytest.mark.django_db

# --- routes -------------------------------------------------------------------------------------


def test_named_segments_reach_the_provider_and_the_path_is_kept(post, coupon, player):
    answer = post(body_of(coupon))
    assert answer.status_code == 200
    assert answer.json()["available"] == "90.00"
    assert (only().route, only().status) == (f"/wallet/{player.pk}/transactions", "processed")


def test_a_get_without_a_body_is_answered_and_stored_with_its_query(get, player):
    answer = get(f"/wallet/{player.pk}/balances?currencies=USD,EUR")
    assert (answer.status_code, answer.json()) == (200, {"code": "", "available": "100.00"})
    delivery = only()
    assert (delivery.method, delivery.query) == ("GET", "currencies=USD,EUR")
    assert (delivery.status, bytes(delivery.body)) == ("processed", b"")
    effect = DeliveryEffect.objects.get()
    assert (effect.effect, effect.coupon) == ("answered", None)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/wallet/{player}/balances?currencies=USD", "currency_mismatch"),
        ("/wallet/52bf5c7b-0965-43a1-88f5-517851258c81/balances", "unknown_user"),
        ("/wallet/7/balances", "unknown_user"),
        ("/wallet/{player}/transactions/none", "unknown_transaction"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(get, player, path, code):
    answer = get(path.format(player=player.pk))
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_transaction_is_found_again_by_its_own_player_only(post, get, coupon, player, new_player):
    told = post(body_of(coupon)).json()
    bob = new_player("bob")
    path = f"transactions/{coupon.pk}_stake"
    assert get(f"/wallet/{player.pk}/{path}").json() == told
    assert get(f"/wallet/{bob.pk}/{path}").status_code == 400


def test_a_refused_transaction_is_told_with_its_reason(post, get, coupon, player):
    post(body_of(coupon, amount="9.99"))
    answer = get(f"/wallet/{player.pk}/transactions/{coupon.pk}_stake")
    assert answer.json()["code"] == "amount_differs"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("get", "/wallet/x/transactions", "POST"),
        ("post", "/wallet/x/balances", "GET"),
        ("delete", "/wallet/x/transactions/y", "GET"),
    ],
)
def test_another_method_is_405_with_what_is_allowed(base, method, path, allowed):
    answer = getattr(Client(), method)(f"{base}{path}")
    assert (answer.status_code, answer["Allow"]) == (405, allowed)
    assert (only().error_code, only().route) == ("wrong_method", path)


@pytest.mark.parametrize(
    "path",
    ["", "/", "/wallet", "/wallet//balances", "/wallet/a/b/balances", "/wallet/x/balances/",
     f"/wallet/{'x' * 200}/balances"],
)  # fmt: skip
def test_any_other_path_is_404(base, path):
    assert Client().get(f"{base}{path}").status_code == 404
    assert only().error_code == "unknown_path"


def test_several_methods_may_share_an_address(monkeypatch, base, seamless):
    provider = registry.get("fakeseamless")
    first, *others = provider.routes
    monkeypatch.setattr(
        type(provider), "routes", (first, *(replace(route, path=first.path) for route in others))
    )
    answer = Client().delete(f"{base}/wallet/x/transactions")
    assert answer["Allow"] == "GET, POST"


# --- what it costs ------------------------------------------------------------------------------


def test_a_balance_costs_few_statements(get, player, django_assert_max_num_queries):
    get(f"/wallet/{player.pk}/balances")
    with django_assert_max_num_queries(8):
        get(f"/wallet/{player.pk}/balances")


def test_a_stake_costs_few_statements(post, player, seamless, django_assert_max_num_queries):
    post(body_of(a_held_coupon(player, seamless)))
    coupon = a_held_coupon(player, seamless)
    with django_assert_max_num_queries(19):
        post(body_of(coupon))
