"""The messages to superbet's webhook, and our answers."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from providers.contract import (
    Cancel,
    Debit,
    Effect,
    Identify,
    MalformedPayload,
    NotVerified,
    Outcome,
    PlayerFacts,
    Processing,
    Reserve,
    Rollback,
    Settle,
    Unfamiliar,
    Verdict,
    WrongShape,
)
from providers.superbet.protocol import replies, webhook
from tests.factories.providers import make_inbound
from tests.factories.superbet import TICKET, TOKEN, make_message
from tests.providers.samples import sample

CREATED = json.loads(sample("superbet", "pam_ticket_create"))["data"]
COUPON = UUID(int=5)
STORED = ("ticket_win", "ticket_lost", "ticket_void", "ticket_refund", "ticket_rollback")


def parse(action, data=None):
    request = (
        make_inbound("/", sample("superbet", f"pam_{action}"))
        if data is None
        else make_message(action, data)
    )
    return webhook.parse(request, operator="site", language="sw")


def command(action, data=None):
    (found,) = parse(action, data).commands
    return found


@pytest.mark.parametrize(
    "action",
    [*STORED, "ping", "identify", "ticket_reserve", "ticket_create", "ticket_discard"],
)
def test_nothing_in_a_documented_message_is_new(action):
    parsed = parse(action)

    assert parsed.unknown_fields == parsed.unknown_values == ()


def test_a_ping_asks_for_nothing():
    assert parse("ping").commands == ()


def test_identify_asks_who_is_behind_a_token():
    assert command("identify") == Identify(token=TOKEN, language="sw")
    assert parse("identify").processing is Processing.ANSWER


def test_a_reservation_moves_nothing():
    assert command("ticket_reserve") == Reserve(
        reference=TICKET, player_uid="token_i", amount=Decimal("10.00"), currency="USD"
    )


def test_a_created_ticket_takes_its_price_and_may_be_the_one_being_placed():
    debit = command("ticket_create")

    assert isinstance(debit, Debit)
    assert (debit.reference, debit.player_uid) == (TICKET, "token_i")
    assert (debit.amount, debit.currency) == (Decimal("10.00"), "USD")
    assert (debit.stake_at_risk, debit.excise) == (Decimal("8.89"), Decimal("1.11"))
    assert debit.provider_code == "DEC4C0"
    assert debit.binds_hold
    assert parse("ticket_create").processing is Processing.ANSWER


def test_what_a_created_ticket_repeats_says_which_coupon_it_is():
    tagged = command("ticket_create", {**CREATED, "atag": "affiliate-1"})
    marked = command("ticket_create", {**CREATED, "atag": str(COUPON)})
    plain = command("ticket_create", {**CREATED, "atag": None})

    assert (tagged.coupon_id, tagged.slip_options) == (None, {"atag": "affiliate-1"})
    assert (marked.coupon_id, marked.slip_options) == (COUPON, {})
    assert (plain.coupon_id, plain.slip_options) == (None, {})


def test_the_same_ticket_has_the_same_content_however_its_numbers_are_written():
    drifted = {**CREATED, "price": "1000", "stake": "889.0", "ext": "12.5"}

    assert command("ticket_create", drifted) == command("ticket_create")
    assert command("ticket_create", {**CREATED, "price": 1001}).content != CREATED


def test_a_discarded_ticket_is_cancelled_and_the_engine_waits_for_it():
    assert isinstance(command("ticket_discard"), Cancel)
    assert parse("ticket_discard").processing is Processing.ANSWER


@pytest.mark.parametrize(
    ("action", "verdict", "payout", "incomplete"),
    [
        ("ticket_win", Verdict.WON, None, True),
        ("ticket_lost", Verdict.LOST, Decimal(0), False),
        ("ticket_void", Verdict.REFUNDED, Decimal(10), False),
        ("ticket_refund", Verdict.REFUNDED, None, False),
    ],
)
def test_results(action, verdict, payout, incomplete):
    settle = command(action)

    assert isinstance(settle, Settle)
    assert (settle.reference, settle.verdict) == (TICKET, verdict)
    assert (settle.payout, settle.incomplete) == (payout, incomplete)
    assert settle.raw_result == action


@pytest.mark.parametrize("action", [*STORED, "ticket_closed"])
def test_results_are_only_told(action):
    assert parse(action).processing is Processing.STORE


def test_a_rollback_withdraws_a_result():
    assert command("ticket_rollback") == Rollback(reference=TICKET, reason="wrong result entered")


def test_a_closed_ticket_asks_for_nothing():
    assert parse("ticket_closed").commands == ()


def test_reasons_are_kept():
    assert command("ticket_refund").details == {"reason": "event abandoned"}
    assert command("ticket_discard", {"ticket_id": "t", "reason": "late"}).reason == "late"


@pytest.mark.parametrize("data", [None, {}, [], "x", {"ticket_id": 7}, {"ticket_id": "t-1"}])
def test_an_unknown_action_is_kept_and_shown(data):
    parsed = webhook.parse(make_message("ticket_update", data), operator="site", language="")

    (unfamiliar,) = parsed.commands
    assert isinstance(unfamiliar, Unfamiliar)
    assert "ticket_update" in unfamiliar.detail
    assert parsed.unknown_values == ("action=ticket_update",)


@pytest.mark.parametrize(
    ("given", "found"), [(TICKET, TICKET), (1234, "1234"), ([], ""), (None, "")]
)
def test_the_reference_of_an_unknown_action_is_found(given, found):
    assert command("ticket_update", {"ticket_id": given}).reference == found


@pytest.mark.parametrize("name", ["ticket_code", "ticket_type", "atag"])
def test_a_word_of_digits_may_come_as_a_number(name):
    assert command("ticket_create", {**CREATED, name: 100200}) == command(
        "ticket_create", {**CREATED, name: "100200"}
    )


def test_new_fields_are_named():
    parsed = parse("ticket_lost", {"operator": "site", "ticket_id": "t", "bonus": 1})

    assert parsed.unknown_fields == ("data.bonus",)


@pytest.mark.parametrize("action", [*STORED, "identify", "ticket_create", "ticket_discard"])
def test_another_operators_message_is_refused(action):
    data = {**CREATED, "token": "t", "operator": "other"}

    with pytest.raises(WrongShape) as refused:
        parse(action, data)

    assert refused.value.field_name == "data.operator"


@pytest.mark.parametrize(
    ("action", "data", "where"),
    [
        ("identify", {"operator": "site"}, "data.token"),
        ("identify", {"token": 5}, "data.token"),
        ("ticket_win", {}, "data.ticket_id"),
        ("ticket_win", {"ticket_id": "t" * 101}, "data.ticket_id"),
        ("ticket_win", [], "data"),
        ("ticket_create", {**CREATED, "price": "10,00"}, "data.price"),
        ("ticket_create", {**CREATED, "price": 10.5}, "data.price"),
        ("ticket_create", {**CREATED, "price": -5}, "data.price"),
        ("ticket_create", {**CREATED, "stake": {}}, "data.stake"),
        ("ticket_create", {**CREATED, "player_id": None}, "data.player_id"),
        ("ticket_reserve", {**CREATED, "currency": 840}, "data.currency"),
        ("ticket_void", {**CREATED, "price": "x"}, "data.price"),
        ("", {}, "action"),
    ],
)
def test_a_message_of_another_shape_says_where(action, data, where):
    with pytest.raises(WrongShape) as refused:
        parse(action, data)

    assert refused.value.field_name == where


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_malformed(body):
    with pytest.raises(MalformedPayload):
        webhook.parse(make_inbound("/", body), operator="site", language="")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"ping"', b'{"action": null}'])
def test_json_of_another_kind_is_refused(body):
    with pytest.raises(WrongShape):
        webhook.parse(make_inbound("/", body), operator="site", language="")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"action": 5}', b'{"action": "Ping"}'])
def test_only_a_ping_is_a_ping(body):
    assert webhook.action_of(body) != webhook.PING


# --- replies ------------------------------------------------------------------------------------


def reply(action, *outcomes):
    answer = replies.reply(make_inbound("/", sample("superbet", f"pam_{action}")), outcomes)
    return answer.status, json.loads(answer.body)


def outcome(effect, code="", message="", **facts):
    return Outcome(effect=effect, reference=TICKET, code=code, message=message, **facts)


def test_a_player_is_described():
    ada = PlayerFacts(player_uid="p-1", currency="KES", available=Decimal("12.3456"), language="sw")

    assert reply("identify", outcome(Effect.ANSWERED, player=ada)) == (
        200,
        {
            "player_id": "p-1",
            "lang": "sw",
            "balance": 1234,
            "currency": "KES",
            "feature_flags": {},
        },
    )


@pytest.mark.parametrize(
    "outcomes", [(), (outcome(Effect.REFUSED, "unknown_user", "No player has this token."),)]
)
def test_nobody_is_answered_as_published(outcomes):
    assert reply("identify", *outcomes) == (400, {"code": 101, "message": "User not found"})


@pytest.mark.parametrize(
    "effect",
    [Effect.APPLIED, Effect.REPEATED, Effect.KEPT, Effect.ORPHAN, Effect.FLAGGED, Effect.TOMBSTONE],
)
def test_what_is_done_or_kept_is_a_yes(effect):
    assert reply("ticket_discard", outcome(effect)) == (200, {"status": "ok"})


@pytest.mark.parametrize("action", [*STORED, "ping", "ticket_closed"])
def test_a_receipt_needs_no_outcome(action):
    assert reply(action) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("refused", "code", "message"),
    [
        (outcome(Effect.REFUSED, "insufficient_funds", "Too little."), 402, "insufficient_funds"),
        (outcome(Effect.REFUSED, "player_blocked", "Blocked."), 400, "player_blocked"),
        (outcome(Effect.REFUSED, "unknown_user", "Nobody."), 101, "User not found"),
        (outcome(Effect.CONFLICT, "conflicting_request"), 409, "conflicting_request"),
    ],
)
def test_a_no_has_a_code_and_a_message(refused, code, message):
    status, answer = reply("ticket_create", refused)

    assert (status, answer["code"]) == (400, code)
    assert message in answer["message"]


def test_a_message_that_was_refused_is_answered_in_the_same_form():
    answer = replies.refusal(NotVerified("the signature is missing or wrong"))

    assert answer.status == 401
    assert json.loads(answer.body) == {
        "code": 401,
        "message": "not_verified: the signature is missing or wrong",
    }


def test_the_time_of_a_message_is_no_part_of_it():
    assert parse("ticket_win") == webhook.parse(
        make_inbound(
            "/",
            sample("superbet", "pam_ticket_win"),
            received_at=datetime(2030, 1, 1, tzinfo=UTC),
        ),
        operator="site",
        language="sw",
    )
