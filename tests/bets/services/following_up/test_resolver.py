from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Event, Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from bets.models import Coupon, CouponStatus, Flag, FlagKind
from bets.services.following_up import resolution, resolver
from bets.services.following_up.resolution import NotPossible
from bets.services.placing import answers
from providers.contract import Accepted, NotSent, Rejected, Unknown
from tests.bets.conftest import money
from tests.factories.bets import a_held_coupon

pytestmark = pytest.mark.django_db


@pytest.fixture
def unknown(player, sports_account):
    """A coupon without a clear answer whose time has come."""

    def make(**changes) -> Coupon:
        placed_at = timezone.now() - timedelta(minutes=1)
        coupon = a_held_coupon(player, sports_account, placed_at=placed_at, **changes)
        with transaction.atomic():
            answers.book_answer(coupon_id=coupon.pk, answer=Unknown(reason="lost"), actor="test")
        coupon.refresh_from_db()
        return coupon

    return make


def ask(after: timedelta = timedelta(0)) -> int:
    return resolver.ask_due(now=timezone.now() + after)


def test_what_the_provider_has_is_accepted(unknown, sportsbook, player) -> None:
    coupon = unknown()
    sportsbook.fates.append(Accepted(reference=str(coupon.pk), odds=Decimal("2.40")))
    assert ask() == 1
    coupon.refresh_from_db()
    assert (coupon.status, coupon.odds, coupon.times_asked) == ("accepted", Decimal("2.4"), 1)
    assert money(player) == ("90.00", "0.00", "0.00")
    assert coupon.events.last().actor == "resolver"
    assert ask() == 0


def test_what_the_provider_does_not_have_is_released(unknown, sportsbook, player) -> None:
    coupon = unknown()
    sportsbook.fates.append(Rejected(code="no_such_bet", message="No such bet."))
    ask()
    coupon.refresh_from_db()
    assert (coupon.status, coupon.rejection["code"]) == ("rejected", "no_such_bet")
    assert money(player) == ("100.00", "0.00", "0.00")


@pytest.mark.parametrize(
    "answer",
    [
        Unknown(reason="a moment"),
        NotSent(code="provider_unreachable", message="no route"),
        RuntimeError("bug"),
    ],
)
def test_without_an_answer_the_stake_stays_held_and_it_is_asked_again(
    unknown, sportsbook, player, answer
) -> None:
    coupon = unknown()
    sportsbook.fates.append(answer)
    assert ask() == 1
    coupon.refresh_from_db()
    assert coupon.status == "unknown"
    assert timedelta(0) < coupon.resolve_after - timezone.now() <= timedelta(minutes=1)
    assert money(player) == ("90.00", "10.00", "0.00")
    assert not Flag.objects.exists()
    assert ask() == 0


def test_the_pauses_grow_until_staff_take_over(unknown, sportsbook, player) -> None:
    coupon = unknown()
    pauses, now = [], coupon.resolve_after
    while coupon.resolve_after is not None:
        now = coupon.resolve_after
        resolver.ask_due(now=now)
        coupon.refresh_from_db()
        if coupon.resolve_after:
            pauses.append(round((coupon.resolve_after - now).total_seconds() / 60))
    assert pauses == [1, 2, 5, 10, 15]
    assert Flag.objects.get().kind == FlagKind.UNKNOWN_OVERDUE
    assert money(player) == ("90.00", "10.00", "0.00")
    assert resolver.ask_due(now=now + timedelta(days=1)) == 0
    assert resolution.sweep(now=now + timedelta(days=1)) == 0


def test_what_will_be_decided_is_asked_about_until_then_and_shown_to_staff(
    unknown, sportsbook, player
) -> None:
    coupon = unknown()
    late = timedelta(hours=1)
    for left_s in (7200.0, 90.0, 0.5):
        sportsbook.fates.append(Unknown(reason="reserved", decided_in_s=left_s))
        ask(late)
        coupon.refresh_from_db()
        assert coupon.resolve_after is not None
        late = coupon.resolve_after - timezone.now() + timedelta(seconds=1)
    sportsbook.fates.append(Rejected(code="reservation_expired", message="It was never paid."))
    assert timedelta(0) < late < timedelta(hours=1, minutes=3)
    ask(late)
    coupon.refresh_from_db()
    assert (coupon.status, money(player)) == ("rejected", ("100.00", "0.00", "0.00"))
    assert not Flag.objects.filter(resolved_at=None).exists()


def test_what_no_question_can_tell_goes_to_staff_at_once(unknown, sportsbook) -> None:
    coupon = unknown()
    sportsbook.fates.append(Unknown(reason="The engine refuses to say.", final=True))
    ask()
    coupon.refresh_from_db()
    assert (coupon.status, coupon.resolve_after) == ("unknown", None)
    assert Flag.objects.get().detail == "The engine refuses to say."


def test_a_placement_that_no_question_can_clear_goes_to_staff_at_once(
    player, sports_account, sportsbook
) -> None:
    coupon = a_held_coupon(player, sports_account)
    answer = Unknown(reason="Ask their office.", final=True)
    with transaction.atomic():
        answers.book_answer(coupon_id=coupon.pk, answer=answer, actor="test")
    coupon.refresh_from_db()
    assert (coupon.status, coupon.resolve_after) == ("unknown", None)
    assert Flag.objects.get().detail == "Ask their office."
    assert ask(timedelta(days=1)) == 0


def test_an_answer_that_comes_by_itself_takes_it_out_of_the_queue(unknown, sportsbook) -> None:
    coupon = unknown()
    sportsbook.fates.append(Unknown(reason="no", final=True))
    ask()
    resolution.sweep(now=timezone.now())
    assert Flag.objects.get().resolved_at is None
    with transaction.atomic():
        late = Accepted(reference=str(coupon.pk))
        answers.book_answer(coupon_id=coupon.pk, answer=late, actor="provider")
    resolution.sweep(now=timezone.now())
    assert Flag.objects.get().resolved_at is not None


def test_it_is_first_asked_when_the_provider_says(player, sports_account, sportsbook) -> None:
    sportsbook.first_asked_after_s = 150.0
    coupon = a_held_coupon(player, sports_account)
    with transaction.atomic():
        answers.book_answer(coupon_id=coupon.pk, answer=Unknown(reason="lost"), actor="test")
    coupon.refresh_from_db()
    assert coupon.resolve_after == coupon.placed_at + timedelta(seconds=150)
    assert ask(timedelta(seconds=140)) == 0
    assert ask(timedelta(seconds=151)) == 1


def test_a_provider_that_cannot_be_asked_is_left_to_the_sweep(place, book) -> None:
    book.answers.append(Unknown(reason="lost"))
    coupon = place()
    later = timedelta(minutes=16)
    assert ask(later) == 0
    assert resolution.sweep(now=timezone.now() + later) == 1
    assert Flag.objects.get().coupon == coupon


def test_a_process_that_dies_while_asking_loses_nothing(unknown, sportsbook, player) -> None:
    coupon = unknown()

    def killed(_):
        raise SystemExit

    sportsbook.fates.append(killed)
    with pytest.raises(SystemExit):
        ask()
    assert ask() == 0
    sportsbook.fates.append(Accepted(reference=str(coupon.pk)))
    assert ask(timedelta(seconds=31)) == 1
    coupon.refresh_from_db()
    assert coupon.status == "accepted"
    assert money(player) == ("90.00", "0.00", "0.00")


@pytest.mark.django_db(transaction=True)
def test_many_resolvers_ask_about_each_coupon_once(unknown, sportsbook, player) -> None:
    coupons = [unknown() for _ in range(4)]
    start, done = Barrier(5), []

    def run() -> None:
        start.wait(20)
        done.append(ask())
        connection.close()

    threads = [Thread(target=run) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = sorted(bet.coupon_id for _, bet in sportsbook.asked)
    assert asked == sorted(coupon.pk for coupon in coupons)
    assert sum(done) == 4


@pytest.mark.django_db(transaction=True)
def test_the_question_is_asked_outside_any_transaction(unknown, sportsbook) -> None:
    coupon = unknown()

    def look(bet):
        assert not connection.in_atomic_block
        assert bet.reference == ""
        return Accepted(reference=str(bet.coupon_id))

    sportsbook.fates.append(look)
    ask()
    coupon.refresh_from_db()
    assert coupon.status == CouponStatus.ACCEPTED


# --- staff ask ----------------------------------------------------------------------------------


def test_staff_ask_at_once_and_what_was_in_the_queue_is_done(unknown, sportsbook) -> None:
    coupon = unknown()
    sportsbook.fates.append(Unknown(reason="no", final=True))
    ask()
    sportsbook.fates.append(Accepted(reference=str(coupon.pk)))
    asked = resolver.ask_now(coupon_id=coupon.pk, actor="staff:tess", now=timezone.now())
    assert asked.status == "accepted"
    assert Flag.objects.get().resolved_at is not None
    assert asked.events.get(kind="accepted").actor == "staff:tess"


def test_an_overdue_coupon_is_not_flagged_twice(unknown, sportsbook) -> None:
    coupon = unknown()
    sportsbook.fates += [Unknown(reason="no", final=True)] * 2
    ask()
    resolver.ask_now(coupon_id=coupon.pk, actor="staff:tess", now=timezone.now())
    assert coupon.events.filter(kind="flagged").count() == 1


@pytest.mark.parametrize("status", ["accepted", "rejected"])
def test_only_what_is_unknown_can_be_asked_about(player, sports_account, status) -> None:
    coupon = a_held_coupon(player, sports_account, status=status)
    with pytest.raises(NotPossible):
        resolver.ask_now(coupon_id=coupon.pk, actor="staff:tess", now=timezone.now())


def test_staff_cannot_ask_who_cannot_be_asked(place, book) -> None:
    book.answers.append(Unknown(reason="lost"))
    with pytest.raises(NotPossible):
        resolver.ask_now(coupon_id=place().pk, actor="staff:tess", now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_staff_do_not_ask_while_the_resolver_asks(unknown, sportsbook) -> None:
    coupon = unknown()
    asking, told = Event(), Event()

    def slowly(bet):
        asking.set()
        told.wait(20)
        return Accepted(reference=str(bet.coupon_id))

    sportsbook.fates.append(slowly)

    def run() -> None:
        ask()
        connection.close()

    thread = Thread(target=run)
    thread.start()
    assert asking.wait(20)
    try:
        with pytest.raises(NotPossible, match="at this moment"):
            resolver.ask_now(coupon_id=coupon.pk, actor="staff:tess", now=timezone.now())
    finally:
        told.set()
        thread.join()
    coupon.refresh_from_db()
    assert (coupon.status, len(sportsbook.asked)) == ("accepted", 1)
