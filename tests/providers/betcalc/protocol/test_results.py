"""What betcalc's results mean, without a network."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from providers.betcalc import protocol
from providers.betcalc.protocol import AmountMode
from providers.contract import MalformedPayload, Verdict, WrongShape
from tests.factories.providers import make_inbound
from tests.providers.samples import sample

REAL, FIXED = AmountMode.read("real"), AmountMode.read("fixed:1000")


def parse(body, *, mode=REAL, returns=frozenset(), key=""):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = make_inbound("/api/bet/result", content, coupon_key=key)
    return protocol.parse_results(request, mode=mode, return_statuses=returns)


def head(**changes):
    fields = {
        "KeyHead": {"Id": "1", "BarCode": "abc"},
        "Status": 2,
        "ExtStatus": 0,
        "AmountOut": 8.54,
        "DateReceive": "1592937968",
    }
    return {"Heads": [{**fields, **changes}]}


def test_a_win_pays_the_amount():
    (settle,) = parse(sample("betcalc", "result_won"), key="key-1").commands

    assert (settle.reference, settle.verdict) == ("x9c52i8411", Verdict.WON)
    assert (settle.sent_payout, settle.sent_stake) == (Decimal(11130), None)
    assert settle.dated_at == datetime(2020, 8, 10, 16, 9, 42, tzinfo=UTC)
    assert settle.coupon_key == "key-1"
    assert settle.raw_result == "2/0"


def test_many_heads_are_many_results_and_none_is_found_by_the_key():
    first, second = parse(sample("betcalc", "result_many_heads"), key="key-1").commands

    assert (first.sent_payout, second.sent_payout) == (Decimal("19.85"), Decimal("12.51"))
    assert (first.coupon_key, second.coupon_key) == ("", "")


def test_names_are_read_in_any_case_and_a_loss_needs_no_amount():
    (settle,) = parse(sample("betcalc", "result_lower_case")).commands

    assert (settle.reference, settle.verdict) == ("75vz48t935", Verdict.LOST)
    assert settle.payout == 0
    assert settle.dated_at == datetime(2020, 6, 23, 18, 46, 8, tzinfo=UTC)


def test_a_changed_coefficient_pays_exactly_the_amount():
    (settle,) = parse(sample("betcalc", "result_changed_coefficient")).commands

    assert settle.verdict is Verdict.PARTLY_REFUNDED
    assert settle.sent_payout == Decimal("2.00")


def test_with_a_fixed_amount_a_win_is_our_stake_times_the_odds():
    (settle,) = parse(head(), mode=FIXED).commands

    assert settle.payout is None
    assert settle.payout_rule == "stake_times_odds"


def test_with_a_fixed_amount_a_changed_coefficient_is_scaled():
    (settle,) = parse(head(ExtStatus=1, AmountOut=2500), mode=FIXED).commands

    assert settle.payout_rule == "scaled"
    assert (settle.sent_payout, settle.sent_stake) == (Decimal(2500), Decimal(1000))


@pytest.mark.parametrize(
    ("status", "extra", "flag"),
    [
        (1, 0, "status_pending"),
        (1, 1, "status_pending"),
        (3, 0, "status_unclear"),
        (4, 1, "status_unclear"),
        (2, 7, "status_unclear"),
        (17, 0, "status_unclear"),
    ],
)
def test_what_is_not_documented_is_flagged_and_moves_nothing(status, extra, flag):
    (settle,) = parse(head(Status=status, ExtStatus=extra)).commands

    assert (settle.verdict, settle.flag, settle.payout) == (Verdict.UNCLEAR, flag, None)


@pytest.mark.parametrize(("status", "extra"), [(3, 0), (3, 1), (4, 1)])
def test_an_account_may_say_that_a_status_is_a_return(status, extra):
    returns = protocol.read_return_statuses("3, 4/1")
    (settle,) = parse(head(Status=status, ExtStatus=extra), returns=returns).commands

    assert (settle.verdict, settle.payout, settle.flag) == (Verdict.REFUNDED, None, "")


def test_a_documented_status_keeps_its_meaning():
    returns = protocol.read_return_statuses("2,4,4/0")

    assert parse(head(), returns=returns).commands[0].verdict is Verdict.WON
    assert parse(head(Status=4), returns=returns).commands[0].verdict is Verdict.LOST


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ({}, "Heads"),
        ({"Heads": []}, "Heads"),
        ({"Heads": "none"}, "Heads"),
        ({"Heads": [1]}, "Heads[0]"),
        (head(KeyHead=None), "Heads[0].KeyHead"),
        (head(KeyHead={"Id": "1"}), "Heads[0].KeyHead.BarCode"),
        (head(KeyHead={"BarCode": True}), "Heads[0].KeyHead.BarCode"),
        (head(Status="won"), "Heads[0].Status"),
        (head(Status=2.5), "Heads[0].Status"),
        (head(AmountOut="much"), "Heads[0].AmountOut"),
        (head(AmountOut=None), "Heads[0].AmountOut"),
        (head(AmountOut=-1), "Heads[0].AmountOut"),
        (head(DateReceive="yesterday"), "Heads[0].DateReceive"),
        (head(DateReceive=1592937968000), "Heads[0].DateReceive"),
        ({"Heads": [*head()["Heads"], {}]}, "Heads[1].KeyHead"),
    ],
)
def test_a_wrong_shape_names_the_field(body, field):
    with pytest.raises(WrongShape) as refused:
        parse(body)

    assert refused.value.field_name == field
    assert refused.value.status == 400


def test_an_enormous_amount_is_refused_not_computed():
    with pytest.raises(WrongShape):
        parse(json.dumps(head()).replace("8.54", "1E+999999").encode())


def test_unknown_fields_are_named():
    body = head(Tax=1, KeyHead={"BarCode": "abc", "Shard": 3})
    body["version"] = 2

    assert parse(body).unknown_fields == ("Heads[].KeyHead.Shard", "Heads[].Tax", "version")


def test_a_body_that_is_not_json_is_malformed():
    with pytest.raises(MalformedPayload):
        parse(b"Heads=1")


def test_the_answer_is_the_same_for_every_stored_result():
    reply = protocol.reply([])

    assert (reply.status, reply.body) == (200, b'{"status":"ok"}')


def test_a_refusal_names_the_field():
    reply = protocol.refusal(WrongShape("Heads[0].Status", "must be a whole number"))

    assert reply.status == 400
    assert json.loads(reply.body)["field"] == "Heads[0].Status"


@pytest.mark.parametrize("length", [101, 5000])
def test_a_bar_code_that_nobody_has_does_not_hold_up_the_other_heads(length):
    heads = [*head(KeyHead={"BarCode": "x" * length})["Heads"], *head()["Heads"]]
    first, second = parse({"Heads": heads}).commands
    assert len(first.reference) == 101
    assert second.reference == "abc"
