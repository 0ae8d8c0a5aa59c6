"""A seamless wallet over HTTP: its routes, its answers in time, and many calls at once."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from threading import Barrier, Event, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from bets.models import Coupon, Flag, Player, WalletTransaction
from bets.services import locks
from bets.services.answers import book_answer
from providers import registry
from providers import services as providers
from providers.contract import Accepted, Effect
from providers.models import ProviderAccount
from tests.bets.conftest import money
from tests.factories.bets import a_held_coupon, an_account
from wallets.verification import verify
from webhooks.models import Delivery, DeliveryEffect
from webhooks.services import replaying

pytestmark = pytest.mark.django_db

WITHIN_S = 2.0


@pytest.fixture
def seamless(monkeypatch, partner) -> Iterator[ProviderAccount]:
    monkeypatch.setitem(registry.PROVIDERS, "fakeseamless", "tests.fakes.seamless.FakeSeamless")
    registry.get.cache_clear()
    yield an_account(partner, provider="fakeseamless")
    registry.get.cache_clear()


@pytest.fixture
def base(seamless) -> str:
    return providers.callback_base(account=seamless).removeprefix("http://testserver")


@pytest.fixture
def coupon(player, seamless) -> Coupon:
    return a_held_coupon(player, seamless)


def body_of(coupon: Coupon, kind: str = "stake", amount: str = "10.00", **changes: str) -> dict:
    body = {"id": f"{coupon.pk}_{kind}", "kind": kind, "bet": str(coupon.pk), "amount": amount}
    return {**body, **changes}


@pytest.fixture
def post(base, player) -> Callable[..., Any]:
    def send(body: dict[str, str] | bytes, of: Player = player) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body)
        address = f"{base}/wallet/{of.pk}/transactions"
        return Client().post(address, data, content_type="application/json")

    return send


@pytest.fixture
def insist(post) -> Callable[..., Any]:
    """As the vendor does: what was not done in time is sent again."""

    def send(body: dict[str, str]) -> Any:
        for _ in range(20):
            answer = post(body)
            if answer.status_code != 503:
                return answer
        return answer

    return send


@pytest.fixture
def get(base) -> Callable[..., Any]:
    return lambda path: Client().get(f"{base}{path}")


def only() -> Delivery:
    return Delivery.objects.get()


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
        (f"/wallet/{uuid4()}/balances", "unknown_user"),
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


# --- many at once -------------------------------------------------------------------------------


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    start = Barrier(count)

    def run(number: int) -> Any:
        start.wait()
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.parametrize(
    ("kinds", "left"),
    [(["stake"], "90.00"), (["stake", "payout"], "115.00"), (["stake", "rollback"], "100.00")],
)
def test_eight_repeats_at_once_move_the_money_once_and_hear_the_same(
    transactional_db, insist, coupon, player, kinds, left
):
    for kind in kinds:
        amount = "25.00" if kind == "payout" else "10.00"
        body = body_of(coupon, kind, amount, parent=f"{coupon.pk}_stake")
        answers = at_once(8, lambda _, body=body: insist(body))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
    assert money(player) == (left, "0.00", "0.00")
    assert WalletTransaction.objects.count() == len(kinds)
    done = Delivery.objects.filter(status="processed")
    assert done.count() == 8 * len(kinds)
    assert verify() == []


def test_a_stake_and_its_rollback_at_once_leave_the_money_where_it_was(
    transactional_db, insist, player, seamless
):
    coupons = [a_held_coupon(player, seamless, stake="1.00") for _ in range(8)]

    def race(number: int) -> None:
        coupon = coupons[number % 4]
        kind = "stake" if number < 4 else "rollback"
        insist(body_of(coupon, kind, "1.00", parent=f"{coupon.pk}_stake"))

    at_once(8, race)
    for coupon in coupons[:4]:
        insist(body_of(coupon, "rollback", "1.00", parent=f"{coupon.pk}_stake"))
    states = set(Coupon.objects.filter(pk__in=[c.pk for c in coupons[:4]]).values_list("status"))
    assert states <= {("rejected",), ("returned",)}
    assert money(player) == ("96.00", "4.00", "0.00")
    assert verify() == []


def test_payouts_at_once_are_all_paid(transactional_db, insist, coupon, player):
    insist(body_of(coupon))
    at_once(8, lambda n: insist(body_of(coupon, "payout", "1.00", id=f"payout-{n}")))
    assert money(player) == ("98.00", "0.00", "0.00")
    assert Coupon.objects.get().payout == Decimal("8.00")
    assert verify() == []


def test_the_stake_and_the_place_reply_at_once_take_the_hold_once(
    transactional_db, insist, player, seamless
):
    coupons = [a_held_coupon(player, seamless, stake="1.00") for _ in range(4)]

    def race(number: int) -> None:
        coupon = coupons[number % 4]
        if number < 4:
            assert insist(body_of(coupon, amount="1.00")).status_code == 200
            return
        with transaction.atomic():
            answer = Accepted(reference=str(coupon.pk))
            book_answer(coupon_id=coupon.pk, answer=answer, actor="test")

    at_once(8, race)
    assert set(Coupon.objects.values_list("status", flat=True)) == {"accepted"}
    assert money(player) == ("96.00", "0.00", "0.00")
    assert not Flag.objects.exists()
    assert verify() == []


# --- in time ------------------------------------------------------------------------------------


@contextmanager
def held_by_another(lock: Callable[[], Any]) -> Iterator[None]:
    """Another connection holds a lock until the block ends."""
    locked, done = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            lock()
            locked.set()
            done.wait(timeout=30)
        connection.close()

    thread = Thread(target=hold)
    thread.start()
    assert locked.wait(timeout=10)
    try:
        yield
    finally:
        done.set()
        thread.join()


def lock_wallet(player: Player) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM wallets_account WHERE wallet_id = %s ORDER BY id FOR UPDATE",
            [player.wallet_id],
        )


LOCKS = {
    "the wallet": lambda coupon: lock_wallet(coupon.player),
    "the coupon": lambda coupon: locks.lock_coupon(coupon.pk),
    "the reference": lambda coupon: locks.lock_references(
        account_id=coupon.account_id, keys=[(str(coupon.pk), "")]
    ),
}


@pytest.mark.parametrize("what", LOCKS)
def test_a_stake_behind_a_lock_gets_a_definite_error_in_time(
    transactional_db, post, insist, coupon, player, what
):
    with held_by_another(lambda: LOCKS[what](coupon)):
        began = time.monotonic()
        answer = post(body_of(coupon))
        took = time.monotonic() - began
    assert took < WITHIN_S
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert (only().status, only().error_code) == ("parked", "busy")
    assert (Coupon.objects.get().status, WalletTransaction.objects.count()) == ("pending", 0)
    assert money(player) == ("90.00", "10.00", "0.00")
    assert insist(body_of(coupon)).status_code == 200
    assert money(player) == ("90.00", "0.00", "0.00")
    assert verify() == []


def test_a_request_behind_several_locks_in_turn_is_answered_in_time(
    transactional_db, post, coupon, player
):
    """No wait is longer than a statement may take; together they are too long."""

    def call() -> tuple[Any, float]:
        began = time.monotonic()
        try:
            return post(body_of(coupon)), time.monotonic() - began
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, held_by_another(lambda: lock_wallet(player)):
        with held_by_another(lambda: locks.lock_coupon(coupon.pk)):
            called = pool.submit(call)
            time.sleep(0.5)
        answer, took = called.result()
    assert 0.5 < took < WITHIN_S
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert money(player) == ("90.00", "10.00", "0.00")


def test_a_parked_stake_is_never_taken_late(transactional_db, post, coupon, player):
    with held_by_another(lambda: lock_wallet(player)):
        post(body_of(coupon))
    told = replaying.replay(delivery_ids=[only().pk], actor="staff:1")
    assert "not taken afterwards" in told[only().pk]
    assert money(player) == ("90.00", "10.00", "0.00")


def test_a_parked_payout_can_be_replayed_once(transactional_db, post, coupon, player):
    post(body_of(coupon))
    with held_by_another(lambda: lock_wallet(player)):
        assert post(body_of(coupon, "payout", "25.00")).status_code == 503
    parked = Delivery.objects.get(status="parked")
    replaying.replay(delivery_ids=[parked.pk], actor="staff:1")
    assert money(player) == ("115.00", "0.00", "0.00")
    assert post(body_of(coupon, "payout", "25.00")).status_code == 200
    assert money(player) == ("115.00", "0.00", "0.00")
    assert DeliveryEffect.objects.filter(effect=Effect.REPEATED).count() == 1


def test_a_balance_is_told_while_a_wallet_is_locked(transactional_db, get, player):
    with held_by_another(lambda: lock_wallet(player)):
        assert get(f"/wallet/{player.pk}/balances").json()["available"] == "100.00"


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


def test_an_orphaned_payout_is_matched_with_its_coupon_and_paid(
    transactional_db, post, player, seamless
):
    coupon = a_held_coupon(player, seamless, status="unknown")
    answer = post(body_of(coupon, "payout", "25.00", bet="theirs"))
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_bet")
    replaying.match_orphan(
        effect_id=DeliveryEffect.objects.get().pk,
        coupon_id=coupon.pk,
        actor="staff:1",
        now=timezone.now(),
    )
    assert money(player) == ("115.00", "0.00", "0.00")
    assert post(body_of(coupon, "payout", "25.00", bet="theirs")).status_code == 200
    assert money(player) == ("115.00", "0.00", "0.00")
    assert verify() == []


def test_a_replay_reads_the_path_again(post, coupon, player, seamless):
    stranger = body_of(coupon, "payout", "25.00", bet="theirs")
    assert post(stranger).status_code == 400
    Coupon.objects.filter(pk=coupon.pk).update(provider_reference="theirs")
    (change,) = replaying.rehearse(delivery_id=only().pk)
    assert change.outcome.effect is Effect.APPLIED
    replaying.replay(delivery_ids=[only().pk], actor="staff:1")
    assert money(player) == ("115.00", "0.00", "0.00")
