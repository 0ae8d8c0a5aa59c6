from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from bets import insertion
from bets.models import Coupon, Flag, FlagKind, TimelineEvent, TimelineKind, Tombstone

pytestmark = pytest.mark.django_db


@pytest.fixture
def new_coupon(player, account):
    def make(**changes) -> Coupon:
        facts = {
            "player": player,
            "partner": player.partner,
            "account": account,
            "origin": "wallet",
            "type": "single",
            "currency": "EUR",
            "stake": Decimal("12.34"),
            "status": "accepted",
            "options": {"channel": "50% \"web\" 'app'"},
            "placed_at": timezone.now(),
        }
        return Coupon(**facts | changes)

    return make


def event(coupon: Coupon) -> TimelineEvent:
    return TimelineEvent(
        coupon=coupon, kind=TimelineKind.NOTE, actor="test", created_at=timezone.now()
    )


def tombstone(account, reference: str) -> Tombstone:
    return Tombstone(account=account, reference=reference, code="cancelled")


def values_of(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("how_many", [1, 3, 50])
def test_rows_are_stored_as_they_are_with_those_that_refer_to_them(new_coupon, how_many):
    coupons = [new_coupon() for _ in range(how_many)]
    insertion.insert(coupons, [event(coupon) for coupon in coupons])
    stored = Coupon.objects.in_bulk([coupon.pk for coupon in coupons])
    assert [values_of(stored[each.pk]) for each in coupons] == [values_of(c) for c in coupons]
    assert {each.coupon_id for each in TimelineEvent.objects.all()} == stored.keys()
    assert not any(coupon._state.adding for coupon in coupons)


@pytest.mark.parametrize(("how_many", "statements"), [(20, 1), (21, 2)])
def test_short_lists_are_one_statement(new_coupon, how_many, statements, django_assert_num_queries):
    coupons = [new_coupon() for _ in range(how_many)]
    with django_assert_num_queries(statements):
        insertion.insert(coupons, [], [event(coupon) for coupon in coupons])


def test_nothing_costs_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        insertion.insert([], [])


@pytest.mark.parametrize("how_many", [2, 50])
def test_what_is_there_already_is_left_out_where_that_is_asked_for(account, how_many):
    insertion.insert([tombstone(account, "1")])
    rows = [tombstone(account, str(n)) for n in range(how_many)]
    insertion.insert(rows, unless_there=(Tombstone,))
    assert Tombstone.objects.count() == how_many
    with pytest.raises(IntegrityError), transaction.atomic():
        insertion.insert([tombstone(account, "1")], unless_there=(Flag,))


@pytest.mark.parametrize("how_many", [2, 50])
def test_one_row_that_is_refused_refuses_all(new_coupon, how_many):
    coupons = [new_coupon() for _ in range(how_many)]
    wrong = new_coupon(stake=Decimal(0))
    with pytest.raises(IntegrityError), transaction.atomic():
        insertion.insert([event(coupons[0])], [*coupons, wrong])
    assert not TimelineEvent.objects.exists()
    assert not Coupon.objects.exists()


def test_what_the_database_fills_in_is_filled_in(account):
    before = timezone.now()
    flag = Flag(kind=FlagKind.ORPHAN, account=account, reference="1", delivery_id=uuid4())
    insertion.insert([tombstone(account, "1")], [flag])
    assert Tombstone.objects.get().created_at >= before
    assert Flag.objects.get().created_at >= before
    assert Flag.objects.get().pk
