"""The betcalc wire, by documents/betcalc.txt."""

import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests

from providers.sandbox import wire
from providers.sandbox.server import RunningSandbox, running_sandbox

OVER = "line#586464528|17|954|2.5#4.27"
LIVE = "live#586464528|87|4|0#1.12"
LOG_IN = "/WebServices/BCService.asmx/LogIn/"


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningSandbox]:
    """Coupons of this one settle on order alone."""
    with running_sandbox(match_seconds=20, seed=5, auto_settle=False) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared: RunningSandbox) -> Iterator[RunningSandbox]:
    yield shared
    shared.call("DELETE", "/faults")
    # What a test left open must not take the fault that the next one orders.
    shared.settle_all()
    shared.post("/betcalc/settings", {"nesting": "flat", "casing": "documented"})
    for code in ("17|954|2.5", "87|4|0"):
        shared.order_outcome("586464528", code, "random")


@pytest.fixture
def client(sandbox: RunningSandbox, http: requests.Session) -> requests.Session:
    http.post(sandbox.url + LOG_IN, json={"login": "ann", "password": "right"})
    return http


def data(remote_host: Any = "http://127.0.0.1:1/x", **changes: Any) -> dict[str, Any]:
    body = {
        "list_bets": [OVER],
        "realAmount": "2",
        "currency": "USD",
        "lang": "en",
        "remote_host": remote_host,
        "rate_mode": "reject",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def place(
    client: requests.Session, sandbox: RunningSandbox, timeout: Any = 10, **changes: Any
) -> Any:
    answer = client.post(
        sandbox.url + "/betcalc/bet/place/", json={"data": data(**changes)}, timeout=timeout
    )
    assert answer.status_code == 200
    return wire.loads(answer.content)


def error(answer: dict[str, Any]) -> tuple[int, int, str]:
    return answer["errorCode"], answer["fullErrorCode"], answer["errorMessage"]


def bet(sandbox: RunningSandbox, code: str) -> dict[str, Any]:
    return sandbox.get(f"/betcalc/bets?betcode={code}")["bets"][0]


# Login


@pytest.mark.parametrize("prefix", ["", "/betcalc"])
@pytest.mark.parametrize("form", ["json", "data"])
def test_a_login_answers_the_user_and_cookies(sandbox, http, prefix, form) -> None:
    login = {form: {"login": "ann", "password": "right"}}
    answer = http.post(sandbox.url + prefix + LOG_IN, **login)
    assert answer.json() == {"d": {"UserId": "36557"}}
    assert len(http.cookies) >= 1


@pytest.mark.parametrize(
    "login",
    [
        {"login": "ann", "password": "wrong"},
        {"login": "", "password": "x"},
        {"login": "ann"},
        {"login": 7, "password": "x"},
        [],
    ],
)
def test_a_failed_login_is_an_empty_d_with_200(sandbox, http, login) -> None:
    answer = http.post(sandbox.url + LOG_IN, json=login)
    assert (answer.status_code, answer.json(), len(http.cookies)) == (200, {"d": {}}, 0)


def test_given_credentials_are_the_only_ones_accepted(http) -> None:
    settings = {"betcalc": {"login": "ann", "password": "wrong"}}
    with running_sandbox(provider_settings=settings) as sandbox:
        address = sandbox.url + LOG_IN
        other = http.post(address, json={"login": "ann", "password": "right"}).json()
        right = http.post(address, json={"login": "ann", "password": "wrong"}).json()
    assert (other, right) == ({"d": {}}, {"d": {"UserId": "36557"}})


# Placements


def test_a_coupon_is_taken_with_the_documented_answer(client, sandbox) -> None:
    answer = place(client, sandbox)
    assert answer.pop("betCode") == sandbox.bets("betcalc")[0]["betcode"]
    assert answer.pop("EventDate").endswith("Z")
    assert answer == {
        "errorCode": 0,
        "fullErrorCode": 0,
        "errorMessage": "",
        "AmountOut": Decimal("8.54"),
        "CountEvents": 1,
        "Coef": Decimal("4.27"),
        "IsLive": False,
        "LinesId": "586464528",
    }
    assert sandbox.bets("betcalc")[0]["request"] == data()


def test_odds_are_written_exactly(client, sandbox) -> None:
    answer = client.post(sandbox.url + "/bet/place/", json={"data": data()})
    assert '"Coef": 4.27,' in answer.text


def test_the_documents_own_example_is_taken(client, sandbox) -> None:
    answer = place(client, sandbox, list_bets=[OVER, LIVE])
    assert (answer["errorCode"], answer["CountEvents"]) == (0, 2)
    assert (answer["Coef"], answer["AmountOut"]) == (Decimal("4.7824"), Decimal("9.56"))
    assert answer["IsLive"] is True


def test_the_answer_can_be_nested(client, sandbox) -> None:
    sandbox.post("/betcalc/settings", {"nesting": "nested"})
    answer = place(client, sandbox)
    detail = answer["d"]["BetHeadDetail"]
    assert (answer["errorCode"], answer["fullErrorCode"]) == (0, "0")
    assert answer["betCode"] == detail["BetCode"]
    assert (detail["Coef"], detail["PosWin"]) == (Decimal("4.27"), Decimal("8.54"))
    refused = place(client, sandbox, list_bets=["line#1|1|1|0#2"])
    assert (refused["errorCode"], refused["fullErrorCode"]) == (1, "3")


@pytest.mark.parametrize("cookies", [{}, {"ASP.NET_SessionId": "a", "BCServiceAuth": "b"}])
def test_without_a_known_session_nothing_is_taken(sandbox, http, cookies) -> None:
    answer = http.post(sandbox.url + "/bet/place/", json={"data": data()}, cookies=cookies)
    assert error(answer.json()) == (1, 99, "Invalid access level")


def test_lost_sessions_have_to_log_in_again(client, sandbox) -> None:
    assert sandbox.post("/betcalc/sessions/lose", {})["lost"] >= 1
    assert error(place(client, sandbox)) == (1, 99, "Invalid access level")


@pytest.mark.parametrize(
    "remote_host",
    [
        None,
        "",
        "https://mysites.com/",
        "mysites.com",
        "ftp://mysites.com",
        7,
        "https://a b",
        "http://",
    ],
)
def test_a_wrong_remote_host_is_refused_and_noted(client, sandbox, remote_host) -> None:
    answer = place(client, sandbox, remote_host=remote_host)
    assert error(answer) == (1, 99, "Error exist remote host!")
    assert "remote_host" in sandbox.client_errors()[-1]["reason"]


@pytest.mark.parametrize(
    "remote_host",
    [
        "https://mysites.com",
        "https://mysites.com:78665",
        "https://mysites.com/request/sportapi/sender",
        "https://mysites.com/request.php?action=webhook",
    ],
)
def test_the_documents_remote_hosts_are_taken(client, sandbox, remote_host) -> None:
    assert place(client, sandbox, remote_host=remote_host)["errorCode"] == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"realAmount": 2}, "realAmount is not a string"),
        ({"realAmount": "-2"}, "realAmount"),
        ({"realAmount": "0"}, "realAmount"),
        ({"realAmount": "2,5"}, "realAmount"),
        ({"realAmount": None}, "realAmount"),
        ({"list_bets": OVER}, "list_bets is not an array"),
        ({"list_bets": []}, "list_bets"),
        ({"list_bets": [7]}, "form"),
        ({"list_bets": ["586464528|17|954|2.5#4.27"]}, "form"),
        ({"list_bets": ["line#586464528|17|954|2.5"]}, "form"),
        ({"list_bets": ["line#586464528|17|954#4.27"]}, "form"),
        ({"list_bets": ["line#586464528|17|954|2.5#4,27"]}, "form"),
        ({"list_bets": ["line#586464528|17|954|2.5#1"]}, "odds"),
        ({"rate_mode": "any"}, "rate_mode"),
    ],
)
def test_wrong_bet_data_is_refused_and_noted(client, sandbox, changes, reason) -> None:
    assert error(place(client, sandbox, **changes)) == (1, 1, "error_wrong_bet_data")
    assert reason in sandbox.client_errors()[-1]["reason"]


@pytest.mark.parametrize("body", ["", "{", "[]", '{"list_bets": []}'])
def test_a_body_that_is_not_as_documented_is_wrong_bet_data(client, sandbox, body) -> None:
    answer = client.post(sandbox.url + "/bet/place/", data=body).json()
    assert error(answer) == (1, 1, "error_wrong_bet_data")


def test_slips_that_do_not_matter_are_noted_only(client, sandbox) -> None:
    before = len(sandbox.client_errors())
    assert place(client, sandbox, stake="2", currency="usd", lang=None)["errorCode"] == 0
    reasons = [noted["reason"] for noted in sandbox.client_errors()[before:]]
    assert [reason.split()[0] for reason in reasons] == ["stake", "currency", "lang"]


@pytest.mark.parametrize("bet_code", ["line#1|1|1|0#2", "line#586464528|17|954|3.5#4.27"])
def test_an_outcome_that_does_not_exist_is_refused(client, sandbox, bet_code) -> None:
    assert error(place(client, sandbox, list_bets=[bet_code])) == (1, 3, "error_exist_bet")


def test_the_same_outcome_twice_is_refused(client, sandbox) -> None:
    live_too = OVER.replace("line", "live")
    for second in (OVER, live_too):
        answer = place(client, sandbox, list_bets=[OVER, second])
        assert error(answer) == (1, 1, "error_repeat_bet_data")


def test_two_outcomes_of_one_simulated_match_are_refused(client, sandbox) -> None:
    match = sandbox.get("/offer")["matches"][-1]
    two = [entry["bet"] for entry in match["selections"][:2]]
    assert error(place(client, sandbox, list_bets=two)) == (1, 1, "error_repeat_bet_data")


def test_simulated_matches_can_be_combined(client, sandbox) -> None:
    matches = sandbox.get("/offer")["matches"][2:]
    open_bets = [
        entry["bet"]
        for match in matches
        for entry in match["selections"][:1]
        if not entry["blocked"]
    ]
    answer = place(client, sandbox, list_bets=open_bets[:3], rate_mode="accept")
    assert (answer["errorCode"], answer["CountEvents"]) == (0, 3)


def test_a_blocked_outcome_is_refused(client) -> None:
    with running_sandbox(match_seconds=2, auto_settle=False) as sandbox:
        client.post(sandbox.url + LOG_IN, json={"login": "ann", "password": "right"})
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            entries = [
                one for match in sandbox.get("/offer")["matches"] for one in match["selections"]
            ]
            blocked = [one["bet"] for one in entries if one["blocked"]]
            answer = place(client, sandbox, list_bets=blocked[-1:]) if blocked else {}
            if answer.get("errorMessage") == "error_block_bet_data":
                break
    assert error(answer) == (1, 1, "error_block_bet_data")


@pytest.mark.parametrize(("odds", "direction"), [("4.10", 1), ("4.40", 0)])
def test_other_odds_are_rejected_with_the_current_ones(client, sandbox, odds, direction) -> None:
    answer = place(client, sandbox, list_bets=[f"line#586464528|17|954|2.5#{odds}", LIVE])
    assert answer == {
        "errorCode": 1,
        "fullErrorCode": 2,
        "errorMessage": "Odds have changed",
        "rate_mode": "reject",
        "changed": [{"gid": "586464528", "rb": Decimal(odds), "rg": "4.27", "rt": direction}],
    }


@pytest.mark.parametrize("rate_mode", ["accept", None])
def test_other_odds_are_taken_without_notice_in_accept_mode(client, sandbox, rate_mode) -> None:
    bets = ["line#586464528|17|954|2.5#4.40"]
    answer = place(client, sandbox, list_bets=bets, rate_mode=rate_mode)
    assert (answer["errorCode"], answer["Coef"]) == (0, Decimal("4.27"))


# Faults


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (None, (1, 1, "error_block_bet_data")),
        ("3", (1, 3, "error_exist_bet")),
        ("Error exist remote host!", (1, 99, "Error exist remote host!")),
    ],
)
def test_a_reject_can_be_ordered(client, sandbox, code, expected) -> None:
    sandbox.order_fault("betcalc", "reject", code=code)
    assert error(place(client, sandbox)) == expected
    assert place(client, sandbox)["errorCode"] == 0


def test_changed_odds_can_be_ordered(client, sandbox) -> None:
    sandbox.order_fault("betcalc", "odds_changed", next=2)
    rejected = place(client, sandbox)
    taken = place(client, sandbox, rate_mode="accept")
    assert rejected["changed"] == [
        {"gid": "586464528", "rb": Decimal("4.27"), "rg": "4.52", "rt": 1}
    ]
    assert (taken["errorCode"], taken["Coef"]) == (0, Decimal("4.52"))


def test_a_lost_session_can_be_ordered(client, sandbox) -> None:
    sandbox.order_fault("betcalc", "session_lost")
    assert error(place(client, sandbox)) == (1, 99, "Invalid access level")
    assert error(place(client, sandbox)) == (1, 99, "Invalid access level")
    client.post(sandbox.url + LOG_IN, json={"login": "ann", "password": "right"})
    assert place(client, sandbox)["errorCode"] == 0


def test_a_call_without_a_session_uses_up_no_fault(client, sandbox) -> None:
    sandbox.order_fault("betcalc", "reject")
    requests.post(sandbox.url + "/bet/place/", json={"data": data()}, timeout=10)
    assert error(place(client, sandbox)) == (1, 1, "error_block_bet_data")


@pytest.mark.parametrize(
    ("fault", "taken"), [("accept_then_timeout", 1), ("timeout", 0), ("connection_reset", 0)]
)
def test_an_answer_can_be_lost(client, sandbox, fault, taken) -> None:
    before = len(sandbox.bets("betcalc"))
    sandbox.order_fault("betcalc", fault, seconds="0.3")
    with pytest.raises((requests.Timeout, requests.ConnectionError)):
        place(client, sandbox)
    assert len(sandbox.bets("betcalc")) == before + taken


def test_a_held_connection_outlasts_the_clients_patience(client, sandbox) -> None:
    sandbox.order_fault("betcalc", "accept_then_timeout")
    with pytest.raises(requests.ReadTimeout):
        place(client, sandbox, timeout=0.2)


@pytest.mark.parametrize(("taken", "number"), [(None, 0), (True, 1)])
def test_a_500_can_be_ordered(client, sandbox, taken, number) -> None:
    before = len(sandbox.bets("betcalc"))
    sandbox.order_fault("betcalc", "error_500", taken=taken)
    answer = client.post(sandbox.url + "/bet/place/", json={"data": data()})
    assert answer.status_code == 500
    assert len(sandbox.bets("betcalc")) == before + number


def test_junk_can_be_ordered_instead_of_an_answer(client, sandbox) -> None:
    before = len(sandbox.bets("betcalc"))
    sandbox.order_fault("betcalc", "junk_body")
    answer = client.post(sandbox.url + "/bet/place/", json={"data": data()})
    with pytest.raises(ValueError, match=r".+"):
        wire.loads(answer.text[answer.text.index("{") :])
    assert (answer.status_code, len(sandbox.bets("betcalc"))) == (200, before + 1)


def test_junk_can_be_ordered_before_an_answer(client, sandbox) -> None:
    sandbox.order_fault("betcalc", "junk_prefix")
    answer = client.post(sandbox.url + "/bet/place/", json={"data": data()})
    assert not answer.text.startswith("{")
    assert wire.loads(answer.text[answer.text.index("{") :])["errorCode"] == 0


@pytest.mark.parametrize("fault", ["slow", "slow_drip"])
def test_an_answer_can_be_slow(client, sandbox, fault) -> None:
    sandbox.order_fault("betcalc", fault, seconds="0.6")
    started = time.monotonic()
    assert place(client, sandbox)["errorCode"] == 0
    assert time.monotonic() - started >= 0.6


def test_a_drip_keeps_a_read_timeout_from_striking(client, sandbox) -> None:
    sandbox.order_fault("betcalc", "slow_drip", seconds=1)
    assert place(client, sandbox, timeout=0.5)["errorCode"] == 0


@pytest.mark.parametrize(("fault", "status"), [("reject", 200), ("error_500", 500)])
def test_the_login_can_fail_on_order(sandbox, http, fault, status) -> None:
    sandbox.order_fault("betcalc", fault, call="login")
    answer = http.post(sandbox.url + LOG_IN, json={"login": "ann", "password": "right"})
    assert (answer.status_code, len(http.cookies)) == (status, 0)


# Results


def test_a_coupon_settles_by_itself(client, recorder) -> None:
    with running_sandbox(match_seconds=1) as sandbox:
        client.post(sandbox.url + LOG_IN, json={"login": "ann", "password": "right"})
        sandbox.order_outcome("586464528", "17|954|2.5", "won")
        placed_at = time.time()
        code = place(client, sandbox, remote_host=recorder.url + "/key1")["betCode"]
        call = recorder.wait_for(1)[0]
    assert call.path == "/key1/api/bet/result"
    assert call.json["remote_host"] == recorder.url + "/key1"
    (head,) = call.json["Heads"]
    assert head["KeyHead"]["BarCode"] == code
    assert head["KeyHead"].keys() == {"Id", "BarCode"}
    assert head["KeyHead"]["Id"].isdecimal()
    assert (head["Status"], head["ExtStatus"]) == (2, 0)
    assert head["AmountOut"] == Decimal("8.54")
    assert placed_at - 1 <= int(head["DateReceive"]) <= time.time()


def test_the_result_path_is_appended_as_plain_text(client, sandbox, recorder) -> None:
    place(client, sandbox, remote_host=recorder.url + "/request.php?action=webhook")
    sandbox.settle_all()
    (call,) = recorder.wait_for(1)
    assert call.path == "/request.php?action=webhook/api/bet/result"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("won", "won", (2, 0, "9.56")),
        ("won", "lost", (4, 0, "0")),
        ("won", "void", (2, 1, "8.54")),
        ("void", "void", (2, 1, "2.00")),
    ],
)
def test_an_express_is_settled_by_its_legs(
    client, sandbox, recorder, first, second, expected
) -> None:
    sandbox.order_outcome("586464528", "17|954|2.5", first)
    sandbox.order_outcome("586464528", "87|4|0", second)
    place(client, sandbox, remote_host=recorder.url, list_bets=[OVER, LIVE])
    sandbox.settle_all()
    head = recorder.wait_for(1)[0].json["Heads"][0]
    status, ext_status, amount = expected
    assert (head["Status"], head["ExtStatus"], head["AmountOut"]) == (
        status,
        ext_status,
        Decimal(amount),
    )


def test_coupons_of_one_remote_host_share_a_callback(client, sandbox, recorder) -> None:
    codes = {place(client, sandbox, remote_host=recorder.url)["betCode"] for _ in range(3)}
    place(client, sandbox, remote_host=recorder.url + "/own")
    sandbox.settle_all()
    calls = {call.path: call.json["Heads"] for call in recorder.wait_for(2)}
    assert {head["KeyHead"]["BarCode"] for head in calls["/api/bet/result"]} == codes
    assert len(calls["/own/api/bet/result"]) == 1


def test_a_result_is_sent_until_it_is_taken(client, sandbox, recorder, eventually) -> None:
    recorder.answers = [(503, "later"), (500, "")]
    code = place(client, sandbox, remote_host=recorder.url)["betCode"]
    sandbox.settle_all()
    calls = recorder.wait_for(3)
    assert len({call.text for call in calls}) == 1
    eventually(lambda: bet(sandbox, code)["acknowledged"])
    assert [sent["status"] for sent in bet(sandbox, code)["callbacks"]] == [503, 500, 200]


def test_a_coupon_whose_answer_was_lost_is_settled_on_its_key(client, sandbox, recorder) -> None:
    sandbox.order_fault("betcalc", "accept_then_timeout", seconds=0)
    with pytest.raises(requests.ConnectionError):
        place(client, sandbox, remote_host=recorder.url + "/key7")
    sandbox.settle_all()
    (call,) = recorder.wait_for(1)
    assert call.path == "/key7/api/bet/result"
    assert len(call.json["Heads"]) == 1


def test_a_result_can_come_several_times(client, sandbox, recorder) -> None:
    sandbox.order_fault("betcalc", "duplicate_callback")
    place(client, sandbox, remote_host=recorder.url)
    sandbox.settle_all()
    assert len({call.text for call in recorder.wait_for(3)}) == 1


@pytest.mark.parametrize(
    ("fault", "later_is_newer"), [("changed_result_later", True), ("callbacks_out_of_order", False)]
)
def test_a_second_result_can_contradict_the_first(
    client, sandbox, recorder, fault, later_is_newer
) -> None:
    sandbox.order_outcome("586464528", "17|954|2.5", "won")
    sandbox.order_fault("betcalc", fault, seconds="0.2")
    place(client, sandbox, remote_host=recorder.url)
    sandbox.settle_all()
    first, second = (call.json["Heads"][0] for call in recorder.wait_for(2))
    assert (first["Status"], second["Status"]) == (2, 4)
    assert (int(second["DateReceive"]) > int(first["DateReceive"])) is later_is_newer


def test_a_result_can_be_ordered(client, sandbox, recorder) -> None:
    recorder.answers = [(200, '{"status":"ok"}')]
    code = place(client, sandbox, remote_host=recorder.url)["betCode"]
    said = sandbox.order(
        "betcalc",
        "results",
        betcode=code,
        status=2,
        ext_status=1,
        amount_out="1.25",
        date_receive="1597075782",
    )
    assert said["answer"] == {"status": 200, "body": '{"status":"ok"}', "error": ""}
    (call,) = recorder.received
    assert call.json == said["sent"]["body"]
    assert call.json["Heads"] == [
        {
            "KeyHead": {"Id": bet(sandbox, code)["id"], "BarCode": code},
            "Status": 2,
            "ExtStatus": 1,
            "AmountOut": Decimal("1.25"),
            "DateReceive": "1597075782",
        }
    ]


def test_an_ordered_result_is_the_only_one(client, sandbox, recorder) -> None:
    ordered = place(client, sandbox, remote_host=recorder.url + "/a")["betCode"]
    place(client, sandbox, remote_host=recorder.url + "/b")
    sandbox.order("betcalc", "results", betcode=ordered, status=4)
    assert sandbox.settle_all()["settled"]["betcalc"] >= 1
    recorder.wait_for(1, path="/b/")
    assert [call.path[:2] for call in recorder.received] == ["/a", "/b"]


def test_a_result_can_be_ordered_by_key_and_changed_again(client, sandbox, recorder) -> None:
    place(client, sandbox, remote_host=recorder.url + "/key9")
    for status in (2, 4, 1, 3):
        sandbox.order("betcalc", "results", remote_host_contains="/key9", status=status)
    heads = [call.json["Heads"][0] for call in recorder.received]
    assert [head["Status"] for head in heads] == [2, 4, 1, 3]
    assert heads[0]["AmountOut"] == Decimal("8.54")


def test_several_heads_and_unknown_codes_can_be_ordered(client, sandbox, recorder) -> None:
    code = place(client, sandbox, remote_host=recorder.url)["betCode"]
    heads = [
        {"betcode": code, "status": 2, "amount_out": "19.85"},
        {"betcode": "77i0r6e15t", "status": 2, "amount_out": "12.51"},
    ]
    sandbox.order("betcalc", "results", heads=heads, remote_host=recorder.url)
    sent = recorder.received[0].json["Heads"]
    assert [head["KeyHead"]["BarCode"] for head in sent] == [code, "77i0r6e15t"]
    assert [head["AmountOut"] for head in sent] == [Decimal("19.85"), Decimal("12.51")]


def test_names_can_be_in_lower_case(client, sandbox, recorder) -> None:
    sandbox.post("/betcalc/settings", {"casing": "lower"})
    code = place(client, sandbox, remote_host=recorder.url)["betCode"]
    sandbox.order("betcalc", "results", betcode=code, status=4)
    head = recorder.received[0].json["heads"][0]
    assert (head["status"], head["keyHead"]["barCode"]) == (4, code)


def test_the_poll_answers_what_a_callback_would_say(client, sandbox, recorder) -> None:
    code = place(client, sandbox, remote_host=recorder.url)["betCode"]
    poll = {"mails": ["ann@example.com"], "links": [code], "mode": "mixed"}
    before = client.post(sandbox.url + "/loadbars/", json=poll).json()
    sandbox.settle_all()
    call = recorder.wait_for(1)[0]
    after = wire.loads(client.post(sandbox.url + "/loadbars/", json=poll).content)
    assert before[0]["Heads"] == []
    assert after == [call.json]


def test_a_restart_settles_what_was_taken_before(client, recorder, tmp_path) -> None:
    state = tmp_path / "state.json"
    with running_sandbox(state_path=state, auto_settle=False) as sandbox:
        client.post(sandbox.url + LOG_IN, json={"login": "ann", "password": "right"})
        code = place(client, sandbox, remote_host=recorder.url)["betCode"]
    assert recorder.received == []
    with running_sandbox(state_path=state) as sandbox:
        call = recorder.wait_for(1)[0]
        assert error(place(client, sandbox)) == (1, 99, "Invalid access level")
    assert call.json["Heads"][0]["KeyHead"]["BarCode"] == code


def test_a_restart_insists_on_what_nobody_acknowledged(client, recorder, tmp_path) -> None:
    state = tmp_path / "state.json"
    recorder.answers = [(500, "")]
    with running_sandbox(state_path=state, auto_settle=False, retry_seconds=60) as sandbox:
        client.post(sandbox.url + LOG_IN, json={"login": "ann", "password": "right"})
        place(client, sandbox, remote_host=recorder.url)
        sandbox.settle_all()
        recorder.wait_for(1)
    with running_sandbox(state_path=state, auto_settle=False):
        first, second = recorder.wait_for(2)
    assert first.text == second.text


def test_many_clients_at_once_get_a_code_each(sandbox, client) -> None:
    codes: list[str] = []

    def run() -> None:
        for _ in range(10):
            answer = requests.post(
                sandbox.url + "/bet/place/",
                json={"data": data()},
                cookies=client.cookies,
                timeout=10,
            )
            codes.append(answer.json()["betCode"])

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(codes)) == 80
