"""Results of taxed tickets, and what takes them back."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from bets.models import Coupon, Flag, Player, Settlement
from bets.services.following_up import resolution
from providers.contract import Accepted
from tests.bets.conftest import fund, money
from tests.factories.bets import a_held_coupon
from tests.webhooks.pam.conftest import book, houses, state, won
from wallets import services as ledger
from wallets.services import Kind, NewTransfer, Purpose

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_win_pays_the_net_and_books_the_tax(create, report, vendor, player):
    create()
    vendor.tickets["t1"] = won("20.00", "3.00")
    assert report("win") == "applied"
    assert state() == ("settled", "won")
    assert money(player) == ("110.00", "0.00", "0.00")
    assert houses() == ("8.89", "1.11", "-23.00", "3.00")
    row = Settlement.objects.get()
    assert (row.payout, row.withholding) == (Decimal(20), Decimal(3))
    assert report("win") == "repeated"
    assert houses() == ("8.89", "1.11", "-23.00", "3.00")


def test_another_tax_alone_is_another_result(create, report, vendor, player):
    create()
    vendor.tickets["t1"] = won("20.00", "3.00")
    report("win")
    vendor.tickets["t1"] = won("20.00", "2.50")
    assert report("win") == "applied"
    assert money(player) == ("110.00", "0.00", "0.00")
    assert houses() == ("8.89", "1.11", "-22.50", "2.50")


def test_a_loss_keeps_stake_and_excise(create, report, player):
    create()
    assert report("lost") == "applied"
    assert (state(), money(player)) == (("settled", "lost"), ("90.00", "0.00", "0.00"))
    assert houses() == ("8.89", "1.11", "0.00", "0.00")


def test_a_void_gives_back_the_price_and_the_excise(create, report, player):
    create()
    assert report("void") == "applied"
    assert (state(), money(player)) == (("settled", "refunded"), ("100.00", "0.00", "0.00"))
    assert houses() == ("0.00", "0.00", "0.00", "0.00")


@pytest.mark.parametrize("first", ["win", "lost", "void"])
@pytest.mark.parametrize("then", ["win", "lost", "void"])
def test_a_rollback_days_later_undoes_each_result_and_another_follows(
    create, report, vendor, player, first, then
):
    create()
    vendor.tickets["t1"] = won("20.00", "3.00")
    report(first)
    assert report("rollback") == "applied"
    assert (state(), money(player)) == (("accepted", ""), ("90.00", "0.00", "0.00"))
    assert houses() == ("8.89", "1.11", "0.00", "0.00")
    assert Coupon.objects.get().resolve_after > timezone.now() + timedelta(hours=71)
    assert report("rollback") == "repeated"
    assert report(then) == "applied"
    after = {
        "win": (("settled", "won"), "110.00", ("8.89", "1.11", "-23.00", "3.00")),
        "lost": (("settled", "lost"), "90.00", ("8.89", "1.11", "0.00", "0.00")),
        "void": (("settled", "refunded"), "100.00", ("0.00", "0.00", "0.00", "0.00")),
    }
    assert (state(), money(player)[0], houses()) == after[then]


@pytest.mark.parametrize("action", ["win", "void"])
def test_a_rollback_of_what_was_spent_leaves_a_debt_of_the_player_only(
    create, report, vendor, player, action
):
    create()
    vendor.tickets["t1"] = won("20.00", "3.00")
    report(action)
    spend(player)
    assert report("rollback") == "applied"
    owed = {"win": "-20.00", "void": "-10.00"}[action]
    assert money(player) == ("0.00", "0.00", owed)
    assert houses() == ("8.89", "1.11", "0.00", "0.00")
    assert Flag.objects.get().kind == "player_owes"
    fund(player, "100.00")
    assert money(player)[2] == "0.00"


def spend(player: Player) -> None:
    available = Decimal(money(player)[0])
    ledger.post(
        transfers=[
            NewTransfer(
                source=ledger.available(player.wallet_id),
                destination=ledger.house(owner="acme", purpose=Purpose.WITHDRAWALS, currency="EUR"),
                amount=available,
                currency="EUR",
                kind=Kind.WITHDRAWAL,
                reference=uuid4().hex,
            )
        ]
    )


@pytest.mark.parametrize("action", ["win", "lost", "void"])
def test_a_return_undoes_each_result_with_its_taxes(create, report, vendor, player, action):
    create()
    vendor.tickets["t1"] = won("20.00", "3.00")
    report(action)
    coupon = Coupon.objects.get()
    resolution.return_coupon(coupon_id=coupon.pk, actor="staff:1", reason="x", now=timezone.now())
    assert (state(), money(player)) == (("returned", ""), ("100.00", "0.00", "0.00"))
    assert houses() == ("0.00", "0.00", "0.00", "0.00")


def test_a_result_of_a_ticket_that_we_do_not_know_yet_waits_for_it(report, vendor, player, pam):
    coupon = a_held_coupon(player, pam)
    vendor.tickets["t1"] = won("20.00", "3.00")
    assert report("win") == "orphan"
    assert money(player) == ("90.00", "10.00", "0.00")
    book(coupon, Accepted(reference="t1", excise=Decimal("1.11")))
    assert (state(), money(player)) == (("settled", "won"), ("110.00", "0.00", "0.00"))
    assert houses() == ("8.89", "1.11", "-23.00", "3.00")
    assert not Flag.objects.filter(resolved_at=None).exists()
