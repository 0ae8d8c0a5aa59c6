"""A seamless wallet answers in time, whoever holds a lock."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction

from bets.models import Coupon, Player, WalletTransaction
from bets.services.coupon import locks
from providers.contract import Effect
from tests.bets.conftest import money
from tests.webhooks.seamless.conftest import body_of, only
from wallets.verification import verify
from webhooks.models import Delivery, DeliveryEffect
from webhooks.services import replaying

pytestmark = pytest.mark.django_db

WITHIN_S = 2.0


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
