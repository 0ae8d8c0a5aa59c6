from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from bets.models import Coupon, Flag, IdempotencyKey, PendingResult, Settlement, Tombstone
from bets.services import inbound, placement, resolution
from providers.contract import Accepted, Cancel, Rejected, Rollback, Settle, Unknown, Verdict
from tests.bets.conftest import fund, money, placement_request
from wallets.models import Account
from wallets.services import Kind, NewTransfer, Purpose, available, house, post

pytestmark = pytest.mark.django_db

T0 = datetime(2026, 11, 21, 12, tzinfo=UTC)


def won(payout: str, *, reference: str = "b1", at: int | None = None, **kw: object) -> Settle:
    return Settle(
        reference=reference,
        verdict=Verdict.WON,
        payout=Decimal(payout),
        dated_at=None if at is None else T0 + timedelta(seconds=at),
        **kw,
    )


def lost(*, reference: str = "b1", at: int | None = None) -> Settle:
    return Settle(
        reference=reference,
        verdict=Verdict.LOST,
        dated_at=None if at is None else T0 + timedelta(seconds=at),
    )


@pytest.fixture
def report(account):
    def send(*commands):
        with transaction.atomic():
            outcomes = inbound.carry_out(
                account=account, commands=commands, delivery_id=uuid4(), now=timezone.now()
            )
        return [outcome.effect.value for outcome in outcomes]

    return send


@pytest.fixture
def coupon(place, book) -> Coupon:
    book.answers.append(Accepted(reference="b1"))
    return place(stake="10.00", odds=("4.27",))


def again(coupon: Coupon) -> Coupon:
    return Coupon.objects.get(pk=coupon.pk)


def state(coupon: Coupon) -> tuple[str, str, Decimal | None]:
    now = again(coupon)
    return now.status, now.result, now.payout


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
    report(won("4270", payout_rule="stake_times_odds"))
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


def test_a_result_during_the_call_is_kept_until_the_yes(transactional_db, place, book, report):
    def settle_first(slip):
        key = slip.callback_url.rsplit("/", 1)[1]
        assert report(won("42.70", reference="b1", coupon_key=key)) == ["kept"]
        return Accepted(reference="b1")

    book.answers.append(settle_first)
    coupon = place(stake="10.00", odds=("4.27",))
    assert (coupon.status, coupon.payout) == ("settled", Decimal("42.70"))
    assert PendingResult.objects.get().applied_at


def test_a_result_on_the_bare_address_during_the_call_is_found_by_its_reference(
    transactional_db, place, book, report
):
    def settle_first(slip):
        assert report(lost(reference="b1")) == ["orphan"]
        return Accepted(reference="b1")

    book.answers.append(settle_first)
    assert place().result == "lost"


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


def test_a_return_racing_a_result_ends_with_the_money_moved_once(
    transactional_db, place, book, report, player
):
    for n in range(8):
        book.answers.append(Accepted(reference=f"r{n}"))
        coupon = place(stake="10.00", odds=("4.27",))
        barrier = Barrier(2)

        def settle(n=n, barrier=barrier):
            barrier.wait()
            report(won("42.70", reference=f"r{n}"))
            connection.close()

        def give_back(coupon=coupon, barrier=barrier):
            barrier.wait()
            resolution.return_coupon(
                coupon_id=coupon.pk, actor="test", reason="test", now=timezone.now()
            )
            connection.close()

        threads = [Thread(target=settle), Thread(target=give_back)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert state(coupon)[0] == "returned"
        assert money(player) == ("100.00", "0.00", "0.00")


def test_the_same_result_ten_times_at_once_pays_once(transactional_db, coupon, report, player):
    barrier, effects = Barrier(10), []

    def send():
        barrier.wait()
        effects.extend(report(won("42.70")))
        connection.close()

    threads = [Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(effects) == ["applied"] + ["repeated"] * 9
    assert money(player) == ("132.70", "0.00", "0.00")


class TestTheProcessDies:
    """Between the provider's yes and our second transaction."""

    @pytest.fixture
    def stranded(self, transactional_db, place, book, player) -> Coupon:
        class Killed(BaseException):
            pass

        def die(slip):
            raise Killed

        book.answers.append(die)
        with pytest.raises(Killed):
            place(stake="10.00", odds=("4.27",))
        assert money(player) == ("90.00", "10.00", "0.00")
        return Coupon.objects.get()

    def test_the_sweep_leaves_a_call_alone_that_may_still_be_open(self, stranded):
        assert resolution.sweep(now=timezone.now()) == 0
        assert state(stranded)[0] == "pending"

    def test_the_sweep_makes_it_unknown_with_the_stake_held(self, stranded, player):
        assert resolution.sweep(now=timezone.now() + timedelta(minutes=1)) == 1
        assert state(stranded)[0] == "unknown"
        assert money(player) == ("90.00", "10.00", "0.00")

    def test_its_result_brings_it_home(self, stranded, report, player):
        key = stranded.callback_key
        assert report(won("42.70", reference="b1", coupon_key=key)) == ["kept"]
        resolution.sweep(now=timezone.now() + timedelta(minutes=1))
        assert state(stranded)[0] == "settled"
        assert money(player) == ("132.70", "0.00", "0.00")

    def test_past_its_deadline_it_is_in_the_staff_queue_once(self, stranded):
        for minutes in (1, 30, 60):
            resolution.sweep(now=timezone.now() + timedelta(minutes=minutes))
        assert [flag.kind for flag in Flag.objects.all()] == ["unknown_overdue"]

    def test_the_same_key_then_tells_what_is_known(self, stranded, partner, player, account, book):
        row = IdempotencyKey.objects.get()
        resolution.sweep(now=timezone.now() + timedelta(minutes=1))
        reply = placement.place(
            partner=partner,
            key=row.key,
            request=placement_request(player, account),
            request_digest=row.request_digest,
            now=timezone.now(),
            render=lambda coupon: coupon.status.encode(),
        )
        assert (reply.status, reply.body) == (202, b"unknown")
        assert len(book.slips) == 1


def test_staff_confirm_an_unknown_bet(place, book, player, report):
    book.answers.append(Unknown(reason="timeout"))
    coupon = place(stake="10.00")
    report(won("20.00", reference="b7"))
    resolution.confirm_accepted(
        coupon_id=coupon.pk, reference="b7", actor="staff:eve", reason="seen", now=timezone.now()
    )
    assert state(coupon)[0] == "settled"
    assert money(player) == ("110.00", "0.00", "0.00")


def test_staff_reject_an_unknown_bet(place, book, player):
    book.answers.append(Unknown(reason="timeout"))
    coupon = place(stake="10.00")
    resolution.confirm_rejected(
        coupon_id=coupon.pk, actor="staff:eve", reason="not there", now=timezone.now()
    )
    assert state(coupon)[0] == "rejected"
    assert money(player) == ("100.00", "0.00", "0.00")
    with pytest.raises(resolution.NotPossible):
        resolution.confirm_rejected(
            coupon_id=coupon.pk, actor="staff:eve", reason="again", now=timezone.now()
        )


def test_an_accepted_coupon_without_a_result_reaches_the_staff_queue(coupon):
    resolution.sweep(now=timezone.now() + timedelta(hours=73))
    assert Flag.objects.get().kind == "result_overdue"
    assert state(coupon)[0] == "accepted"


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
    assert "above the potential payout of 42.7012" in Flag.objects.get().detail


def test_the_word_of_a_result_is_kept_in_short(coupon, report):
    assert report(won("10.00", raw_result="w" * 300)) == ["applied"]
