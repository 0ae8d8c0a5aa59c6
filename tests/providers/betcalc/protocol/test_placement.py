"""What betcalc is asked for a bet and what its answers mean, without a network."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from providers.betcalc import protocol
from providers.betcalc.protocol import AmountMode, SessionLost
from providers.contract import Accepted, ChangedOdds, CouponType, OddsPolicy, Rejected, Unknown
from tests.factories.providers import LINE, LIVE, make_slip
from tests.providers.samples import sample


def read(body, *, slip=None, status=200):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return protocol.read_placement(status=status, body=content, slip=slip or make_slip())


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
    body = protocol.place_body(make_slip(odds_policy=policy), lang="en")

    assert body["data"]["rate_mode"] == mode


def test_the_stake_is_a_text_with_nothing_after_it():
    body = protocol.place_body(make_slip(stake=Decimal("150.00")), lang="tr")

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


def test_for_another_stake_than_ours_betcalcs_payout_is_not_ours():
    slip = make_slip(stake=Decimal(10), told_stake=Decimal(1000))

    assert read(sample("betcalc", "placement_accepted"), slip=slip).potential_payout is None


@pytest.mark.parametrize(("mode", "told"), [("real", "3.50"), ("fixed:1000", "1000")])
def test_the_mode_says_which_stake_betcalc_is_told(mode, told):
    assert AmountMode.read(mode).told(Decimal("3.50")) == Decimal(told)


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


def test_a_code_that_no_column_holds_is_no_yes():
    yes = {"errorCode": 0, "fullErrorCode": 0, "betCode": "x" * 100}
    assert isinstance(read(yes), Accepted)
    assert isinstance(read({**yes, "betCode": "x" * 101}), Unknown)
