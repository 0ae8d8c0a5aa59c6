"""What the database itself refuses, whoever asks."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from bets.models import Coupon, CouponStatus, Settlement, TimelineEvent
from bets.models.coupons import NEXT

pytestmark = pytest.mark.django_db


@pytest.fixture
def coupon(place) -> Coupon:
    return place(stake="10.00")


def refused(sql: str, *params: object) -> None:
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, params)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (before, after)
        for before in CouponStatus.values
        for after in CouponStatus.values
        if after != before and after not in NEXT[before]
    ],
)
def test_a_coupon_takes_no_step_that_is_not_in_the_table(coupon, before, after):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE bets_coupon SET status = %s, result = %s, payout = 0, rejection = %s",
            [
                before,
                "lost" if before == "settled" else "",
                "{}" if before == "rejected" else None,
            ],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    refused(
        "UPDATE bets_coupon SET status = %s, result = %s, rejection = %s",
        after,
        "lost" if after == "settled" else "",
        "{}" if after == "rejected" else None,
    )


@pytest.mark.parametrize(
    "change",
    [
        "stake = 1",
        "currency = 'USD'",
        "type = 'express'",
        "callback_key = 'x'",
        "status = 'lost'",
        "result = 'won'",
        "odds = 0.5",
        "payout = -1",
        "system_size = 2",
        "rejection = '{}'",
    ],
)
def test_a_coupon_refuses(coupon, change):
    refused(f"UPDATE bets_coupon SET {change}")


@pytest.mark.parametrize("table", ["bets_coupon", "bets_settlement", "bets_timelineevent"])
def test_history_is_not_deleted(coupon, table):
    Settlement.objects.create(
        coupon=coupon,
        version=1,
        disposition="applied",
        result="lost",
        actor="test",
        created_at=coupon.placed_at,
    )
    refused(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", ["bets_settlement", "bets_timelineevent"])
def test_history_is_not_rewritten_or_emptied(coupon, table):
    Settlement.objects.create(
        coupon=coupon,
        version=1,
        disposition="applied",
        result="lost",
        actor="test",
        created_at=coupon.placed_at,
    )
    refused(f"UPDATE {table} SET actor = 'somebody else'")
    refused(f"TRUNCATE {table} CASCADE")


def test_two_coupons_cannot_have_one_reference(place, book):
    one, two = place(), place()
    refused(
        "UPDATE bets_coupon SET provider_reference = %s WHERE id = %s",
        one.provider_reference,
        two.pk,
    )


def test_an_event_needs_somebody_who_did_it(coupon):
    with pytest.raises(DatabaseError):
        TimelineEvent.objects.create(
            coupon=coupon, kind="note", actor="", created_at=coupon.placed_at
        )


def test_a_coupon_needs_a_stake(coupon):
    coupon.pk, coupon.code, coupon.callback_key = None, "X", "x"
    coupon.provider_reference, coupon.stake = None, Decimal(0)
    with pytest.raises(DatabaseError):
        coupon.save(force_insert=True)
