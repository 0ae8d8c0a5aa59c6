"""Rollbacks of stakes, before and after what they roll back."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from bets.models import Tombstone, WalletTransaction
from bets.services.players import players
from tests.bets.conftest import money
from tests.bets.services.inbound.wallet.conftest import (
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
from tests.factories.bets import a_held_coupon
from wallets.services import close_wallet

pytestmark = pytest.mark.django_db


def test_a_rollback_gives_the_stake_back_once(send, coupon, player):
    send(a_stake(coupon))
    (first,) = send(a_rollback(coupon))
    (again,) = send(a_rollback(coupon))
    assert (told([first]), told([again])) == (["applied"], ["repeated"])
    assert first.move == again.move
    assert first.move.available == Decimal("100.00")
    assert told(send(a_rollback(coupon, id="another"))) == ["applied"]
    assert state(coupon) == ("returned", "")
    assert money(player) == ("100.00", "0.00", "0.00")


@pytest.mark.parametrize("parent", [None, ""])
def test_a_rollback_may_name_the_bet_alone(send, coupon, player, parent):
    send(a_stake(coupon))
    assert told(send(a_rollback(coupon, of=parent))) == ["applied"]
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_rollback_of_a_settled_bet_takes_the_payout_and_gives_the_stake(send, coupon, player):
    send(a_stake(coupon), a_payout(coupon, "25.00"))
    assert money(player) == ("115.00", "0.00", "0.00")
    assert told(send(a_rollback(coupon))) == ["applied"]
    assert state(coupon) == ("returned", "")
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_rollback_that_comes_first_releases_the_hold_and_bars_the_stake(send, coupon, player):
    assert told(send(a_rollback(coupon))) == ["refused:parent_not_found"]
    assert state(coupon) == ("rejected", "")
    assert money(player) == ("100.00", "0.00", "0.00")
    assert told(send(a_rollback(coupon))) == ["refused:parent_not_found"]
    assert told(send(a_stake(coupon))) == ["refused:rolled_back"]
    assert money(player) == ("100.00", "0.00", "0.00")
    book(coupon, yes(coupon))
    assert flags() == ["late_acceptance"]
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_rollback_of_a_bet_that_we_never_heard_of_leaves_a_tombstone(send, coupon, player):
    unknown = str(uuid4())
    rollback = a_rollback(coupon, of="t", reference=unknown)
    assert told(send(rollback)) == ["refused:parent_not_found"]
    assert (Tombstone.objects.get().reference, Tombstone.objects.get().code) == (
        unknown,
        "rolled_back",
    )
    stake = a_stake(coupon, id="t", reference=unknown)
    assert told(send(stake)) == ["refused:rolled_back"]
    assert told(send(replace(stake, id="t2"))) == ["refused:rolled_back"]


def test_a_rollback_of_a_declined_stake_ends_the_bet(send, coupon, player):
    send(a_stake(coupon, amount="9.99"))
    assert told(send(a_rollback(coupon))) == ["refused:parent_failed"]
    assert state(coupon) == ("rejected", "")
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_rollback_of_a_stake_that_never_came_spares_the_one_that_did(send, coupon, player):
    send(a_stake(coupon))
    assert told(send(a_rollback(coupon, of="lost"))) == ["refused:parent_not_found"]
    assert state(coupon) == ("accepted", "")
    assert money(player) == ("90.00", "0.00", "0.00")


def test_a_rollback_of_a_bet_that_only_the_reply_accepted_returns_it(send, coupon, player):
    book(coupon, yes(coupon))
    assert told(send(a_rollback(coupon))) == ["applied"]
    assert state(coupon) == ("returned", "")
    assert told(send(a_stake(coupon))) == ["refused:rolled_back"]
    assert money(player) == ("100.00", "0.00", "0.00")


@pytest.mark.parametrize("vendor_first", [True, False])
def test_a_return_and_the_vendors_rollback_move_the_money_once(send, coupon, player, vendor_first):
    send(a_stake(coupon))
    steps = [lambda: told(send(a_rollback(coupon))), lambda: returned(coupon)]
    for step in steps if vendor_first else reversed(steps):
        step()
    assert WalletTransaction.objects.get(kind="rollback").effect == "applied"
    assert state(coupon) == ("returned", "")
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_payout_cannot_be_rolled_back_like_a_stake(send, coupon, player):
    send(a_stake(coupon), a_payout(coupon, "25.00"))
    rollback = a_rollback(coupon, of=a_payout(coupon, "25.00").id)
    assert told(send(rollback)) == ["refused:parent_failed"]
    assert flags() == ["wallet_call"]
    assert money(player) == ("115.00", "0.00", "0.00")


def test_a_rollback_that_names_another_bets_stake_moves_nothing(send, coupon, player, seamless):
    other = a_held_coupon(player, seamless)
    send(a_stake(coupon), a_stake(other))
    assert told(send(a_rollback(coupon, of=a_stake(other).id))) == ["refused:parent_failed"]
    assert (state(coupon)[0], state(other)[0]) == ("accepted", "accepted")
    assert money(player) == ("80.00", "0.00", "0.00")


def test_a_rollback_that_names_a_stake_but_not_its_bet_is_for_staff(send, coupon, player):
    send(a_stake(coupon))
    rollback = a_rollback(coupon, reference=str(uuid4()))
    assert told(send(rollback)) == ["refused:parent_failed"]
    assert (state(coupon), flags()) == (("accepted", ""), ["wallet_call"])
    assert money(player) == ("90.00", "0.00", "0.00")


def test_a_rollback_comes_to_an_end_for_players_whom_we_do_not_know(send, coupon):
    assert told(send(a_rollback(coupon, player_uid="nobody"))) == ["refused:parent_not_found"]
    assert state(coupon) == ("pending", "")


@pytest.mark.parametrize(
    "named", [{"currency": "XYZ"}, {"currency": ""}, {"currency": "USD"}, {"amount": Decimal("7")}]
)
def test_a_rollback_moves_and_tells_what_it_undoes_whatever_it_names(send, coupon, player, named):
    send(a_stake(coupon))
    rollback = a_rollback(coupon, **named)
    (first,), (again,) = send(rollback), send(rollback)
    assert (told([first]), told([again])) == (["applied"], ["repeated"])
    assert first.move == again.move
    assert (first.move.amount, first.move.currency) == (Decimal("10.00"), "EUR")
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_rollback_in_a_currency_that_is_none_ends_without_a_stake_too(send, coupon, player):
    rollback = a_rollback(coupon, currency="XYZ")
    assert told(send(rollback)) == told(send(rollback)) == ["refused:parent_not_found"]
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_rollback_of_a_clawback_that_never_came_leaves_a_bet_whose_stake_never_came(
    send, coupon, player
):
    book(coupon, yes(coupon))
    send(a_payout(coupon, "25.00"))
    rollback = a_rollback(coupon, of=a_clawback(coupon, "25.00").id)
    assert told(send(rollback)) == told(send(rollback)) == ["refused:parent_not_found"]
    assert (state(coupon), flags()) == (("settled", "won"), ["wallet_call"])
    assert money(player) == ("115.00", "0.00", "0.00")


@pytest.mark.parametrize("names_bet", [True, False])
def test_a_rollback_of_a_paid_bets_stake_that_never_came_returns_it(
    send, coupon, player, names_bet
):
    book(coupon, yes(coupon))
    send(a_payout(coupon, "25.00"))
    assert told(send(a_rollback(coupon, of=str(coupon.pk) if names_bet else ""))) == ["applied"]
    assert (state(coupon), money(player)) == (("returned", ""), ("100.00", "0.00", "0.00"))


def test_a_rollback_that_the_ledger_refuses_comes_to_an_end_and_is_for_staff(send, coupon, player):
    send(a_stake(coupon))
    players.withdraw(
        player=player,
        amount=Decimal("90.00"),
        reference="all of it",
        actor="test",
        now=timezone.now(),
    )
    close_wallet(wallet_id=player.wallet_id)
    assert told(send(a_rollback(coupon))) == ["refused:parent_failed"]
    assert told(send(a_rollback(coupon))) == ["refused:parent_failed"]
    assert (state(coupon), flags()) == (("accepted", ""), ["posting_refused"])
