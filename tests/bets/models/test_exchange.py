"""What the database itself refuses of orders at an exchange, whoever asks."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from bets.models import ExchangeBatch, ExchangeOrder, OrderStatus
from bets.models.exchange import NEXT_OF_ORDER
from tests.factories.exchange import an_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(partner, exchange_account) -> ExchangeOrder:
    return an_order(partner, exchange_account, side="lay", odds="3.00", stake="10.00")


def refused(sql: str, *params: object) -> None:
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, params)


# The rest of the columns that a state needs.
_FITTING = {
    "pending": "matched = 0, remaining = stake, provider_reference = NULL, rejection = NULL",
    "unknown": "matched = 0, remaining = stake, provider_reference = NULL, rejection = NULL",
    "open": "matched = 0, remaining = stake, provider_reference = 'R', rejection = NULL",
    "partly_matched": "matched = 1, remaining = 9, provider_reference = 'R', rejection = NULL",
    "matched": "matched = stake, remaining = 0, provider_reference = 'R', rejection = NULL",
    "cancelled": "matched = 0, remaining = 0, provider_reference = 'R', rejection = NULL",
    "rejected": "matched = 0, remaining = 0, provider_reference = NULL, rejection = '{}'",
}


def put_into(status: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"UPDATE bets_exchangeorder SET status = '{status}', {_FITTING[status]}")
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.mark.parametrize(
    ("before", "after"),
    [(a, b) for a in OrderStatus.values for b in OrderStatus.values if a != b],
)
def test_an_order_takes_the_steps_of_the_table_and_no_others(order, before, after):
    put_into(before)
    step = f"UPDATE bets_exchangeorder SET status = '{after}', {_FITTING[after]}"
    if after in NEXT_OF_ORDER[before]:
        with connection.cursor() as cursor:
            cursor.execute(step)
    else:
        refused(step)


@pytest.mark.parametrize(
    "change",
    [
        "stake = 11",
        "odds = 2",
        "side = 'back'",
        "selection_id = '2'",
        "market_id = '8'",
        "liability = 1",
        "position = 1",
        "matched = 1",
        "remaining = 11",
        "remaining = 0",
        "told = 1",
        "exposure = -1",
        "average_matched_odds = 2",
        "rejection = '{}'",
        "provider_reference = NULL",
        "status = 'lost'",
    ],
)
def test_an_order_refuses(order, change):
    refused(f"UPDATE bets_exchangeorder SET {change}")


@pytest.mark.parametrize(
    "fields",
    [
        {"odds": Decimal("1")},
        {"stake": Decimal(0)},
        {"liability": Decimal("10")},
        {"side": "buy"},
        {"matched": Decimal(5), "remaining": Decimal(6)},
        {"matched": Decimal(-1)},
        {"status": "matched"},
        {"status": "cancelled"},
        {"status": "rejected", "remaining": Decimal(0)},
        {"status": "unknown"},
        {
            "status": "matched",
            "matched": Decimal("10.00"),
            "remaining": Decimal(0),
            "missing_since": datetime(2026, 11, 21, tzinfo=UTC),
        },
    ],
    ids=str,
)
def test_no_such_order_can_be_stored(order, fields):
    order.pk, order.position, order.provider_reference = None, 1, "R-2"
    for name, value in fields.items():
        setattr(order, name, value)
    with pytest.raises(DatabaseError), transaction.atomic():
        order.save(force_insert=True)


@pytest.mark.parametrize("change", ["state = 'open'", "state_since = now()"])
def test_the_state_of_a_market_has_its_moment(order, change):
    refused(f"UPDATE bets_exchangemarket SET {change}")


def test_two_orders_cannot_have_one_reference(order, partner, exchange_account):
    other = an_order(partner, exchange_account)
    refused(
        "UPDATE bets_exchangeorder SET provider_reference = %s WHERE id = %s",
        order.provider_reference,
        other.pk,
    )


def test_one_key_stands_for_one_batch(order):
    batch = order.batch
    batch.pk = None
    with pytest.raises(DatabaseError), transaction.atomic():
        batch.save(force_insert=True)


@pytest.mark.parametrize(
    "change", ["key = 'x'", "request_digest = 'x'", "market_id = '8'", "sent_at = now()"]
)
def test_a_batch_refuses(order, change):
    refused(f"UPDATE bets_exchangebatch SET {change}")


def test_a_batch_is_sent_with_what_was_there_before(order):
    ExchangeBatch.objects.update(offers_before=[], sent_at=order.placed_at)


@pytest.mark.parametrize(
    "table", ["bets_exchangeorder", "bets_exchangebatch", "bets_exchangeorderevent"]
)
def test_history_is_not_deleted(order, table):
    refused(f"DELETE FROM {table}")


def test_the_timeline_is_not_rewritten_or_emptied(order):
    refused("UPDATE bets_exchangeorderevent SET actor = 'somebody else'")
    refused("TRUNCATE bets_exchangeorderevent CASCADE")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "matched"},
        {"kind": "matched", "amount": Decimal(0), "odds": Decimal(2)},
        {"kind": "cancelled"},
        {"kind": "accepted", "amount": Decimal(1)},
        {"kind": "accepted", "actor": ""},
        {"kind": "sold"},
    ],
    ids=str,
)
def test_no_such_event_can_be_stored(order, fields):
    with pytest.raises(DatabaseError), transaction.atomic():
        order.events.create(
            **{"to_status": "open", "actor": "test", "created_at": order.placed_at, **fields}
        )
