import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from threading import Barrier, Event

import pytest
from django.db import connection, transaction

from bets.models import Coupon, IdempotencyKey, PlayerStatus
from bets.services.placing.answers import book_answer
from providers.contract import Accepted, ChangedOdds, NotSent, Rejected, Unknown
from tests.factories.bets import a_partner, a_player, fund
from tests.factories.problems import problem
from wallets.queries import balances

pytestmark = pytest.mark.django_db

ITEM = {"event_id": "586464528", "selection": "17|954|2.5", "odds": "4.27", "is_live": False}


# --- placing ------------------------------------------------------------------------------------


def test_an_accepted_coupon(api, slip, book, player, account) -> None:
    book.answers.append(Accepted(reference="B-1", odds=Decimal("4.27")))
    response = api.post("/coupons", slip(), key="k1")
    assert (response.status_code, response["Content-Type"]) == (201, "application/json")
    coupon = Coupon.objects.get()
    body = response.json()
    assert body == {
        "id": str(coupon.pk),
        "code": coupon.code,
        "player": str(player.pk),
        "provider_account": account.code,
        "type": "single",
        "system_size": None,
        "status": "accepted",
        "result": None,
        "stake": "10.00",
        "odds": "4.27",
        "odds_policy": "none",
        "potential_payout": "42.70",
        "payout": None,
        "currency": "EUR",
        "stake_at_risk": None,
        "excise": None,
        "withholding": None,
        "provider_reference": "B-1",
        "provider_code": None,
        "options": {},
        "rejection": None,
        "items": [{**ITEM, "accepted_odds": "4.27", "legs": None, "result": None}],
        "placed_at": body["placed_at"],
        "accepted_at": body["accepted_at"],
        "settled_at": None,
    }
    assert datetime.fromisoformat(body["placed_at"]) == coupon.placed_at.astimezone(UTC)
    assert api.get(f"/coupons/{coupon.pk}").content == response.content


def test_what_the_provider_is_asked(api, slip, book) -> None:
    items = [
        {**ITEM, "event_id": 586464528, "is_live": True},
        {"event_id": "e2", "selection": "87|4|0", "odds": "1.12"},
    ]
    sent = slip(type="express", odds_policy="rise", items=items)
    assert api.post("/coupons", sent, key="k").status_code == 201
    (asked,) = book.slips
    assert (asked.type, asked.odds_policy, asked.stake) == ("express", "rise", Decimal("10.00"))
    assert [(s.event_id, s.odds, s.is_live) for s in asked.selections] == [
        ("586464528", Decimal("4.27"), True),
        ("e2", Decimal("1.12"), False),
    ]


def test_what_may_be_left_out(api, slip, book) -> None:
    sent = slip(odds_policy=..., items=[{k: ITEM[k] for k in ("event_id", "selection", "odds")}])
    body = api.post("/coupons", sent, key="k").json()
    assert (body["odds_policy"], body["system_size"]) == ("none", None)
    assert body["items"][0]["is_live"] is False


def test_a_system(api, slip) -> None:
    items = [{**ITEM, "event_id": str(n), "odds": "2.00"} for n in range(3)]
    body = api.post("/coupons", slip(type="system", system_size=2, items=items), key="k").json()
    assert (body["status"], body["system_size"], body["odds"]) == ("accepted", 2, "4.00")
    assert body["potential_payout"] == "40.00"


def test_a_refusal_by_the_provider_is_a_coupon(api, slip, book, player) -> None:
    changed = ChangedOdds(item=0, requested=Decimal("4.27"), current=Decimal("3.9"))
    book.answers.append(
        Rejected(
            code="odds_changed",
            message="The odds have changed.",
            provider_code="17",
            changed=(changed,),
            max_stake=Decimal("55"),
        )
    )
    response = api.post("/coupons", slip(), key="k")
    assert response.status_code == 201
    body = response.json()
    assert (body["status"], body["accepted_at"]) == ("rejected", None)
    assert body["rejection"] == {
        "code": "odds_changed",
        "message": "The odds have changed.",
        "provider_code": "17",
        "changed": [{"item": 0, "requested": "4.27", "current": "3.90"}],
        "max_stake": "55.00",
    }
    assert balances([player.wallet_id])[player.wallet_id].available == Decimal("100")


def test_a_refusal_without_a_call_is_a_coupon_too(api, slip, book) -> None:
    response = api.post("/coupons", slip(stake="100.01"), key="k")
    assert response.status_code == 201
    rejection = response.json()["rejection"]
    assert rejection.pop("message")
    assert rejection == {
        "code": "insufficient_funds",
        "provider_code": None,
        "changed": [],
        "max_stake": None,
    }
    assert not book.slips


@pytest.mark.parametrize("status", ["blocked", "self_excluded", "closed"])
def test_a_player_who_may_not_bet(api, slip, book, player, status) -> None:
    player.status = PlayerStatus(status)
    player.save()
    body = api.post("/coupons", slip(), key="k").json()
    assert (body["status"], body["rejection"]["code"]) == ("rejected", f"player_{status}")
    assert not book.slips


def test_never_sent_is_rejected_and_no_clear_answer_is_202(api, slip, book) -> None:
    book.answers += [
        NotSent(code="provider_unreachable", message="no way to 10.1.2.3"),
        Unknown(reason="time-out"),
    ]
    never = api.post("/coupons", slip(), key="k1")
    unclear = api.post("/coupons", slip(), key="k2")
    assert (never.status_code, never.json()["status"]) == (201, "rejected")
    assert never.json()["rejection"]["message"] == "The provider could not be reached."
    assert "10.1.2.3" in Coupon.objects.get(pk=never.json()["id"]).events.last().reason
    assert (unclear.status_code, unclear.json()["status"]) == (202, "unknown")
    again = api.post("/coupons", slip(), key="k2")
    assert (again.status_code, again.content) == (202, unclear.content)


# --- idempotency --------------------------------------------------------------------------------


def test_the_same_key_and_body_get_the_same_bytes(api, slip, book) -> None:
    first = api.post("/coupons", slip(), key="k")
    reordered = json.dumps(dict(reversed(slip().items())), indent=3).encode()
    for body in (slip(), reordered):
        again = api.post("/coupons", body, key="k")
        assert (again.status_code, again.content) == (201, first.content)
        assert again["Content-Type"] == first["Content-Type"]
    assert (Coupon.objects.count(), len(book.slips)) == (1, 1)


def test_a_repeat_tells_what_the_first_reply_told(api, slip, book, player) -> None:
    first = api.post("/coupons", slip(stake="150"), key="k")
    assert first.json()["rejection"]["code"] == "insufficient_funds"
    fund(player, "100")
    assert api.post("/coupons", slip(stake="150"), key="k").content == first.content


@pytest.mark.django_db(transaction=True)
def test_who_asks_again_during_the_call_hears_what_is_told_later(
    api, slip, sports_account, sportsbook
) -> None:
    """The provider's wallet call has accepted the bet while our own call is still open."""
    asked, told = slip(provider_account=sports_account.code), []

    def elsewhere(yes):
        try:
            with transaction.atomic():
                book_answer(coupon_id=yes.reference, answer=yes, actor="provider:fakesports")
            return api.post("/coupons", asked, key="k")
        finally:
            connection.close()

    def answering(bet):
        yes = Accepted(reference=str(bet.coupon_id))
        with ThreadPoolExecutor(1) as other:
            told.append(other.submit(elsewhere, yes).result())
        return replace(yes, item_odds=(Decimal("4.20"),))

    sportsbook.answers.append(answering)
    told += [api.post("/coupons", asked, key="k") for _ in range(2)]
    assert [each.status_code for each in told] == [201, 201, 201]
    assert len({each.content for each in told}) == 1
    assert Coupon.objects.get().items.get().accepted_odds == Decimal("4.2")


@pytest.mark.parametrize(
    "change",
    [
        {"stake": "10.01"},
        {"odds_policy": "any"},
        {"items": [{**ITEM, "odds": "4.28"}]},
        {"items": [{**ITEM, "is_live": True}]},
    ],
)
def test_the_same_key_with_another_body_is_a_conflict(api, slip, change) -> None:
    api.post("/coupons", slip(), key="k")
    problem(api.post("/coupons", slip(**change), key="k"), 409, "idempotency_key_reused")
    assert Coupon.objects.count() == 1


def test_partners_may_use_the_same_keys(api, api_of, slip, account) -> None:
    other = a_partner()
    theirs = a_player(other, balance="50")
    account.access.create(partner=other)
    assert api.post("/coupons", slip(), key="k").status_code == 201
    second = api_of(other).post("/coupons", slip(player=str(theirs.pk)), key="k")
    assert (second.status_code, Coupon.objects.count()) == (201, 2)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_required"),
        ("", "idempotency_key_malformed"),
        ("a b", "idempotency_key_malformed"),
        ("x" * 101, "idempotency_key_malformed"),
        ("k\u00e9", "idempotency_key_malformed"),
        ("a\x00", "idempotency_key_malformed"),
    ],
)
def test_a_key_is_required_and_has_a_form(api, slip, key, code) -> None:
    body = problem(api.post("/coupons", slip(), key=key), 400, code)
    assert body["errors"][0]["field"] == "Idempotency-Key"
    assert not Coupon.objects.exists()


def test_a_refused_request_does_not_use_up_its_key(api, slip) -> None:
    assert api.post("/coupons", slip(stake="x"), key="x" * 100).status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert api.post("/coupons", slip(), key="x" * 100).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_one_key_sent_many_times_at_once_places_one_coupon(api, slip, book) -> None:
    placed, start = Event(), Barrier(6)

    def slowly(asked):
        placed.wait(20)
        return Accepted(reference="B-1")

    book.answers.append(slowly)
    sent = slip()

    def send(_: int):
        try:
            start.wait(20)
            return api.post("/coupons", sent, key="k")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(send, n) for n in range(6)]
        # The provider answers once the five others have been turned away.
        refused = [each.result() for each in islice(as_completed(waiting, timeout=20), 5)]
        placed.set()
        replies = [each.result() for each in waiting]
    for reply in refused:
        problem(reply, 409, "placement_in_progress")
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409, 409, 409]
    assert (Coupon.objects.count(), len(book.slips)) == (1, 1)
