"""Transactions of a seamless wallet, and what they do to coupons and money."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from bets.models import (
    Coupon,
    Flag,
    Partner,
    PartnerAccess,
    Player,
    Settlement,
    TimelineEvent,
    Tombstone,
    WalletTransaction,
)
from bets.services import answers, inbound, resolution
from providers import registry
from providers.contract import Accepted, Effect, MoveKind, Outcome, Rejected, WalletMove
from providers.models import ProviderAccount
from tests.bets.conftest import fund, money
from tests.factories.bets import a_held_coupon, an_account
from wallets.models import Account
from wallets.verification import verify

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def books_balance(db: None):
    """After every test the whole ledger is proved."""
    yield
    assert verify() == []


@pytest.fixture
def seamless(monkeypatch: pytest.MonkeyPatch, partner: Partner) -> ProviderAccount:
    monkeypatch.setitem(registry.PROVIDERS, "fakeseamless", "tests.fakes.seamless.FakeSeamless")
    registry.get.cache_clear()
    yield an_account(partner, provider="fakeseamless")
    registry.get.cache_clear()


@pytest.fixture
def coupon(player: Player, seamless: ProviderAccount) -> Coupon:
    """A pending coupon of 10.00 whose stake is held, known by our own id."""
    return a_held_coupon(player, seamless, item_odds=("2.50",))


@pytest.fixture
def send(seamless: ProviderAccount) -> Callable[..., list[Outcome]]:
    def deliver(*moves: WalletMove) -> list[Outcome]:
        with transaction.atomic():
            return inbound.carry_out(
                account=seamless, commands=moves, delivery_id=uuid4(), now=timezone.now()
            )

    return deliver


def a_move(coupon: Coupon, kind: MoveKind, amount: str = "10.00", **changes: object) -> WalletMove:
    move = WalletMove(
        id=f"{coupon.pk}_{kind}",
        kind=kind,
        reference=str(coupon.pk),
        player_uid=str(coupon.player_id),
        amount=Decimal(amount),
        currency="EUR",
    )
    return replace(move, **changes)


def a_stake(coupon: Coupon, **changes: object) -> WalletMove:
    return a_move(coupon, MoveKind.STAKE, **changes)


def a_payout(coupon: Coupon, amount: str, *, number: int = 0) -> WalletMove:
    return a_move(coupon, MoveKind.PAYOUT, amount, id=f"{coupon.pk}_settlement_{number}")


def a_clawback(coupon: Coupon, amount: str, *, number: int = 0) -> WalletMove:
    return a_move(coupon, MoveKind.CLAWBACK, amount, id=f"{coupon.pk}_clawback_{number}")


def a_rollback(coupon: Coupon, *, of: str | None = None, **changes: object) -> WalletMove:
    parent = a_stake(coupon).id if of is None else of
    return a_move(coupon, MoveKind.ROLLBACK, **{"parent_id": parent, **changes})


def told(outcomes: list[Outcome]) -> list[str]:
    return [f"{each.effect.value}:{each.code}".rstrip(":") for each in outcomes]


def state(coupon: Coupon) -> tuple[str, str]:
    now = Coupon.objects.get(pk=coupon.pk)
    return now.status, now.result


def flags() -> list[str]:
    return sorted(Flag.objects.values_list("kind", flat=True))


def book(coupon: Coupon, answer: Accepted | Rejected) -> None:
    with transaction.atomic():
        answers.book_answer(coupon_id=coupon.pk, answer=answer, actor="test")


def yes(coupon: Coupon, **terms: object) -> Accepted:
    return Accepted(reference=str(coupon.pk), **terms)


NO = Rejected(code="refused", message="no")


# --- stakes -------------------------------------------------------------------------------------


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


def returned(coupon: Coupon) -> None:
    resolution.return_coupon(
        coupon_id=coupon.pk, actor="staff:1", reason="void", now=timezone.now()
    )


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


# --- rollbacks ----------------------------------------------------------------------------------


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


# --- payouts and clawbacks ----------------------------------------------------------------------


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
