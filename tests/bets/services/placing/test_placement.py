from decimal import Decimal
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from bets.models import Coupon, CouponStatus, Flag, IdempotencyKey, PlayerStatus
from bets.services.inbound import entrance
from bets.services.placing import placement
from providers.contract import (
    Accepted,
    ChangedOdds,
    NotSent,
    Rejected,
    Settle,
    Unknown,
    Verdict,
)
from tests.bets.conftest import fund, money, placement_request
from wallets.models import Transfer

pytestmark = pytest.mark.django_db


def story(coupon: Coupon) -> list[str]:
    return [event.kind for event in coupon.events.all()]


def test_an_accepted_coupon_turns_its_hold_into_our_stake(place, player, book):
    book.answers.append(Accepted(reference="b1", odds=Decimal("2.50")))
    coupon = place(stake="10.00")
    assert (coupon.status, coupon.provider_reference) == ("accepted", "b1")
    assert coupon.potential_payout == Decimal("25.00")
    assert money(player) == ("90.00", "0.00", "0.00")
    assert story(coupon) == ["placed", "accepted"]
    assert coupon.resolve_after > coupon.accepted_at


def test_every_movement_of_a_stake_says_who_moved_it(place):
    actors = Transfer.objects.filter(coupon_id=place().pk).values_list("kind", "actor")
    assert dict(actors) == {"hold": "partner:acme", "capture": "partner:acme"}


def test_the_call_happens_outside_any_transaction_with_the_hold_committed(
    transactional_db, place, player, book
):
    seen = []

    def look(slip):
        seen.append((connection.in_atomic_block, money(player), Coupon.objects.get().status))
        return Accepted(reference="b1")

    book.answers.append(look)
    place(stake="10.00")
    assert seen == [(False, ("90.00", "10.00", "0.00"), "pending")]


def test_a_rejection_gives_the_stake_back_and_keeps_the_new_odds(place, player, book):
    changed = ChangedOdds(item=0, requested=Decimal("2.50"), current=Decimal("2.27"))
    book.answers.append(
        Rejected(code="odds_changed", message="Odds", provider_code="2", changed=(changed,))
    )
    coupon = place()
    assert coupon.status == "rejected"
    assert coupon.rejection == {
        "code": "odds_changed",
        "message": "Odds",
        "provider_code": "2",
        "changed": [{"item": 0, "requested": "2.50", "current": "2.27"}],
        "max_stake": None,
    }
    assert money(player) == ("100.00", "0.00", "0.00")


def test_what_was_never_sent_is_rejected(place, player, book):
    book.answers.append(NotSent(code="provider_unreachable", message="connection refused"))
    coupon = place()
    assert (coupon.status, coupon.rejection["code"]) == ("rejected", "provider_unreachable")
    assert money(player) == ("100.00", "0.00", "0.00")


@pytest.mark.parametrize("answer", [Unknown(reason="timeout"), RuntimeError("bug")])
def test_no_clear_answer_keeps_the_stake_held(place, player, book, answer):
    book.answers.append(answer)
    coupon = place()
    assert coupon.status == "unknown"
    assert money(player) == ("90.00", "10.00", "0.00")
    assert IdempotencyKey.objects.get().status == 202


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (PlayerStatus.BLOCKED, "player_blocked"),
        (PlayerStatus.SELF_EXCLUDED, "player_self_excluded"),
        (PlayerStatus.CLOSED, "player_closed"),
    ],
)
def test_a_player_who_may_not_bet_leaves_a_rejected_coupon(place, player, book, status, code):
    player.status = status
    player.save()
    coupon = place()
    assert (coupon.status, coupon.rejection["code"]) == ("rejected", code)
    assert book.slips == []


def test_a_stake_beyond_the_wallet_leaves_a_rejected_coupon(place, player, book):
    coupon = place(stake="100.01")
    assert (coupon.status, coupon.rejection["code"]) == ("rejected", "insufficient_funds")
    assert money(player) == ("100.00", "0.00", "0.00")
    assert book.slips == []


def test_what_the_provider_can_never_take_is_refused_before_any_call(place, player, book):
    book.refuses = Rejected(code="coupon_type_not_supported", message="no")
    coupon = place()
    assert coupon.rejection["code"] == "coupon_type_not_supported"
    assert (book.slips, money(player)) == ([], ("100.00", "0.00", "0.00"))


def test_the_same_key_repeats_the_reply_and_places_once(partner, player, account, book):
    request = placement_request(player, account)
    replies = [
        placement.place(
            partner=partner,
            key="k",
            request=request,
            request_digest="d",
            now=timezone.now(),
            render=lambda coupon: coupon.status.encode(),
        )
        for _ in range(2)
    ]
    assert replies[0] == replies[1]
    assert len(book.slips) == 1


def test_the_same_key_for_another_request_is_refused(partner, player, account, book):
    def send(digest):
        return placement.place(
            partner=partner,
            key="k",
            request=placement_request(player, account),
            request_digest=digest,
            now=timezone.now(),
            render=lambda coupon: b"",
        )

    send("one")
    with pytest.raises(placement.KeyReused):
        send("other")
    assert Coupon.objects.count() == 1


def test_the_same_key_sent_ten_times_at_once_places_once(
    transactional_db, partner, player, account, book
):
    barrier, replies, busy = Barrier(10), [], []

    def send():
        barrier.wait()
        try:
            replies.append(
                placement.place(
                    partner=partner,
                    key="k",
                    request=placement_request(player, account),
                    request_digest="d",
                    now=timezone.now(),
                    render=lambda coupon: str(coupon.pk).encode(),
                ).body
            )
        except placement.PlacementInProgress:
            busy.append(1)
        finally:
            connection.close()

    threads = [Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) + len(busy) == 10
    assert len(set(replies)) == 1
    assert (len(book.slips), Coupon.objects.count()) == (1, 1)
    assert money(player) == ("90.00", "0.00", "0.00")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"provider_account": "elsewhere"}, placement.AccountNotFound),
        ({"player_id": "0190a6de-0000-7000-8000-000000000000"}, placement.PlayerNotFound),
        ({"currency": "USD"}, placement.CurrencyMismatch),
    ],
)
def test_what_is_not_the_partners_leaves_no_coupon(place, changes, refusal):
    with pytest.raises(refusal):
        place(**changes)
    assert not Coupon.objects.exists()


def test_an_account_that_the_partner_may_not_use_is_not_found(place, account):
    account.access.all().delete()
    with pytest.raises(placement.AccountNotFound):
        place()


def test_a_late_yes_for_a_rejected_coupon_moves_nothing_and_is_flagged(place, player, book):
    book.answers.append(Rejected(code="no", message="no"))
    coupon = place()
    with transaction.atomic():
        placement.book_answer(coupon_id=coupon.pk, answer=Accepted(reference="late"), actor="test")
    coupon.refresh_from_db()
    assert coupon.status == CouponStatus.REJECTED
    assert money(player) == ("100.00", "0.00", "0.00")
    assert Flag.objects.get().kind == "late_acceptance"


def test_a_reference_that_another_coupon_has_is_left_to_staff(place, player, book):
    book.answers.extend([Accepted(reference="b1"), Accepted(reference="b1")])
    place()
    second = place()
    assert second.status == "unknown"
    assert money(player) == ("80.00", "10.00", "0.00")
    assert Flag.objects.get().coupon == second


def test_two_coupons_at_once_cannot_spend_the_same_money(
    transactional_db, place, player, new_player, book
):
    fund(player, "50.00")
    barrier = Barrier(6)

    def send():
        barrier.wait()
        place(stake="100.00")
        connection.close()

    threads = [Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = sorted(Coupon.objects.values_list("status", flat=True))
    assert states == ["accepted"] + ["rejected"] * 5
    assert money(player) == ("50.00", "0.00", "0.00")


@pytest.mark.parametrize(
    "answer",
    [
        Accepted(reference="b1", odds=Decimal("1E+27")),
        Accepted(reference="b1", odds=Decimal("9999999999999")),
        Accepted(reference="b1", odds=Decimal(4), item_odds=(Decimal("1E+20"),)),
        Accepted(reference="b1", odds=Decimal("999999999999.999999")),
        Accepted(reference="b1", potential_payout=Decimal("1E+27")),
        Accepted(reference="b1", potential_payout=Decimal("10000000000000000")),
    ],
)
def test_stated_terms_that_no_column_holds_become_a_note(place, player, book, answer):
    fund(player, "100000.00")
    book.answers.append(answer)
    coupon = place(stake="100000.00")
    assert (coupon.status, coupon.provider_reference) == ("accepted", "b1")
    assert (coupon.odds, coupon.potential_payout) == (Decimal("2.5"), Decimal(250000))
    assert coupon.payout_limit is None
    assert "beyond what is kept" in coupon.events.get(kind="accepted").reason


def test_a_result_on_its_key_for_another_bet_than_the_accepted_is_an_orphan(
    transactional_db, place, account, book
):
    def settle_first(slip):
        command = Settle(
            reference="other",
            verdict=Verdict.LOST,
            coupon_key=slip.callback_url.rsplit("/", 1)[1],
        )
        with transaction.atomic():
            entrance.carry_out(
                account=account, commands=[command], delivery_id=uuid4(), now=timezone.now()
            )
        return Accepted(reference="b1")

    book.answers.append(settle_first)
    assert place().status == "accepted"
    assert Flag.objects.get().reference == "other"
