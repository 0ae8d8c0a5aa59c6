from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from bets.models import Coupon, WalletTransaction
from tests.factories.bets import a_coupon, a_player, an_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def coupon() -> Coupon:
    player = a_player()
    return a_coupon(player, an_account(player.partner, provider="betflex"))


def a_row(of: Coupon, **changes: Any) -> WalletTransaction:
    fields = {
        "account": of.account,
        "transaction_id": "t1",
        "kind": "stake",
        "reference": "b1",
        "player_uid": "ada",
        "player": of.player,
        "coupon": of,
        "amount": Decimal("10.00"),
        "currency": "EUR",
        "digest": "d",
        "effect": "applied",
        "created_at": timezone.now(),
    }
    return WalletTransaction.objects.create(**{**fields, **changes})


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE bets_wallettransaction SET code = 'x'",
        "DELETE FROM bets_wallettransaction",
        "TRUNCATE bets_wallettransaction",
    ],
)
def test_a_transaction_is_kept_as_it_is(coupon, sql):
    a_row(coupon)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "payout", "effect": "refused"},
        {"transaction_id": "t2"},
        {"transaction_id": "t2", "kind": "other"},
        {"transaction_id": "t2", "kind": "payout", "effect": "kept"},
        {"transaction_id": "t2", "kind": "payout", "coupon": None},
        {"transaction_id": "t2", "kind": "payout", "player": None},
        {"transaction_id": "t2", "kind": "payout", "amount": Decimal(-1)},
    ],
    ids=["id twice", "stake twice", "kind", "effect", "no coupon", "no player", "negative"],
)
def test_the_database_refuses_what_cannot_be(coupon, changes):
    a_row(coupon)
    with pytest.raises(IntegrityError), transaction.atomic():
        a_row(coupon, **changes)


def test_a_refused_stake_stands_beside_the_one_that_was_taken(coupon):
    a_row(coupon)
    a_row(coupon, transaction_id="t2", effect="refused", code="already_staked", amount=None)
    assert WalletTransaction.objects.count() == 2


def test_the_same_id_at_another_account_is_another_transaction(coupon):
    a_row(coupon)
    a_row(coupon, account=an_account(provider="betflex"), kind="payout")
    assert WalletTransaction.objects.count() == 2
