"""A vendor with one address for all that it tells, taxed tickets, and results without amounts."""

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from bets.models import Coupon, Flag, Player, Settlement, Tombstone
from bets.services import questions, resolution, tokens
from bets.services.answers import book_answer
from bets.services.batch import Cause
from providers import registry
from providers import services as providers
from providers.contract import Accepted, Incomplete, Rejected, Settle, Unfamiliar, Verdict
from providers.models import ProviderAccount, SeenDetail
from tests.bets.conftest import fund, money
from tests.factories.bets import a_held_coupon, an_account
from wallets import services as ledger
from wallets.queries import house_balance
from wallets.services import Kind, NewTransfer, Purpose
from wallets.verification import verify
from webhooks.models import Delivery, DeliveryEffect
from webhooks.services import processing, replaying

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pam(monkeypatch, partner) -> Iterator[ProviderAccount]:
    monkeypatch.setitem(registry.PROVIDERS, "fakepam", "tests.fakes.seamless.FakePam")
    registry.get.cache_clear()
    yield an_account(partner, provider="fakepam", code="pam")
    registry.get.cache_clear()


@pytest.fixture(autouse=True)
def books_balance() -> Iterator[None]:
    yield
    assert verify() == []


@pytest.fixture
def vendor(pam) -> Any:
    return registry.get("fakepam")


@pytest.fixture
def base(pam) -> str:
    return providers.callback_base(account=pam).removeprefix("http://testserver")


@pytest.fixture
def tell(base) -> Callable[..., Any]:
    def send(action: str, ticket: str = "t1", *, end: str = "", **data: Any) -> Any:
        body = json.dumps({"action": action, "ticket": ticket, **data})
        return Client().post(base + end, body, content_type="application/json")

    return send


@pytest.fixture
def report(tell, vendor) -> Callable[..., str]:
    """Tell a result and have the drainer process it; gives the effect."""

    def send(action: str, ticket: str = "t1", **data: Any) -> str:
        assert tell(action, ticket, **data).status_code == 200
        delivery = Delivery.objects.latest("id")
        processing.process(delivery_id=delivery.pk)
        return ",".join(delivery.effects.values_list("effect", flat=True))

    return send


@pytest.fixture
def create(tell, player) -> Callable[..., Any]:
    """The ticket of the document's sample: 10.00, of which 1.11 is excise."""

    def send(ticket: str = "t1", *, of: Player = player, price: str = "10.00", **data: Any) -> Any:
        taxed = {"stake": "8.89", "excise": "1.11"} if price == "10.00" else {}
        who = {"player": of.external_id, "price": price, "code": f"CODE-{ticket}"}
        return tell("create", ticket, **{**who, **taxed, **data})

    return send


def house(purpose: Purpose) -> Decimal:
    return house_balance(address=ledger.house(owner="pam", purpose=purpose, currency="EUR"))


def houses() -> tuple[str, ...]:
    """Stakes, excise, payouts and withholding, as the house sees them."""
    purposes = (Purpose.STAKES, Purpose.EXCISE, Purpose.PAYOUTS, Purpose.WITHHOLDING)
    return tuple(f"{house(each):.2f}" for each in purposes)


def won(net: str, tax: str | None = None) -> Settle:
    return Settle(
        reference="t1",
        verdict=Verdict.WON,
        payout=Decimal(net),
        withholding=None if tax is None else Decimal(tax),
    )


def state() -> tuple[str, str]:
    return Coupon.objects.values_list("status", "result").get()


def codes(answer: Any) -> list[str]:
    return [each["code"] for each in answer.json()]


# --- the address --------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "/"])
def test_the_address_itself_is_a_route_with_and_without_a_slash(tell, pam, player, end):
    token = tokens.issue(player=player, account=pam, now=timezone.now())
    answer = tell("identify", token=token, end=end)
    assert answer.json() == [
        {"effect": "answered", "code": "", "player": player.external_id, "available": "100.00"}
    ]
    assert Delivery.objects.get().route == "/"


def test_a_token_that_stands_for_nobody_is_refused(tell, pam, player):
    past = timezone.now() - timedelta(hours=1)
    expired = tokens.issue(player=player, account=pam, now=past)
    for token in ("", "x" * 43, expired):
        answer = tell("identify", token=token)
        assert (answer.status_code, codes(answer)) == (400, ["unknown_user"])


# --- create -------------------------------------------------------------------------------------


def test_a_ticket_of_our_own_player_is_a_coupon_with_its_taxes(create, player):
    assert create().status_code == 200
    coupon = Coupon.objects.get()
    assert (coupon.status, coupon.origin, coupon.provider_code) == ("accepted", "wallet", "CODE-t1")
    assert (coupon.stake, coupon.stake_at_risk, coupon.excise) == (
        Decimal("10.00"), Decimal("8.89"), Decimal("1.11"),
    )  # fmt: skip
    assert money(player) == ("90.00", "0.00", "0.00")
    assert houses() == ("8.89", "1.11", "0.00", "0.00")


@pytest.mark.parametrize("status", ["pending", "unknown"])
def test_a_ticket_that_we_are_placing_takes_the_hold(create, player, pam, status):
    coupon = a_held_coupon(player, pam, status=status)
    assert create().status_code == 200
    now = Coupon.objects.get()
    assert (now.pk, now.status, now.provider_reference) == (coupon.pk, "accepted", "t1")
    assert (now.provider_code, now.excise, now.stake_at_risk) == (
        "CODE-t1", Decimal("1.11"), Decimal("8.89"),
    )  # fmt: skip
    assert money(player) == ("90.00", "0.00", "0.00")
    assert houses() == ("8.89", "1.11", "0.00", "0.00")
    assert create().json()[0]["effect"] == "repeated"
    assert money(player) == ("90.00", "0.00", "0.00")


def test_the_place_reply_after_the_ticket_books_nothing_more(create, player, pam):
    coupon = a_held_coupon(player, pam)
    create()
    book(coupon, Accepted(reference="t1", provider_code="CODE-t1", excise=Decimal("1.11")))
    assert state() == ("accepted", "")
    assert not Flag.objects.exists()
    assert houses() == ("8.89", "1.11", "0.00", "0.00")


def book(coupon: Coupon, answer: Accepted | Rejected) -> None:
    with transaction.atomic():
        book_answer(coupon_id=coupon.pk, answer=answer, actor="test")


def test_the_ticket_after_the_place_reply_is_a_repeat(create, player, pam):
    coupon = a_held_coupon(player, pam)
    taxed = Accepted(reference="t1", stake_at_risk=Decimal("8.89"), excise=Decimal("1.11"))
    book(coupon, taxed)
    assert houses() == ("8.89", "1.11", "0.00", "0.00")
    assert create().json()[0]["effect"] == "repeated"
    assert create(price="11.00").json()[0]["effect"] == "conflict"
    assert Coupon.objects.count() == 1
    assert money(player) == ("90.00", "0.00", "0.00")


def test_tickets_and_place_replies_at_once_take_each_hold_once(create, player, pam):
    stakes = ["1.00", "2.00", "3.00", "4.00"]
    coupons = [a_held_coupon(player, pam, stake=stake) for stake in stakes]
    start = Barrier(8)

    def race(number: int) -> None:
        coupon = coupons[number % 4]
        start.wait()
        try:
            if number < 4:
                assert create(f"t{number}", price=stakes[number]).status_code == 200
            else:
                book(coupon, Accepted(reference=f"t{number - 4}"))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(race, range(8)))
    assert set(Coupon.objects.values_list("status", "origin")) == {("accepted", "placed")}
    assert Coupon.objects.count() == 4
    assert money(player) == ("90.00", "0.00", "0.00")
    assert not Flag.objects.exists()


def test_the_ticket_of_a_coupon_that_was_rejected_is_refused(create, player, pam):
    coupon = a_held_coupon(player, pam, provider_reference="t1")
    book(coupon, Rejected(code="no", message="no"))
    answer = create()
    assert (answer.status_code, codes(answer)) == (400, ["coupon_closed"])
    assert money(player) == ("100.00", "0.00", "0.00")


def test_several_coupons_that_it_could_be_refuse_the_ticket_for_staff(create, player, pam):
    for _ in range(2):
        a_held_coupon(player, pam)
    for _ in range(2):
        answer = create()
        assert (answer.status_code, codes(answer)) == (400, ["ambiguous"])
    assert list(Flag.objects.values_list("kind", flat=True)) == ["wallet_call"] * 2
    assert money(player) == ("80.00", "20.00", "0.00")


@pytest.mark.parametrize(
    "changes",
    [{"stake": "9.00"}, {"provider_reference": "other"}, {"status": "accepted"}],
)
def test_no_other_coupon_is_taken_for_the_ticket(create, player, pam, changes):
    status = changes.pop("status", "pending")
    other = a_held_coupon(player, pam, **changes)
    if status == "accepted":
        book(other, Accepted(reference="other"))
    assert create().status_code == 200
    assert Coupon.objects.count() == 2
    assert Coupon.objects.get(provider_reference="t1").origin == "wallet"


def test_a_coupon_of_another_player_is_not_taken(create, player, pam, new_player):
    a_held_coupon(new_player("bob"), pam)
    create()
    assert money(player) == ("90.00", "0.00", "0.00")
    assert Coupon.objects.count() == 2


@pytest.mark.parametrize("changes", [{"excise": "10.00"}, {"excise": "-1"}, {"stake": "8.891"}])
def test_taxes_that_cannot_be_booked_refuse_the_ticket(create, player, changes):
    answer = create(**changes)
    assert (answer.status_code, codes(answer)) == (400, ["invalid_amount"])
    assert money(player) == ("100.00", "0.00", "0.00")


# --- reserve, discard ---------------------------------------------------------------------------


def test_a_reservation_moves_nothing(tell, player, pam):
    answer = tell("reserve", player="7", price="100.00")
    assert (answer.status_code, DeliveryEffect.objects.get().effect) == (200, "answered")
    assert not Coupon.objects.exists()
    a_held_coupon(player, pam, stake="100.00")
    assert tell("reserve", player="7", price="100.00").status_code == 200
    assert money(player) == ("0.00", "100.00", "0.00")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"player": "nobody"}, "unknown_user"),
        ({"price": "100.01"}, "insufficient_funds"),
        ({"price": "0"}, "invalid_amount"),
        ({"currency": "USD"}, "currency_mismatch"),
    ],
)
def test_a_reservation_that_could_not_be_paid_is_refused(tell, player, data, code):
    answer = tell("reserve", **{"player": "7", "price": "10.00", **data})
    assert (answer.status_code, codes(answer)) == (400, [code])


def test_a_blocked_player_reserves_nothing(tell, player):
    Player.objects.update(status="blocked")
    assert codes(tell("reserve", player="7", price="10.00")) == ["player_blocked"]


@pytest.mark.parametrize("status", ["pending", "unknown"])
def test_a_discard_releases_the_hold_for_good(tell, create, player, pam, status):
    a_held_coupon(player, pam, status=status, provider_reference="t1")
    assert tell("discard").json()[0]["effect"] == "applied"
    assert tell("discard").json()[0]["effect"] == "repeated"
    assert state() == ("rejected", "")
    assert money(player) == ("100.00", "0.00", "0.00")
    assert codes(create()) == ["coupon_closed"]
    assert money(player) == ("100.00", "0.00", "0.00")


def test_a_discard_of_a_taken_ticket_gives_everything_back(tell, create, player):
    create()
    assert tell("discard").json()[0]["effect"] == "applied"
    assert state() == ("returned", "")
    assert money(player) == ("100.00", "0.00", "0.00")
    assert houses() == ("0.00", "0.00", "0.00", "0.00")


def test_a_discard_that_comes_first_bars_the_ticket(tell, create, player):
    assert tell("discard").json()[0]["effect"] == "tombstone"
    assert codes(create()) == ["cancelled"]
    assert Tombstone.objects.count() == 1
    assert money(player) == ("100.00", "0.00", "0.00")


# --- results ------------------------------------------------------------------------------------


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


# --- results without amounts --------------------------------------------------------------------


def test_the_provider_is_asked_outside_any_transaction_and_the_call_is_the_coupons(
    create, report, vendor, player
):
    create()
    vendor.tickets["t1"] = won("20.00")
    assert report("win") == "applied"
    assert vendor.asked == ["t1"]


def test_a_provider_that_does_not_tell_is_asked_again_and_nothing_is_settled(
    create, tell, vendor, player
):
    create()
    tell("win")
    delivery = Delivery.objects.latest("id")
    for _ in range(12):
        processing.process(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error_code) == ("failed", "incomplete")
    assert delivery.attempts < processing.MAX_ATTEMPTS
    wait = delivery.next_attempt_at - timezone.now()
    assert timedelta(0) < wait < timedelta(seconds=10)
    assert state() == ("accepted", "")
    vendor.tickets["t1"] = won("20.00")
    processing.process(delivery_id=delivery.pk)
    assert (state(), money(player)) == (("settled", "won"), ("110.00", "0.00", "0.00"))


def test_a_surprise_of_the_provider_is_an_answer_that_is_not_there(create, tell, vendor, caplog):
    create()
    tell("win")
    vendor.surprises.append(ZeroDivisionError("nobody thought of this"))
    with caplog.at_level(logging.CRITICAL):
        processing.process(delivery_id=Delivery.objects.latest("id").pk)
    delivery = Delivery.objects.latest("id")
    assert (delivery.status, delivery.error_code) == ("failed", "incomplete")


def test_after_a_day_the_delivery_is_parked_and_can_be_replayed(
    create, tell, vendor, player, caplog, as_superuser
):
    create()
    tell("win")
    delivery = Delivery.objects.latest("id")
    as_superuser("UPDATE webhooks_delivery SET received_at = now() - interval '25 hours' "
                 "WHERE id = %s", [delivery.pk])  # fmt: skip
    with caplog.at_level(logging.CRITICAL):
        processing.process(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error_code) == ("parked", "incomplete")
    told = replaying.replay(delivery_ids=[delivery.pk], actor="staff:1")
    assert told[delivery.pk] == "the ticket could not be read"
    with pytest.raises(Incomplete):
        replaying.rehearse(delivery_id=delivery.pk)
    vendor.tickets["t1"] = won("20.00")
    (change,) = replaying.rehearse(delivery_id=delivery.pk)
    assert (change.after.payout, money(player)[0]) == (Decimal(20), "90.00")
    replaying.replay(delivery_ids=[delivery.pk], actor="staff:1")
    assert money(player) == ("110.00", "0.00", "0.00")


def test_a_result_that_is_still_incomplete_never_reaches_settlement(create, tell, vendor):
    create()
    tell("win")
    vendor.tickets["t1"] = Settle(reference="t1", verdict=Verdict.WON, incomplete=True)
    processing.process(delivery_id=Delivery.objects.latest("id").pk)
    assert (state(), Delivery.objects.latest("id").status) == (("accepted", ""), "failed")


# --- what nobody knows --------------------------------------------------------------------------


def test_an_unknown_action_is_acknowledged_and_shown_to_staff_once(tell, pam):
    for _ in range(3):
        assert tell("ticket_update").status_code == 200
    flag = Flag.objects.get()
    assert (flag.kind, flag.reference, flag.detail) == (
        "unfamiliar", "t1", "action ticket_update",
    )  # fmt: skip
    Flag.objects.update(resolved_at=timezone.now())
    tell("ticket_update")
    assert Flag.objects.count() == 1
    assert DeliveryEffect.objects.latest("id").effect == "flagged"
    for action in ("ticket_update", "ticket_update", "jackpot_update"):
        tell(action, "")
    assert Flag.objects.count() == 3
    assert Delivery.objects.latest("id").unknown_fields == ["action=jackpot_update"]


def test_what_the_contract_does_not_know_is_told_to_the_watch(tell, pam, player):
    tell("reserve", player="7", price="1.00", colour="red")
    tell("ticket_update")
    seen = SeenDetail.objects.filter(account=pam).values_list("place", "kind", "name")
    assert sorted(seen) == [("/", "field", "colour"), ("/", "value", "action=ticket_update")]


def test_a_longer_reference_than_is_kept_is_cut_for_the_flag(pam):
    message = Unfamiliar(reference="x" * 300, detail="d")
    cause = Cause(actor="provider:pam", now=timezone.now())
    questions.note_unfamiliar(account=pam, message=message, cause=cause)
    assert Flag.objects.get().reference == "x" * 100
