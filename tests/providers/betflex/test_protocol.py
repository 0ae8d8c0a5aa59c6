"""BetFlex's wire, without a network."""

import json
from copy import deepcopy
from decimal import Decimal

import pytest

from providers.betflex import protocol
from providers.contract import (
    Cancel,
    Effect,
    MalformedPayload,
    Outcome,
    Verdict,
    WrongShape,
)
from tests.factories.providers import make_inbound
from tests.providers.samples import sample

BETS = json.loads(sample("betflex", "bets"))
WINNERS = json.loads(sample("betflex", "winners"))


def changed(message: dict, path: str, value: object) -> bytes:
    """The message with one value at a path like `bets.0.bet.amount` replaced."""
    message = deepcopy(message)
    target, *names = message, *path.split(".")
    *outer, last = [int(name) if name.isdigit() else name for name in names]
    for name in outer:
        target = target[name]
    target[last] = value
    return json.dumps(message).encode()


def bets(body: bytes):
    return protocol.parse_bets(make_inbound("/bets", body))


def winners(body: bytes):
    return protocol.parse_winners(make_inbound("/winners", body))


BET = "pools.0.bets.0.bet."


def test_a_bet_is_a_debit():
    parsed = bets(sample("betflex", "bets"))

    (debit,) = parsed.commands
    assert (debit.reference, debit.game, debit.player_uid) == ("900001", "betflex", "1001")
    assert (debit.amount, debit.currency) == (Decimal("10.00"), "EUR")
    assert debit.potential_payout == Decimal("42.70")
    assert debit.group_reference == "555001"
    assert parsed.unknown_fields == ()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("bets.0.bet.uid", "900001"),
        ("bets.0.bet.amount", 10),
        ("bets.0.bet.amount", "10"),
        ("bets.0.user.uid", "1001"),
        ("bets.0.pool.uid", "555001"),
        ("bets.0.pool.overdraw", 42.7),
        ("bets.0.user.ip", "203.0.113.80"),
        ("bets.0.user.client", "renamed"),
    ],
)
def test_the_same_bet_written_otherwise_has_the_same_content(path, value):
    (first,) = bets(sample("betflex", "bets")).commands
    (again,) = bets(changed(BETS, path, value)).commands

    assert again.reference == first.reference
    assert again.content == first.content


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("bets.0.bet.amount", "10.01"),
        ("bets.0.user.uid", 1002),
        ("bets.0.pool.currency", "SEK"),
        ("bets.0.pool.uid", 555002),
        ("bets.0.pool.overdraw", "42.71"),
    ],
)
def test_another_bet_of_the_same_uid_has_other_content(path, value):
    (first,) = bets(sample("betflex", "bets")).commands
    (again,) = bets(changed(BETS, path, value)).commands

    assert again.content != first.content


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("bets", {}, "bets"),
        ("bets", [], "bets"),
        ("bets", None, "bets"),
        ("bets.0", "x", "bets[0]"),
        ("bets.0.user", None, "bets[0].user"),
        ("bets.0.user.uid", None, "bets[0].user.uid"),
        ("bets.0.user.uid", True, "bets[0].user.uid"),
        ("bets.0.user.uid", 1.5, "bets[0].user.uid"),
        ("bets.0.user.uid", "u" * 300, "bets[0].user.uid"),
        ("bets.0.bet.uid", "", "bets[0].bet.uid"),
        ("bets.0.bet.amount", "ten", "bets[0].bet.amount"),
        ("bets.0.bet.amount", "-1", "bets[0].bet.amount"),
        ("bets.0.bet.amount", "1e3", "bets[0].bet.amount"),
        ("bets.0.bet.amount", "9" * 19, "bets[0].bet.amount"),
        ("bets.0.bet.amount", ["10"], "bets[0].bet.amount"),
        ("bets.0.pool.currency", 978, "bets[0].pool.currency"),
        ("bets.0.pool.overdraw", "lots", "bets[0].pool.overdraw"),
    ],
)
def test_a_wrong_shape_names_the_field(path, value, field):
    with pytest.raises(WrongShape) as refused:
        bets(changed(BETS, path, value))

    assert refused.value.field_name == field


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"{", b"[" * 100_000])
def test_what_is_not_json_is_malformed(body):
    with pytest.raises(MalformedPayload):
        bets(body)


def test_a_winner_is_a_result_with_what_reports_need():
    parsed = winners(sample("betflex", "winners"))

    (settle,) = parsed.commands
    assert (settle.reference, settle.game, settle.player_uid) == ("900001", "betflex", "1001")
    assert (settle.verdict, settle.payout, settle.currency) == (
        Verdict.WON,
        Decimal("42.70"),
        "EUR",
    )
    assert settle.raw_result == "won"
    assert settle.details["base_payout"] == "42.70"
    assert settle.details["extra"] == {"legs": [{"odds": "4.27", "state": "won"}]}
    assert json.dumps(settle.details)
    assert parsed.unknown_fields == ()


@pytest.mark.parametrize(
    ("payout", "verdict"),
    [
        ("0", Verdict.LOST),
        (0, Verdict.LOST),
        ("0.00", Verdict.LOST),
        ("10", Verdict.REFUNDED),
        (10.0, Verdict.REFUNDED),
        ("9.99", Verdict.WON),
        ("42.70", Verdict.WON),
    ],
)
def test_the_amounts_say_what_happened(payout, verdict):
    (settle,) = winners(changed(WINNERS, BET + "payout", payout)).commands

    assert settle.verdict is verdict


def test_the_bets_currency_goes_before_the_pools():
    (own,) = winners(changed(WINNERS, BET + "currency", "SEK")).commands
    (pools,) = winners(changed(WINNERS, BET + "currency", None)).commands

    assert (own.currency, pools.currency) == ("SEK", "EUR")


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("pools", [], "pools"),
        ("pools", "x", "pools"),
        ("pools.0.pool", [], "pools[0].pool"),
        ("pools.0.bets", {}, "pools[0].bets"),
        (BET + "payout", None, "pools[0].bets[0].bet.payout"),
        (BET + "payout", "-0.01", "pools[0].bets[0].bet.payout"),
        (BET + "amount", "x", "pools[0].bets[0].bet.amount"),
        (BET + "result", 7, "pools[0].bets[0].bet.result"),
    ],
)
def test_a_wrong_shape_of_winners_names_the_field(path, value, field):
    with pytest.raises(WrongShape) as refused:
        winners(changed(WINNERS, path, value))

    assert refused.value.field_name == field


def test_a_cancel_has_the_shape_of_winners_and_needs_less():
    parsed = protocol.parse_cancel(make_inbound("/bets/cancel", sample("betflex", "bets_cancel")))

    assert parsed.commands == (
        Cancel(
            reference="900001",
            game="betflex",
            reason="cancelled",
            player_uid="1001",
            details={"status": "cancelled", "result": ""},
        ),
    )
    assert parsed.unknown_fields == ()


def test_a_cancel_without_a_status_is_one_all_the_same():
    parsed = protocol.parse_cancel(make_inbound("/bets/cancel", sample("betflex", "winners")))

    assert parsed.commands[0].reason == ""


def test_unknown_fields_are_named_once():
    message = deepcopy(WINNERS)
    message["pools"][0]["bets"] *= 2
    body = changed(message, BET + "colour", "red")

    assert winners(body).unknown_fields == ("pools[].bets[].bet.colour",)


# --- replies ------------------------------------------------------------------------------------


def outcome(effect: Effect, code: str = "") -> Outcome:
    return Outcome(effect=effect, reference="1", code=code)


@pytest.mark.parametrize(
    "effect",
    [
        Effect.APPLIED,
        Effect.REPEATED,
        Effect.SUPERSEDED,
        Effect.KEPT,
        Effect.FLAGGED,
        Effect.TOMBSTONE,
    ],
)
def test_what_is_done_or_kept_is_answered_without_an_error(effect):
    reply = protocol.reply([outcome(effect)])

    assert reply.status == 200
    assert "error" not in json.loads(reply.body)


@pytest.mark.parametrize(
    ("outcomes", "status", "error"),
    [
        ([outcome(Effect.REFUSED, "insufficient_funds")], 402, "insufficient_funds"),
        (
            [
                outcome(Effect.APPLIED),
                outcome(Effect.REFUSED, "player_blocked"),
                outcome(Effect.REFUSED, "unknown_user"),
            ],
            402,
            "player_blocked",
        ),
        (
            [outcome(Effect.REFUSED, "unknown_user"), outcome(Effect.CONFLICT)],
            409,
            "conflicting_request",
        ),
        ([outcome(Effect.APPLIED), outcome(Effect.ORPHAN)], 404, "unknown_bet"),
    ],
)
def test_the_worst_outcome_is_the_answer(outcomes, status, error):
    reply = protocol.reply(outcomes)

    assert (reply.status, json.loads(reply.body)) == (status, {"error": error})


def test_a_refused_request_names_the_field():
    reply = protocol.refusal(WrongShape("bets[0].bet.amount", "is missing"))

    assert reply.status == 400
    assert json.loads(reply.body) == {
        "error": "wrong_shape",
        "message": "bets[0].bet.amount: is missing",
        "field": "bets[0].bet.amount",
    }


@pytest.mark.parametrize(
    ("path", "longest"),
    [("bets.0.bet.uid", 100), ("bets.0.pool.game", 40), ("bets.0.user.uid", 64)],
)
def test_an_identifier_that_no_column_holds_is_refused_by_name(path, longest):
    assert bets(changed(BETS, path, "x" * longest)).commands
    with pytest.raises(WrongShape) as refused:
        bets(changed(BETS, path, "x" * (longest + 1)))
    assert refused.value.field_name == path.replace("bets.0", "bets[0]")


@pytest.mark.parametrize(
    ("path", "longest"),
    [(BET + "uid", 100), ("pools.0.pool.game", 40), ("pools.0.bets.0.user.uid", 64)],
)
def test_so_it_is_in_results_and_cancellations(path, longest):
    body = changed(WINNERS, path, "x" * (longest + 1))
    for parse in (protocol.parse_winners, protocol.parse_cancel):
        with pytest.raises(WrongShape):
            parse(make_inbound("/winners", body))
