"""A provider's answer to a coupon that something else has decided meanwhile."""

from decimal import Decimal
from threading import Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from bets.models import Coupon, Flag
from bets.services.coupon import acceptance, locks
from bets.services.coupon.batch import Cause
from bets.services.placing import answers
from providers.contract import Accepted, NotSent, Rejected, Unknown
from tests.bets.conftest import money

pytestmark = pytest.mark.django_db


def captured(bet) -> None:
    """What the provider's wallet call does while our own call is open."""
    with transaction.atomic():
        answers.lock_reference(bet.coupon_id, str(bet.coupon_id))
        coupon = locks.lock_coupon(bet.coupon_id)
        answer = Accepted(reference=str(bet.coupon_id))
        cause = Cause(actor="provider:fakesports", now=timezone.now())
        acceptance.accept_now(coupon, answer, cause=cause)


@pytest.fixture
def place_captured(place, sports_account, sportsbook):
    """Place a coupon whose stake is taken by a wallet call before this answer."""

    def make(answer) -> Coupon:
        def answering(slip):
            captured(slip)
            return answer(slip) if callable(answer) else answer

        sportsbook.answers.append(answering)
        return place(provider_account=sports_account.code)

    return make


def test_a_yes_after_the_capture_posts_nothing_and_tells_the_terms(place_captured, player) -> None:
    coupon = place_captured(
        lambda slip: Accepted(
            reference=str(slip.coupon_id),
            odds=Decimal("2.70"),
            item_odds=(Decimal("2.70"),),
            potential_payout=Decimal("27.00"),
            notes=("Taken as an overask bet.",),
        )
    )
    assert (coupon.status, coupon.odds) == ("accepted", Decimal("2.7"))
    assert (coupon.payout_limit, coupon.potential_payout) == (Decimal(27), Decimal(27))
    assert coupon.items.get().accepted_odds == Decimal("2.7")
    assert money(player) == ("90.00", "0.00", "0.00")
    assert "overask" in coupon.events.last().reason
    assert not Flag.objects.exists()


@pytest.mark.parametrize(
    "answer",
    [Rejected(code="limit", message="Too much."), NotSent(code="x", message="not sent")],
)
def test_a_no_after_the_capture_releases_nothing_and_is_flagged(
    place_captured, player, answer
) -> None:
    coupon = place_captured(answer)
    assert coupon.status == "accepted"
    assert money(player) == ("90.00", "0.00", "0.00")
    flag = Flag.objects.get()
    assert (flag.kind, flag.coupon) == ("contradiction", coupon)
    assert answer.message in flag.detail


def test_no_clear_answer_after_the_capture_changes_nothing(place_captured, player) -> None:
    coupon = place_captured(Unknown(reason="time-out"))
    assert coupon.status == "accepted"
    assert money(player) == ("90.00", "0.00", "0.00")
    assert not Flag.objects.exists()


def test_a_yes_under_our_own_reference_to_a_rejected_coupon_is_flagged(
    place, sports_account, sportsbook, player
) -> None:
    sportsbook.answers.append(Rejected(code="no", message="no"))
    coupon = place(provider_account=sports_account.code)
    with transaction.atomic():
        answers.book_answer(
            coupon_id=coupon.pk, answer=Accepted(reference=str(coupon.pk)), actor="test"
        )
    assert Flag.objects.get().kind == "late_acceptance"
    assert money(player) == ("100.00", "0.00", "0.00")


def test_an_overask_that_was_taken_is_on_the_timeline(place, sports_account, sportsbook) -> None:
    sportsbook.answers.append(
        lambda slip: Accepted(reference=str(slip.coupon_id), notes=("Taken as overask.",))
    )
    coupon = place(provider_account=sports_account.code, options={"overask": True})
    assert coupon.events.get(kind="accepted").reason == "Taken as overask."


@pytest.mark.django_db(transaction=True)
def test_a_wallet_call_and_the_answer_at_the_same_moment_wait_for_one_another(
    place, sports_account, sportsbook, player
) -> None:
    """Both lock the reference first, so that neither is killed as the victim of a deadlock."""
    failed = []

    def answering(slip):
        def call() -> None:
            try:
                captured(slip)
            except Exception as error:
                failed.append(error)
            finally:
                connection.close()

        thread = Thread(target=call)
        thread.start()
        threads.append(thread)
        return Accepted(reference=str(slip.coupon_id))

    threads: list[Thread] = []
    for _ in range(5):
        sportsbook.answers.append(answering)
        coupon = place(provider_account=sports_account.code)
        threads[-1].join()
        coupon.refresh_from_db()
        assert coupon.status == "accepted"
    # Whichever came second found an accepted coupon: the wallet call then cannot accept it again.
    assert all("cannot go from accepted" in str(error) for error in failed)
    assert money(player) == ("50.00", "0.00", "0.00")
