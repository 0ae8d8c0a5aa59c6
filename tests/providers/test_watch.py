"""What is new in a provider's messages is counted, and shown to staff once."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from providers import watch
from providers.models import DetailKind, SeenDetail
from tests.factories.providers import make_account

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def account(db):
    return make_account()


def counted(**where) -> dict[str, int]:
    return dict(SeenDetail.objects.filter(**where).values_list("name", "count"))


def test_each_field_and_value_is_counted_where_it_was_seen(account):
    for _ in range(3):
        watch.note(account_id=account.id, place="place", fields=["vip", "data.colour"])
    watch.note(account_id=account.id, place="place", fields=["vip"], values=["status=frozen"])
    watch.note(account_id=account.id, place="test", fields=["vip"])

    assert counted(place="place", kind=DetailKind.FIELD) == {"vip": 4, "data.colour": 3}
    assert counted(place="place", kind=DetailKind.VALUE) == {"status=frozen": 1}
    assert counted(place="test") == {"vip": 1}


def test_accounts_are_told_apart(account):
    other = make_account()
    for each in (account, other, other):
        watch.note(account_id=each.id, place="place", fields=["vip"])

    assert counted(account=account) == {"vip": 1}
    assert counted(account=other) == {"vip": 2}


def test_a_note_is_one_statement(account, django_assert_num_queries):
    # Inside the test's own transaction it has a savepoint around it.
    with django_assert_num_queries(3):
        watch.note(account_id=account.id, place="place", fields=["a", "b"], values=["c=d"])


def test_nothing_new_is_no_statement(account, django_assert_num_queries):
    with django_assert_num_queries(0):
        watch.note(account_id=account.id, place="place")


def test_a_name_repeated_in_one_message_counts_once(account):
    watch.note(account_id=account.id, place="place", fields=["vip", "vip", " vip"])

    assert counted() == {"vip": 1}


@pytest.mark.parametrize(
    "name",
    ["", "  ", "\0", "a\r\nb", "x" * 100_000, "<script>alert(1)</script>", "\ud800"],
    ids=["empty", "blank", "nul", "lines", "long", "markup", "surrogate"],
)
def test_a_hostile_name_is_cut_and_cleaned(account, name):
    watch.note(account_id=account.id, place="p\0" + name, fields=[name], values=[name])

    assert SeenDetail.objects.exists() == bool(name.strip())
    for detail in SeenDetail.objects.all():
        assert detail.name.isprintable()
        assert detail.place.isprintable()
        assert 0 < len(detail.name) <= 200
        assert len(detail.place) <= 100


def test_secrets_and_people_are_not_kept(account):
    watch.note(
        account_id=account.id,
        place="place",
        fields=["ada@example.com"],
        values=["password=hunter2", "email=ada@example.com"],
    )

    kept = " ".join(counted())
    assert "hunter2" not in kept
    assert "ada@" not in kept


def test_one_message_cannot_bring_too_many(account):
    watch.note(account_id=account.id, place="place", fields=[f"f{n}" for n in range(5_000)])

    assert SeenDetail.objects.count() == watch.MOST_AT_ONCE


def test_an_account_never_has_too_many_and_known_ones_are_still_counted(account, monkeypatch):
    monkeypatch.setattr(watch, "MOST_PER_ACCOUNT", 5)
    watch.note(account_id=account.id, place="place", fields=["a", "b", "c"])
    watch.note(account_id=account.id, place="place", fields=["c", "d", "e", "f", "g"])
    watch.note(account_id=account.id, place="place", fields=["a", "h"])

    assert counted() == {"a": 2, "b": 1, "c": 2, "d": 1, "e": 1}


def test_it_never_raises(account, caplog):
    make_account(code="gone").delete()
    watch.note(account_id=None, place="place", fields=["vip"])  # type: ignore[arg-type]

    assert "could not be counted" in caplog.text
    assert not SeenDetail.objects.exists()


def test_a_failure_leaves_the_outer_transaction_alone(account):
    with transaction.atomic():
        watch._count(None, "place", [("field", "vip")])  # type: ignore[arg-type]
        watch._count(account.id, "place", [("field", "vip")])

    assert counted() == {"vip": 1}


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_it_is_counted_at_the_commit():
    account = make_account()
    with transaction.atomic():
        watch.note(account_id=account.id, place="bets", fields=["vip"])
        assert not SeenDetail.objects.exists()

    assert counted() == {"vip": 1}


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_was_not_seen():
    account = make_account()
    with transaction.atomic():
        watch.note(account_id=account.id, place="bets", fields=["vip"])
        transaction.set_rollback(True)

    assert not SeenDetail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_all_counted():
    account = make_account()
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait()
        for turn in range(10):
            names = ["a", "b", "c"] if (number + turn) % 2 else ["c", "b", "a"]
            watch.note(account_id=account.id, place="bets", fields=names)
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert counted() == {"a": 80, "b": 80, "c": 80}


def test_what_somebody_has_seen_is_not_new_any_more(account):
    watch.note(account_id=account.id, place="place", fields=["a", "b"])
    seen = SeenDetail.objects.filter(name="a")

    assert watch.acknowledge(details=seen, by="staff:ada", now=NOW) == 1
    assert watch.acknowledge(details=seen, by="staff:bob", now=NOW) == 0
    watch.note(account_id=account.id, place="place", fields=["a"])

    detail = SeenDetail.objects.get(name="a")
    assert (detail.acknowledged_by, detail.acknowledged_at, detail.count) == ("staff:ada", NOW, 2)
    assert SeenDetail.objects.get(name="b").acknowledged_at is None


@pytest.mark.parametrize(
    "changes", [{"kind": "other"}, {"acknowledged_at": NOW, "acknowledged_by": ""}]
)
def test_the_database_refuses_what_must_not_be(account, changes):
    values = {"account": account, "place": "place", "kind": "field", "name": "vip", **changes}
    with pytest.raises(IntegrityError), transaction.atomic():
        SeenDetail.objects.create(**values)
