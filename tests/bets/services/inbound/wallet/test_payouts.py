"""Payouts and clawbacks of a seamless wallet, and what they settle."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bets.models import Coupon, Player, Settlement, TimelineEvent, WalletTransaction
from providers.contract import Accepted, Effect
from tests.bets.conftest import money
from tests.bets.services.inbound.wallet.conftest import (
    NO,
    a_clawback,
    a_payout,
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
from wallets.models import Account

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("payout", "result", "available"),
    [("25.00", "won", "115.00"), ("0", "lost", "90.00"), ("10.00", "refunded", "100.00")],
)
def test_a_payout_settles_the_bet(send, coupon, player, payout, result, available):
    send(a_stake(coupon))
    (outcome,) = send(a_payout(coupon, payout))
    assert outcome.effect is Effect.APPLIED
    assert outcome.move.available == Decimal(available)
    assert state(coupon) == ("settled", result)
    assert money(player) == (available, "0.00", "0.00")


def test_each_payout_moves_its_amount_once(send, coupon, player):
    send(a_stake(coupon))
    for number, amount in enumerate(("0", "20.00", "5.00", "20.00")):
        send(a_payout(coupon, amount, number=number))
        send(a_payout(coupon, amount, number=number))
    assert money(player) == ("135.00", "0.00", "0.00")
    now = Coupon.objects.get()
    assert (now.status, now.result, now.payout) == ("settled", "won", Decimal("45.00"))
    assert list(Settlement.objects.values_list("version", "payout")) == [
        (1, Decimal(0)),
        (2, Decimal(20)),
        (3, Decimal(25)),
        (4, Decimal(45)),
    ]
    kinds = TimelineEvent.objects.values_list("kind", flat=True)
    assert list(kinds) == ["accepted", "settled", "resettled", "resettled", "resettled"]


def test_a_clawback_of_everything_withdraws_the_result(send, coupon, player):
    send(a_stake(coupon), a_payout(coupon, "25.00"))
    assert told(send(a_clawback(coupon, "25.00"))) == ["applied"]
    assert state(coupon) == ("accepted", "")
    assert Coupon.objects.get().resolve_after is not None
    assert money(player) == ("90.00", "0.00", "0.00")
    send(a_payout(coupon, "10.00", number=1))
    assert state(coupon) == ("settled", "refunded")
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_clawback_of_a_part_settles_the_bet_with_the_rest(send, coupon, player):
    send(a_stake(coupon), a_payout(coupon, "25.00"))
    assert told(send(a_clawback(coupon, "20.00"))) == ["applied"]
    assert (state(coupon), Coupon.objects.get().payout) == (("settled", "won"), Decimal(5))
    assert money(player) == ("95.00", "0.00", "0.00")


def test_a_clawback_beyond_the_wallet_leaves_a_debt(send, coupon, player):
    send(a_stake(coupon), a_payout(coupon, "25.00"))
    hold_all(player)
    (outcome,) = send(a_clawback(coupon, "25.00"))
    assert outcome.effect is Effect.APPLIED
    assert money(player) == ("0.00", "115.00", "-25.00")
    assert flags() == ["player_owes"]


def hold_all(player: Player) -> None:
    a_held_coupon(player, an_account(player.partner, provider="fakeseamless"), stake="115.00")


def test_more_than_was_paid_is_not_taken_back(send, coupon, player):
    send(a_stake(coupon), a_payout(coupon, "25.00"))
    assert told(send(a_clawback(coupon, "25.01"))) == ["refused:amount_differs"]
    assert flags() == ["wallet_call"]
    assert money(player) == ("115.00", "0.00", "0.00")


def test_a_clawback_that_is_rolled_back_is_paid_again_once(send, coupon, player):
    send(a_stake(coupon), a_payout(coupon, "25.00"), a_clawback(coupon, "25.00"))
    rollback = a_rollback(coupon, of=a_clawback(coupon, "25.00").id)
    assert told(send(rollback)) == ["applied"]
    assert told(send(rollback, replace(rollback, id="other"))) == ["repeated", "applied"]
    assert (state(coupon), money(player)) == (("settled", "won"), ("115.00", "0.00", "0.00"))
    assert told(send(a_clawback(coupon, "5.00", number=1))) == ["applied"]
    assert (state(coupon), money(player)) == (("settled", "won"), ("110.00", "0.00", "0.00"))


def test_a_loss_that_was_taken_back_by_mistake_is_a_loss_again(send, coupon, player):
    send(a_stake(coupon), a_payout(coupon, "0"), a_clawback(coupon, "0"))
    assert state(coupon) == ("accepted", "")
    assert told(send(a_rollback(coupon, of=a_clawback(coupon, "0").id))) == ["applied"]
    assert (state(coupon), money(player)) == (("settled", "lost"), ("90.00", "0.00", "0.00"))


def test_what_was_rolled_back_before_it_came_is_refused_when_it_comes(send, coupon, player):
    send(a_stake(coupon), a_payout(coupon, "25.00"))
    late = a_clawback(coupon, "25.00"), a_payout(coupon, "5.00", number=1)
    for each in late:
        rollback = a_rollback(coupon, of=each.id, id=f"{each.id}_rollback")
        assert told(send(rollback)) == ["refused:parent_not_found"]
        assert told(send(each)) == ["refused:rolled_back"]
    assert (state(coupon), money(player)) == (("settled", "won"), ("115.00", "0.00", "0.00"))


def test_a_clawback_that_was_refused_has_nothing_to_give_back(send, coupon, player):
    send(a_stake(coupon), a_payout(coupon, "25.00"), a_clawback(coupon, "25.01"))
    assert told(send(a_rollback(coupon, of=a_clawback(coupon, "25.01").id))) == [
        "refused:parent_failed"
    ]
    assert money(player) == ("115.00", "0.00", "0.00")


def test_a_clawback_of_a_returned_bet_is_not_given_back(send, coupon, player):
    send(a_stake(coupon), a_payout(coupon, "25.00"), a_clawback(coupon, "25.00"))
    send(a_rollback(coupon))
    rollback = a_rollback(coupon, of=a_clawback(coupon, "25.00").id, id="late")
    assert told(send(rollback)) == ["refused:parent_failed"]
    assert (flags(), money(player)) == (["result_for_closed"], ("100.00", "0.00", "0.00"))


def test_a_clawback_of_another_bet_is_not_given_back(send, coupon, player, seamless):
    other = a_held_coupon(player, seamless)
    send(a_stake(coupon), a_payout(coupon, "25.00"), a_clawback(coupon, "25.00"))
    rollback = a_rollback(other, of=a_clawback(coupon, "25.00").id)
    assert told(send(rollback)) == ["refused:parent_failed"]
    assert (flags(), money(player)) == (["wallet_call"], ("80.00", "10.00", "0.00"))


def test_a_payout_before_any_answer_proves_that_the_bet_was_taken(send, coupon, player):
    assert told(send(a_payout(coupon, "25.00"))) == ["applied"]
    assert state(coupon) == ("settled", "won")
    assert money(player) == ("115.00", "0.00", "0.00")
    assert told(send(a_stake(coupon))) == ["applied"]
    book(coupon, yes(coupon))
    assert state(coupon) == ("settled", "won")
    assert money(player) == ("115.00", "0.00", "0.00")


@pytest.mark.parametrize(("limit", "flagged"), [("25.00", []), ("24.99", ["payout_too_high"])])
def test_a_payout_that_came_before_its_limit_is_shown_to_staff(send, coupon, limit, flagged):
    send(a_payout(coupon, "25.00"))
    book(coupon, yes(coupon, potential_payout=Decimal(limit)))
    assert (state(coupon), flags()) == (("settled", "won"), flagged)


def test_a_payout_above_the_limit_is_held_and_acknowledged(send, coupon, player):
    book(coupon, yes(coupon, potential_payout=Decimal("25.00")))
    assert told(send(a_stake(coupon), a_payout(coupon, "25.01"))) == [
        "applied",
        "flagged",
    ]
    assert told(send(a_payout(coupon, "25.01"))) == ["flagged"]
    assert flags() == ["payout_too_high"]
    assert (state(coupon), money(player)) == (("accepted", ""), ("90.00", "0.00", "0.00"))
    assert told(send(a_clawback(coupon, "5.01"))) == ["applied"]
    assert (state(coupon), money(player)) == (("settled", "won"), ("110.00", "0.00", "0.00"))


def test_a_payout_for_an_unknown_bet_is_an_orphan_and_paid_once_the_bet_is_known(
    send, player, seamless
):
    coupon = a_held_coupon(player, seamless)
    payout = replace(a_payout(coupon, "25.00"), reference="theirs")
    assert told(send(payout)) == ["orphan:unknown_bet"]
    assert flags() == ["orphan"]
    assert not WalletTransaction.objects.exists()
    book(coupon, Accepted(reference="theirs"))
    assert told(send(payout)) == ["applied"]
    assert money(player) == ("115.00", "0.00", "0.00")


@pytest.mark.parametrize("close", ["reject", "return"])
def test_a_payout_for_a_closed_coupon_is_refused_and_flagged(send, coupon, player, close):
    book(coupon, NO if close == "reject" else yes(coupon))
    if close == "return":
        returned(coupon)
    assert told(send(a_payout(coupon, "25.00"))) == ["refused:coupon_closed"]
    assert flags() == ["result_for_closed"]
    assert money(player) == ("100.00", "0.00", "0.00")


def test_what_the_ledger_refuses_is_refused_and_leaves_the_coupon(
    send, coupon, player, as_superuser
):
    send(a_stake(coupon))
    accounts = Account.objects.filter(wallet=player.wallet_id)
    accounts.update(status="closed")
    assert told(send(a_payout(coupon, "25.00"))) == ["refused:account_closed"]
    assert (state(coupon), flags()) == (("accepted", ""), ["posting_refused"])
    accounts.update(status="open")
