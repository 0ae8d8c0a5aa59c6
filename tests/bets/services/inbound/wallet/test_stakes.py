"""Stakes of a seamless wallet, and what they do to coupons and money."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from bets.models import Coupon, Flag, Partner, PartnerAccess, Player, WalletTransaction
from providers.contract import Effect, MoveKind
from tests.bets.conftest import fund, money
from tests.bets.services.inbound.wallet.conftest import (
    NO,
    a_move,
    a_rollback,
    a_stake,
    book,
    flags,
    returned,
    state,
    told,
    yes,
)
from tests.factories.bets import a_held_coupon, an_account

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", ["pending", "unknown"])
def test_a_stake_takes_the_hold_and_accepts_the_coupon(send, player, seamless, status):
    coupon = a_held_coupon(player, seamless, status=status)
    assert money(player) == ("90.00", "10.00", "0.00")
    (outcome,) = send(a_stake(coupon))
    assert (outcome.effect, outcome.coupon_id) == (Effect.APPLIED, coupon.pk)
    assert outcome.move.available == Decimal("90.00")
    assert state(coupon) == ("accepted", "")
    assert Coupon.objects.get().provider_reference == str(coupon.pk)
    assert money(player) == ("90.00", "0.00", "0.00")


def test_a_repeat_gets_the_first_answer_whatever_happened_since(send, coupon, player):
    (first,) = send(a_stake(coupon))
    fund(player, "50.00")
    (again,) = send(a_stake(coupon, amount="10"))
    assert (first.effect, again.effect) == (Effect.APPLIED, Effect.REPEATED)
    assert (again.move, again.code) == (first.move, first.code)
    assert money(player) == ("140.00", "0.00", "0.00")
    assert WalletTransaction.objects.count() == 1


@pytest.mark.parametrize("kind", [MoveKind.STAKE, MoveKind.ROLLBACK])
def test_a_coupon_that_staff_were_to_decide_leaves_their_queue(send, coupon, kind):
    Coupon.objects.filter(pk=coupon.pk).update(status="unknown", resolve_after=None)
    Flag.objects.create(
        kind="unknown_overdue", coupon=coupon, account=coupon.account, detail="no answer"
    )
    send(a_move(coupon, kind, parent_id="" if kind is MoveKind.STAKE else "lost"))
    flag = Flag.objects.get()
    assert flag.resolved_at is not None
    assert flag.resolution == f"provider:{coupon.account.code}: There is an answer."


@pytest.mark.parametrize(
    "other",
    [
        {"amount": Decimal("10.01")},
        {"currency": "USD"},
        {"content": {"reason": "other"}},
        {"kind": MoveKind.PAYOUT},
        {"reference": "other"},
    ],
)
def test_the_same_id_with_other_content_is_a_conflict(send, coupon, player, other):
    send(a_stake(coupon))
    assert told(send(replace(a_stake(coupon), **other))) == ["conflict:conflict"]
    assert told(send(replace(a_stake(coupon), **other))) == ["conflict:conflict"]
    assert money(player) == ("90.00", "0.00", "0.00")
    assert flags() == ["conflict"]


def test_a_stake_after_the_place_reply_moves_nothing(send, coupon, player):
    book(coupon, yes(coupon))
    assert told(send(a_stake(coupon))) == ["applied"]
    assert money(player) == ("90.00", "0.00", "0.00")
    assert state(coupon) == ("accepted", "")


def test_the_place_reply_after_the_stake_tells_terms_and_moves_nothing(send, coupon, player):
    send(a_stake(coupon))
    book(coupon, yes(coupon, odds=Decimal("2.40"), potential_payout=Decimal("24.00")))
    now = Coupon.objects.get()
    assert (now.status, now.odds, now.payout_limit) == (
        "accepted",
        Decimal("2.40"),
        Decimal("24.00"),
    )
    assert money(player) == ("90.00", "0.00", "0.00")


def test_a_negative_reply_never_releases_what_was_captured(send, coupon, player):
    send(a_stake(coupon))
    book(coupon, NO)
    assert state(coupon) == ("accepted", "")
    assert money(player) == ("90.00", "0.00", "0.00")


def test_a_negative_reply_is_explained_by_the_rollback_that_follows(send, coupon, player):
    send(a_stake(coupon))
    book(coupon, NO)
    send(a_rollback(coupon))
    assert Flag.objects.get(kind="contradiction").resolved_at is not None
    assert money(player) == ("100.00", "0.00", "0.00")


def test_another_amount_is_refused_flagged_and_remembered(send, coupon, player):
    wrong = a_stake(coupon, amount="9.99")
    assert told(send(wrong)) == ["refused:amount_differs"]
    assert told(send(wrong)) == ["refused:amount_differs"]
    assert flags() == ["wallet_call"]
    assert state(coupon) == ("pending", "")
    assert money(player) == ("90.00", "10.00", "0.00")
    assert told(send(a_stake(coupon, id="right"))) == ["applied"]


@pytest.mark.parametrize(("close", "status"), [("reject", "rejected"), ("return", "returned")])
def test_a_stake_of_a_closed_coupon_is_refused(send, coupon, player, close, status):
    book(coupon, NO if close == "reject" else yes(coupon))
    if close == "return":
        returned(coupon)
    assert told(send(a_stake(coupon))) == ["refused:coupon_closed"]
    assert state(coupon) == (status, "")
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_stake_is_not_called_taken_while_it_is_only_held(send, player, seamless):
    coupon = a_held_coupon(player, seamless, status="referred")
    assert told(send(a_stake(coupon))) == ["refused:coupon_closed"]
    assert (state(coupon), money(player)) == (("referred", ""), ("90.00", "10.00", "0.00"))


def test_a_stake_for_an_unknown_bet_is_refused_and_flagged(send, coupon, player):
    stranger = a_stake(coupon, id="t", reference=str(uuid4()))
    assert told(send(stranger)) == ["refused:unknown_bet"]
    assert told(send(stranger)) == ["refused:unknown_bet"]
    flag = Flag.objects.get()
    assert (flag.kind, flag.reference) == ("wallet_call", stranger.reference)
    assert money(player) == ("90.00", "10.00", "0.00")


def test_a_second_stake_for_a_bet_is_refused_and_flagged(send, coupon, player):
    send(a_stake(coupon))
    assert told(send(a_stake(coupon, id="another"))) == ["refused:already_staked"]
    assert flags() == ["wallet_call"]
    assert money(player) == ("90.00", "0.00", "0.00")


def test_a_stake_of_another_players_bet_is_refused(send, coupon, new_player, player):
    bob = new_player("bob")
    assert told(send(a_stake(coupon, player_uid=str(bob.pk)))) == ["refused:player_differs"]
    assert (money(bob), money(player)) == (("100.00", "0.00", "0.00"), ("90.00", "10.00", "0.00"))


def test_a_player_who_was_blocked_after_placing_keeps_the_bet(send, coupon, player):
    Player.objects.filter(pk=player.pk).update(status="blocked")
    assert told(send(a_stake(coupon))) == ["applied"]
    assert money(player) == ("90.00", "0.00", "0.00")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"player_uid": str(uuid4())}, "unknown_user"),
        ({"player_uid": "ada"}, "unknown_user"),
        ({"player_uid": "x" * 65}, "unknown_user"),
        ({"currency": "USD"}, "currency_mismatch"),
        ({"amount": Decimal("0")}, "invalid_amount"),
        ({"amount": Decimal("-10")}, "invalid_amount"),
        ({"amount": Decimal("10.001")}, "invalid_amount"),
        ({"amount": Decimal("NaN")}, "invalid_amount"),
    ],
)
def test_what_cannot_be_taken_is_refused_for_good(send, coupon, player, changes, code):
    move = replace(a_stake(coupon), **changes)
    (first,) = send(move)
    assert told([first]) == [f"refused:{code}"]
    assert told(send(move)) == [f"refused:{code}"]
    assert (state(coupon), money(player)) == (("pending", ""), ("90.00", "10.00", "0.00"))


def test_a_player_of_a_partner_without_access_is_nobody(send, coupon, seamless, new_player):
    stranger = new_player("zoe")
    other = Partner.objects.create(code="other", name="Other")
    Player.objects.filter(pk=stranger.pk).update(partner=other)
    assert told(send(a_stake(coupon, player_uid=str(stranger.pk)))) == ["refused:unknown_user"]


def test_open_coupons_go_on_when_a_partner_loses_access(send, coupon, player):
    PartnerAccess.objects.all().delete()
    assert told(send(a_stake(coupon))) == ["applied"]


def test_a_bet_of_another_account_is_unknown(send, player, seamless, partner):
    elsewhere = a_held_coupon(player, an_account(partner, provider="fakeseamless"))
    assert told(send(a_stake(elsewhere))) == ["refused:unknown_bet"]
