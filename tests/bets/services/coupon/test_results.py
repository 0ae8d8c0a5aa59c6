"""What a result does to a coupon and to the money, and what it does when it is told again."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from bets.models import Coupon, Flag, PendingResult, Settlement, Tombstone
from bets.services.following_up import resolution
from providers.contract import Accepted, Cancel, Rejected, Rollback, Settle, Unknown, Verdict
from tests.bets.conftest import fund, money
from tests.factories.bets import a_coupon, again, lost, state, won
from wallets.models import Account
from wallets.services import Kind, NewTransfer, Purpose, available, house, post

pytestmark = pytest.mark.django_db


def test_a_win_is_paid(coupon, report, player):
    assert report(won("42.70")) == ["applied"]
    assert state(coupon) == ("settled", "won", Decimal("42.70"))
    assert money(player) == ("132.70", "0.00", "0.00")


def test_a_loss_pays_nothing(coupon, report, player):
    assert report(lost()) == ["applied"]
    assert state(coupon) == ("settled", "lost", Decimal(0))
    assert money(player) == ("90.00", "0.00", "0.00")


def test_a_refund_gives_the_stake_back(coupon, report, player):
    refund = Settle(reference="b1", verdict=Verdict.PARTLY_REFUNDED, payout=Decimal("10"))
    assert report(refund) == ["applied"]
    assert state(coupon)[:2] == ("settled", "refunded")
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_reduced_win_pays_exactly_what_the_provider_says(coupon, report, player):
    report(Settle(reference="b1", verdict=Verdict.PARTLY_REFUNDED, payout=Decimal("12.51")))
    assert state(coupon)[:2] == ("settled", "partly_refunded")
    assert money(player) == ("102.51", "0.00", "0.00")


def test_a_repeat_does_nothing(coupon, report, player):
    assert report(won("42.70")) + report(won("42.70")) == ["applied", "repeated"]
    assert Settlement.objects.count() == 1
    assert money(player) == ("132.70", "0.00", "0.00")


@pytest.mark.parametrize(
    ("results", "final"),
    [
        ([won("42.70"), lost()], ("90.00", "0.00", "0.00")),
        ([lost(), won("42.70")], ("132.70", "0.00", "0.00")),
        ([won("42.70"), lost(), won("42.70")], ("132.70", "0.00", "0.00")),
        ([won("42.70"), won("20.00")], ("110.00", "0.00", "0.00")),
        ([won("20.00"), won("42.70")], ("132.70", "0.00", "0.00")),
    ],
)
def test_a_changed_result_reverses_and_pays_anew(coupon, report, player, results, final):
    for result in results:
        assert report(result) == ["applied"]
    assert money(player) == final
    assert Settlement.objects.count() == len(results)


def test_a_clawback_beyond_the_wallet_leaves_a_debt_for_staff(coupon, report, player):
    report(won("42.70"))
    spend(player, "100.00")
    report(lost())
    assert money(player) == ("0.00", "0.00", "-10.00")
    assert Flag.objects.get().kind == "player_owes"
    fund(player, "15.00")
    assert money(player) == ("5.00", "0.00", "0.00")


def test_a_payout_that_pays_the_debt_takes_it_out_of_the_queue(coupon, report, player):
    report(won("42.70"))
    spend(player, "100.00")
    report(lost())
    assert Flag.objects.get().resolved_at is None
    report(won("42.70"))
    assert money(player) == ("32.70", "0.00", "0.00")
    assert Flag.objects.get().resolved_at is not None


def spend(player, amount):
    post(
        transfers=[
            NewTransfer(
                source=available(player.wallet_id),
                destination=house(owner="acme", purpose=Purpose.WITHDRAWALS, currency="EUR"),
                amount=Decimal(amount),
                currency="EUR",
                kind=Kind.WITHDRAWAL,
                reference=uuid4().hex,
            )
        ]
    )


def test_an_older_result_is_recorded_and_moves_nothing(coupon, report, player):
    assert report(won("42.70", at=10)) == ["applied"]
    assert report(lost(at=5)) == ["superseded"]
    assert state(coupon)[1] == "won"
    assert list(Settlement.objects.values_list("disposition", flat=True)) == [
        "applied",
        "superseded",
    ]
    assert money(player) == ("132.70", "0.00", "0.00")


def test_results_of_one_moment_count_in_the_order_they_came(coupon, report, player):
    for result in (won("42.70", at=5), lost(at=5), won("42.70", at=5)):
        assert report(result) == ["applied"]
    assert money(player) == ("132.70", "0.00", "0.00")


def test_a_newer_repeat_is_remembered_when_an_older_change_comes_late(coupon, report):
    report(won("42.70", at=1))
    assert report(won("42.70", at=9)) == ["repeated"]
    assert report(lost(at=5)) == ["superseded"]
    assert state(coupon)[1] == "won"


def test_a_payout_above_the_stated_one_waits_for_staff(place, book, report, player):
    book.answers.append(Accepted(reference="b1", potential_payout=Decimal("42.70")))
    coupon = place(stake="10.00", odds=("4.27",))
    assert report(won("42.71")) == ["flagged"]
    assert state(coupon)[0] == "accepted"
    assert Flag.objects.get().kind == "payout_too_high"
    assert money(player) == ("90.00", "0.00", "0.00")


@pytest.mark.parametrize(
    "unclear",
    [
        Settle(reference="b1", verdict=Verdict.UNCLEAR, flag="status 3"),
        won("1.005"),
        won("-1"),
        won("10.00", currency="USD"),
        Settle(reference="b1", verdict=Verdict.WON),
    ],
)
def test_what_cannot_be_applied_is_flagged_and_moves_nothing(coupon, report, player, unclear):
    assert report(unclear) == ["flagged"]
    assert state(coupon)[0] == "accepted"
    assert Flag.objects.count() == 1
    assert money(player) == ("90.00", "0.00", "0.00")


def test_a_fixed_amount_pays_by_the_accepted_odds(coupon, report, player):
    told = {"sent_payout": Decimal(4270), "sent_stake": Decimal(1000)}
    report(won("4270", payout_rule="stake_times_odds", **told))
    assert money(player) == ("132.70", "0.00", "0.00")


def test_a_changed_fixed_amount_is_scaled_half_up(coupon, report, player):
    scaled = Settle(
        reference="b1",
        verdict=Verdict.PARTLY_REFUNDED,
        payout_rule="scaled",
        sent_payout=Decimal("1234.55"),
        sent_stake=Decimal("1000"),
    )
    report(scaled)
    assert money(player) == ("102.35", "0.00", "0.00")


@pytest.mark.parametrize(
    ("told", "said_now", "paid"),
    [
        # As it is kept with the coupon, whatever the account says by now.
        ("1000", None, "142.70"),
        ("10", "1000", "4370.00"),
        # A coupon from before it was kept, and one that was told our stake.
        (None, "1000", "142.70"),
        (None, None, "4370.00"),
    ],
)
def test_the_stake_that_the_provider_was_told_says_what_its_amount_means(
    player, account, report, told, said_now, paid
):
    told_stake = None if told is None else Decimal(told)
    a_coupon(player, account, odds=Decimal("4.27"), provider_reference="b1", told_stake=told_stake)
    sent_stake = None if said_now is None else Decimal(said_now)

    report(
        Settle(
            reference="b1",
            verdict=Verdict.WON,
            payout_rule="stake_times_odds",
            sent_payout=Decimal(4270),
            sent_stake=sent_stake,
        )
    )

    assert money(player)[0] == paid


@pytest.mark.parametrize("first", ["rejected", "returned"])
def test_a_result_for_a_closed_coupon_moves_nothing(place, book, report, player, first):
    if first == "rejected":
        book.answers.append(Rejected(code="no", message="no"))
        coupon = place()
        result = won("25.00", reference="x", coupon_key=coupon.callback_key)
    else:
        book.answers.append(Accepted(reference="b1"))
        coupon = place()
        resolution.return_coupon(
            coupon_id=coupon.pk, actor="test", reason="test", now=timezone.now()
        )
        result = won("25.00")
    assert report(result) == ["flagged"]
    assert state(coupon)[0] == first
    assert Flag.objects.get().kind == "result_for_closed"
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_result_on_its_key_proves_a_lost_reply(place, book, report, player):
    book.answers.append(Unknown(reason="timeout"))
    coupon = place(stake="10.00", odds=("4.27",))
    assert report(won("42.70", reference="b9", coupon_key=coupon.callback_key)) == ["applied"]
    assert state(coupon) == ("settled", "won", Decimal("42.70"))
    assert again(coupon).provider_reference == "b9"
    assert [e.kind for e in coupon.events.all()] == ["placed", "unknown", "accepted", "settled"]
    assert money(player) == ("132.70", "0.00", "0.00")


def test_a_key_is_not_believed_for_a_coupon_with_another_bet(coupon, report, player):
    assert report(won("1.00", reference="other", coupon_key=coupon.callback_key)) == ["orphan"]
    assert state(coupon)[0] == "accepted"


def test_a_result_for_an_unknown_bet_is_an_orphan(account, report):
    assert report(won("1.00", reference="nobody")) == ["orphan"]
    assert Flag.objects.get().reference == "nobody"


def test_a_rollback_withdraws_and_another_result_follows(coupon, report, player):
    report(won("42.70"))
    assert report(Rollback(reference="b1")) == ["applied"]
    assert state(coupon) == ("accepted", "", None)
    assert money(player) == ("90.00", "0.00", "0.00")
    assert report(Rollback(reference="b1")) == ["repeated"]
    assert report(won("42.70")) == ["applied"]
    assert money(player) == ("132.70", "0.00", "0.00")


def test_a_cancel_is_final(coupon, report, player):
    report(won("42.70"))
    assert report(Cancel(reference="b1")) == ["applied"]
    assert money(player) == ("100.00", "0.00", "0.00")
    assert report(Cancel(reference="b1")) == ["repeated"]
    assert report(won("42.70")) == ["flagged"]
    assert money(player) == ("100.00", "0.00", "0.00")


def test_returning_a_refunded_coupon_moves_nothing_twice(coupon, report, player):
    report(Settle(reference="b1", verdict=Verdict.REFUNDED))
    spend(player, "100.00")
    report(Cancel(reference="b1"))
    assert money(player) == ("0.00", "0.00", "0.00")


def test_a_cancel_of_an_unknown_bet_leaves_a_tombstone(account, report):
    assert report(Cancel(reference="later"), Cancel(reference="later")) == ["tombstone"] * 2
    assert Tombstone.objects.get().reference == "later"


def test_a_closed_wallet_does_not_hold_up_the_other_results(
    place, book, report, player, coupon, as_superuser
):
    book.answers.append(Accepted(reference="b2"))
    other = place()
    Account.objects.filter(wallet=player.wallet_id).update(status="closed")
    assert report(won("42.70"), lost(reference="b2")) == ["flagged", "applied"]
    assert (state(coupon)[0], state(other)[0]) == ("accepted", "settled")
    assert Flag.objects.get().kind == "posting_refused"


def test_many_results_cost_as_few_statements_as_one(
    place, book, report, django_assert_max_num_queries
):
    for n in range(40):
        book.answers.append(Accepted(reference=f"many{n}"))
        place(stake="1.00")
    with django_assert_max_num_queries(14):
        report(*[won("2.00", reference=f"many{n}") for n in range(40)])
    assert Coupon.objects.filter(status="settled").count() == 40


@pytest.mark.parametrize("key", [True, False])
def test_a_reference_that_no_column_holds_is_nobodys(place, book, report, key):
    book.answers.append(Unknown(reason="lost"))
    coupon = place()
    sent = won("1.00", reference="x" * 101, coupon_key=coupon.callback_key if key else "")
    assert report(sent) == ["orphan"]
    assert state(coupon)[0] == "unknown"
    assert Flag.objects.get().reference == "x" * 100
    assert not PendingResult.objects.exists()


@pytest.mark.parametrize(
    "huge",
    [
        won("1E+17"),
        won("1E+27", payout_rule="scaled", sent_payout=Decimal("1E+27"), sent_stake=Decimal(1)),
    ],
)
def test_a_payout_beyond_the_ledger_is_flagged(coupon, report, player, huge):
    assert report(huge) == ["flagged"]
    assert money(player) == ("90.00", "0.00", "0.00")


def test_a_stated_payout_with_more_decimals_than_the_currency_still_judges(
    place, book, report, player
):
    book.answers.append(Accepted(reference="b1", potential_payout=Decimal("42.7012")))
    place(stake="10.00", odds=("4.27",))
    assert report(won("42.71")) == ["flagged"]
    assert "above the potential payout of 42.7012 EUR." in Flag.objects.get().detail


def test_the_word_of_a_result_is_kept_in_short(coupon, report):
    assert report(won("10.00", raw_result="w" * 300)) == ["applied"]
