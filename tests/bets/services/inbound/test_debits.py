from dataclasses import replace
from decimal import Decimal
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from bets.models import (
    Coupon,
    Flag,
    Partner,
    PartnerAccess,
    Player,
    PlayerStatus,
    ProviderIdentity,
    Tombstone,
)
from bets.services.inbound import entrance
from providers.contract import Cancel, Debit, Settle, Verdict
from tests.bets.conftest import fund, money
from wallets import services as wallets

pytestmark = pytest.mark.django_db


@pytest.fixture
def send(wallet_account):
    def deliver(*commands):
        with transaction.atomic():
            return entrance.carry_out(
                account=wallet_account,
                commands=commands,
                delivery_id=uuid4(),
                now=timezone.now(),
            )

    return deliver


def debit(reference: str = "1", uid: str = "ada", amount: str = "10.00", **changes) -> Debit:
    bet = Debit(
        reference=reference,
        game="betflex",
        player_uid=uid,
        amount=Decimal(amount),
        currency="EUR",
        potential_payout=Decimal("25.00"),
    )
    return replace(bet, **changes)


def told(outcomes) -> list[str]:
    return [f"{o.effect.value}:{o.code}".rstrip(":") for o in outcomes]


def test_a_bet_is_a_coupon_like_any_other(send, player):
    (outcome,) = send(debit())
    coupon = Coupon.objects.get()
    assert (outcome.effect.value, outcome.coupon_id) == ("applied", coupon.pk)
    assert (coupon.status, coupon.provider_reference, coupon.game) == ("accepted", "1", "betflex")
    assert (coupon.player, coupon.stake) == (player, Decimal("10.00"))
    assert coupon.potential_payout == Decimal("25.00")
    assert money(player) == ("90.00", "0.00", "0.00")


def test_a_repeat_takes_nothing_however_its_numbers_are_written(send, player):
    assert told(send(debit())) == ["applied"]
    assert told(send(debit(amount="10"))) == ["repeated"]
    assert money(player) == ("90.00", "0.00", "0.00")


@pytest.mark.parametrize(
    "other",
    [{"amount": Decimal("11")}, {"player_uid": "bob"}, {"currency": "USD"}],
)
def test_the_same_uid_with_other_content_is_a_conflict(send, player, new_player, other):
    new_player("bob")
    send(debit())
    assert told(send(replace(debit(), **other))) == ["conflict:conflicting_request"]
    assert money(player) == ("90.00", "0.00", "0.00")
    assert Flag.objects.get().kind == "conflict"


def test_an_array_is_taken_whole_or_not_at_all(send, player, new_player):
    poor = new_player("bob", balance="5.00")
    outcomes = send(debit("1"), debit("2", uid="bob"))
    assert told(outcomes) == ["refused:insufficient_funds"] * 2
    assert (money(player), money(poor)) == (("100.00", "0.00", "0.00"), ("5.00", "0.00", "0.00"))


def test_the_known_bets_of_an_array_are_skipped_and_the_rest_is_atomic(send, player, new_player):
    poor = new_player("bob", balance="5.00")
    send(debit("1"))
    assert told(send(debit("1"), debit("2"))) == ["repeated", "applied"]
    assert (
        told(send(debit("2"), debit("3"), debit("4", uid="bob")))
        == ["refused:insufficient_funds"] * 3
    )
    assert money(player) == ("80.00", "0.00", "0.00")
    assert money(poor) == ("5.00", "0.00", "0.00")


def test_a_refused_uid_stays_refused(send, player, new_player):
    poor = new_player("bob", balance="5.00")
    assert told(send(debit(uid="bob"))) == ["refused:insufficient_funds"]
    Player.objects.filter(pk=poor.pk).update(status="active")
    fund(poor, "100.00")
    assert told(send(debit(uid="bob"))) == ["refused:insufficient_funds"]
    assert money(poor) == ("105.00", "0.00", "0.00")


@pytest.mark.parametrize("status", [PlayerStatus.BLOCKED, PlayerStatus.SELF_EXCLUDED])
def test_a_player_who_may_not_bet_is_refused(send, player, status):
    Player.objects.filter(pk=player.pk).update(status=status)
    assert told(send(debit())) == ["refused:player_blocked"]


def test_an_unknown_user_is_refused_for_good(send, new_player, account, wallet_account):
    assert told(send(debit(uid="nobody"))) == ["refused:unknown_user"]
    new_player("nobody")
    assert told(send(debit(uid="nobody"))) == ["refused:unknown_user"]
    assert Tombstone.objects.count() == 1


def test_another_currency_is_refused(send, player):
    assert told(send(debit(currency="USD"))) == ["refused:currency_mismatch"]


@pytest.mark.parametrize("amount", ["0", "-1", "10.001", "NaN", "1E+30"])
def test_an_amount_that_the_currency_cannot_express_is_refused(send, player, amount):
    assert told(send(debit(amount=amount))) == ["refused:invalid_amount"]
    assert money(player) == ("100.00", "0.00", "0.00")


def test_an_identity_wins_over_the_external_id(send, player, new_player, wallet_account):
    bob = new_player("bob")
    ProviderIdentity.objects.create(player=bob, account=wallet_account, uid="ada")
    send(debit(uid="ada"))
    assert (money(player)[0], money(bob)[0]) == ("100.00", "90.00")


def test_an_id_that_two_partners_use_means_nobody_and_is_flagged(send, player, wallet_account):
    other = Partner.objects.create(code="other", name="Other")
    PartnerAccess.objects.create(partner=other, account=wallet_account)
    Player.objects.create(
        partner=other,
        external_id="ada",
        username="ada",
        currency="EUR",
        wallet_id=wallets.open_wallet(currency="EUR"),
    )
    assert told(send(debit())) == ["refused:unknown_user"]
    assert Flag.objects.get().kind == "ambiguous_player"


def test_a_player_of_a_partner_without_access_is_unknown(send, player, wallet_account):
    wallet_account.access.all().delete()
    assert told(send(debit())) == ["refused:unknown_user"]


def test_a_cancel_that_came_first_refuses_the_late_bet(send, player):
    cancel = Cancel(reference="1", game="betflex")
    assert told(send(cancel)) == ["tombstone"]
    assert told(send(debit())) == ["refused:cancelled"]
    assert money(player) == ("100.00", "0.00", "0.00")


def test_winners_pay_the_difference_and_a_cancel_ends_it(send, player):
    send(debit())

    def winners(payout):
        return Settle(reference="1", game="betflex", verdict=Verdict.WON, payout=Decimal(payout))

    assert told(send(winners("20"))) == ["applied"]
    assert told(send(winners("20.00"))) == ["repeated"]
    assert told(send(winners("25.00"))) == ["applied"]
    assert money(player) == ("115.00", "0.00", "0.00")
    assert told(send(Cancel(reference="1", game="betflex"))) == ["applied"]
    assert money(player) == ("100.00", "0.00", "0.00")
    assert told(send(winners("25.00"))) == ["flagged:result_for_closed"]


def test_a_result_is_paid_to_a_player_who_was_blocked_since(send, player):
    send(debit())
    Player.objects.filter(pk=player.pk).update(status="closed")
    win = Settle(reference="1", game="betflex", verdict=Verdict.WON, payout=Decimal(20))
    assert told(send(win)) == ["applied"]
    assert money(player) == ("110.00", "0.00", "0.00")


def test_winners_of_an_unknown_bet_are_orphans_until_the_bet_is_known(send, player):
    win = Settle(reference="1", game="betflex", verdict=Verdict.WON, payout=Decimal(20))
    assert told(send(win)) == ["orphan:unknown_bet"]
    send(debit())
    assert money(player) == ("90.00", "0.00", "0.00")
    assert told(send(win)) == ["applied"]
    assert Flag.objects.get().resolution == "The bet became known."


def in_threads(count, work):
    barrier, results = Barrier(count), []

    def run(n):
        barrier.wait()
        try:
            results.append(work(n))
        finally:
            connection.close()

    threads = [Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_bet_sent_many_times_at_once_is_taken_once(transactional_db, send, player):
    effects = in_threads(10, lambda n: told(send(debit()))[0])
    assert sorted(effects) == ["applied"] + ["repeated"] * 9
    assert money(player) == ("90.00", "0.00", "0.00")


def test_a_bet_and_its_cancel_at_once_leave_the_money_where_it_was(transactional_db, send, player):
    for n in range(10):
        work = [debit(str(n)), Cancel(reference=str(n), game="betflex")]
        in_threads(2, lambda i, work=work: send(work[i]))
        assert money(player) == ("100.00", "0.00", "0.00")


def test_arrays_in_opposite_orders_do_not_deadlock(transactional_db, send, player, new_player):
    new_player("bob")
    orders = [("ada", "bob"), ("bob", "ada")]

    def work(n):
        first, second = orders[n % 2]
        return told(send(debit(f"{n}a", uid=first, amount="1"), debit(f"{n}b", uid=second)))

    results = in_threads(8, work)
    assert results == [["applied", "applied"]] * 8
