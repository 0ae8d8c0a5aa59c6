"""betcalc's wire, without a network."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from providers.betcalc import protocol
from providers.betcalc.protocol import AmountMode, SessionLost
from providers.contract import (
    Accepted,
    ChangedOdds,
    CouponType,
    MalformedPayload,
    OddsPolicy,
    Rejected,
    Unknown,
    Verdict,
    WrongShape,
)
from tests.factories.providers import LINE, LIVE, make_inbound, make_slip
from tests.providers.samples import sample

REAL, FIXED = AmountMode.read("real"), AmountMode.read("fixed:1000")


def read(body, *, slip=None, mode=REAL, status=200):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return protocol.read_placement(status=status, body=content, slip=slip or make_slip(), mode=mode)


# --- requests -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("odds", "text"),
    [("4.27", "4.27"), ("4.270", "4.27"), ("2E+1", "20"), ("100", "100"), ("1.0", "1")],
)
def test_odds_are_written_plainly(odds, text):
    assert protocol.bet_code(replace(LINE, odds=Decimal(odds))).endswith(f"#{text}")


@pytest.mark.parametrize(
    ("policy", "mode"),
    [(OddsPolicy.NONE, "reject"), (OddsPolicy.RISE, "reject"), (OddsPolicy.ANY, "accept")],
)
def test_only_a_player_who_takes_any_change_is_placed_without_asking(policy, mode):
    body = protocol.place_body(make_slip(odds_policy=policy), mode=REAL, lang="en")

    assert body["data"]["rate_mode"] == mode


def test_the_stake_is_a_text_with_nothing_after_it():
    body = protocol.place_body(make_slip(stake=Decimal("150.00")), mode=REAL, lang="tr")

    assert body["data"]["realAmount"] == "150"
    assert body["data"]["lang"] == "tr"


def test_a_system_has_no_form_on_this_wire():
    slip = make_slip(LINE, LIVE, type=CouponType.SYSTEM, system_size=1)

    assert protocol.check_slip(slip).code == "coupon_type_not_supported"


@pytest.mark.parametrize(
    "bad",
    [
        replace(LINE, selection="17|954|2.5#9.99"),
        replace(LINE, event_id="1#2"),
        replace(LINE, event_id="1|2"),
        replace(LINE, selection=""),
        replace(LINE, selection=" 17"),
        replace(LINE, selection="17\n18"),
        replace(LINE, event_id="１２"),  # noqa: RUF001
    ],
)
def test_a_code_that_would_change_the_request_is_refused(bad):
    assert protocol.check_slip(make_slip(LIVE, bad)).code == "wrong_bet_data"


def test_the_documents_own_selections_pass():
    assert protocol.check_slip(make_slip(LINE, LIVE)) is None


# --- responses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case", ["placement_accepted", "placement_accepted_nested", "placement_junk_before_body"]
)
def test_every_form_of_a_yes_is_read(case):
    placed = read(sample("betcalc", case))

    assert placed == Accepted(
        reference="x9c52i8411",
        odds=Decimal("4.27"),
        item_odds=(Decimal("4.27"),),
        potential_payout=Decimal("8.54"),
    )


def test_a_yes_that_is_only_nested_is_read():
    nested = {"BetCode": "abc", "ErrorCode": 0, "FullErrorCode": "0", "Coef": 4.27}

    assert read({"d": {"BetHeadDetail": nested}}).reference == "abc"


@pytest.mark.parametrize(
    ("coef", "odds", "items"),
    [
        (4.7824, "4.7824", (None, None)),
        ("4.7824", "4.7824", (None, None)),
        ([4.27, "1.12"], "4.7824", ("4.27", "1.12")),
        (None, None, (None, None)),
    ],
)
def test_accepted_odds_are_read_back_for_a_coupon_or_each_item(coef, odds, items):
    answer = {"betCode": "abc", "errorCode": 0, "fullErrorCode": 0, "Coef": coef}

    placed = read(answer, slip=make_slip(LINE, LIVE))

    assert placed.odds == (odds and Decimal(odds))
    assert placed.item_odds == tuple(item and Decimal(item) for item in items)
    assert placed.notes == ()


@pytest.mark.parametrize("coef", ["many", [1.5, 2, 3], {"a": 1}, 0, -1, [None, 2], True])
def test_odds_that_cannot_be_read_are_noted_and_the_yes_stands(coef):
    answer = {"betCode": "abc", "errorCode": 0, "fullErrorCode": 0, "Coef": coef}

    placed = read(answer, slip=make_slip(LINE, LIVE))

    assert isinstance(placed, Accepted)
    assert placed.odds is None
    assert "Coef" in placed.notes[0]


def test_with_a_fixed_amount_betcalcs_payout_is_not_ours():
    assert read(sample("betcalc", "placement_accepted"), mode=FIXED).potential_payout is None


@pytest.mark.parametrize(
    ("full_code", "message", "code"),
    [
        (1, "error_wrong_bet_data", "wrong_bet_data"),
        (1, "error_block_bet_data", "bet_blocked"),
        (1, "error_repeat_bet_data", "repeated_selection"),
        (1, "error_of_tomorrow", "provider_refused"),
        (2, "label_change_rate", "odds_changed"),
        (3, "error_exist_bet", "selection_not_found"),
        (99, "Error exist remote host!", "provider_misconfigured"),
        (4711, "who knows", "provider_refused"),
    ],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_every_documented_refusal_has_a_neutral_code(full_code, message, code, as_text):
    full = str(full_code) if as_text else full_code
    placed = read({"errorCode": 1, "fullErrorCode": full, "errorMessage": message})

    assert isinstance(placed, Rejected)
    assert placed.code == code
    assert message in placed.message
    assert placed.provider_code == f"1/{full_code}"


def test_a_bare_error_word_is_said_so_that_people_read_it():
    placed = read({"errorCode": 1, "fullErrorCode": 3, "errorMessage": "error_exist_bet"})

    assert placed.message == "The selection is no longer on offer (error_exist_bet)."


def test_a_refusal_that_is_only_nested_is_read():
    placed = read({"d": {"BetHeadDetail": {"ErrorCode": 1, "FullErrorCode": 3}}})

    assert placed.code == "selection_not_found"


@pytest.mark.parametrize("message", ["Invalid access level", "", "something about rights"])
def test_code_99_asks_for_another_login(message):
    answer = {"errorCode": 1, "fullErrorCode": 99, "errorMessage": message}

    assert read(answer) == SessionLost(message=message)


def test_changed_odds_are_handed_back_by_item():
    placed = read(sample("betcalc", "placement_odds_changed"))

    assert placed.code == "odds_changed"
    assert placed.changed == (
        ChangedOdds(item=0, requested=Decimal("4.27"), current=Decimal("4.35")),
    )


def test_two_items_of_one_event_are_told_apart_by_their_odds():
    changed = [
        {"gid": 586464528, "rb": "1.12", "rg": 1.1, "rt": 0},
        {"gid": "586464528", "rb": 4.27, "rg": "4.5", "rt": 1},
        {"gid": "another", "rb": 4.27, "rg": "4.5"},
        "odd",
    ]
    answer = {"errorCode": 1, "fullErrorCode": 2, "errorMessage": "", "changed": changed}

    placed = read(answer, slip=make_slip(LINE, LIVE))

    assert placed.changed == (
        ChangedOdds(item=1, requested=Decimal("1.12"), current=Decimal("1.1")),
        ChangedOdds(item=0, requested=Decimal("4.27"), current=Decimal("4.5")),
    )


@pytest.mark.parametrize(
    "answer",
    [
        {"errorCode": 0, "fullErrorCode": 0},
        {"errorCode": 0, "fullErrorCode": 0, "betCode": ""},
        {"errorCode": 0, "fullErrorCode": 0, "betCode": "\ufffd\ufffd"},
        {"errorCode": 0, "fullErrorCode": 3, "betCode": "abc"},
        {"errorCode": 1, "fullErrorCode": 3, "betCode": "abc"},
        {"errorCode": 1},
        {"errorCode": "one", "fullErrorCode": 1, "errorMessage": "x"},
        {"errorCode": True, "fullErrorCode": 1, "errorMessage": "x"},
        {"fullErrorCode": 3, "errorMessage": "error_exist_bet"},
        {"errorCode": 0, "betCode": "a", "d": {"BetHeadDetail": {"ErrorCode": 1}}},
        {"errorCode": 0, "betCode": "a", "d": {"BetHeadDetail": {"BetCode": "b"}}},
        {"d": {}},
        {"d": {"BetHeadDetail": []}},
    ],
)
def test_neither_yes_nor_no_is_unknown(answer):
    assert isinstance(read(answer), Unknown)


@pytest.mark.parametrize("status", [302, 500, 503])
def test_only_an_answer_of_the_application_is_an_answer(status):
    assert isinstance(read(sample("betcalc", "placement_refused"), status=status), Unknown)


def test_a_refusal_may_come_with_a_client_error():
    assert isinstance(read(sample("betcalc", "placement_refused"), status=400), Rejected)


def test_a_yes_with_a_client_error_is_unknown():
    assert isinstance(read(sample("betcalc", "placement_accepted"), status=403), Unknown)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b'{"d":{"UserId":"36557"}}', True),
        (b'{"d":{"UserId":36557}}', True),
        (b'junk {"d":{"UserId":"36557"}}', True),
        (b'{"d":{}}', False),
        (b'{"d":null}', None),
        (b"{}", None),
        (b"", None),
    ],
)
def test_a_login_says_yes_no_or_nothing(body, answer):
    assert protocol.logged_in(body) is answer


# --- results ------------------------------------------------------------------------------------


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
    assert (settle.payout, settle.payout_rule) == (Decimal(11130), "payout")
    assert settle.dated_at == datetime(2020, 8, 10, 16, 9, 42, tzinfo=UTC)
    assert settle.coupon_key == "key-1"
    assert settle.raw_result == "2/0"


def test_many_heads_are_many_results_and_none_is_found_by_the_key():
    first, second = parse(sample("betcalc", "result_many_heads"), key="key-1").commands

    assert (first.payout, second.payout) == (Decimal("19.85"), Decimal("12.51"))
    assert (first.coupon_key, second.coupon_key) == ("", "")


def test_names_are_read_in_any_case_and_a_loss_needs_no_amount():
    (settle,) = parse(sample("betcalc", "result_lower_case")).commands

    assert (settle.reference, settle.verdict) == ("75vz48t935", Verdict.LOST)
    assert settle.payout == 0
    assert settle.dated_at == datetime(2020, 6, 23, 18, 46, 8, tzinfo=UTC)


def test_a_changed_coefficient_pays_exactly_the_amount():
    (settle,) = parse(sample("betcalc", "result_changed_coefficient")).commands

    assert settle.verdict is Verdict.PARTLY_REFUNDED
    assert settle.payout == Decimal("2.00")


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


def test_a_code_that_no_column_holds_is_no_yes():
    yes = {"errorCode": 0, "fullErrorCode": 0, "betCode": "x" * 100}
    assert isinstance(read(yes), Accepted)
    assert isinstance(read({**yes, "betCode": "x" * 101}), Unknown)


@pytest.mark.parametrize("length", [101, 5000])
def test_a_bar_code_that_nobody_has_does_not_hold_up_the_other_heads(length):
    heads = [*head(KeyHead={"BarCode": "x" * length})["Heads"], *head()["Heads"]]
    first, second = parse({"Heads": heads}).commands
    assert len(first.reference) == 101
    assert second.reference == "abc"
