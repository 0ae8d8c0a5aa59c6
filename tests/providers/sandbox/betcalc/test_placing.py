"""Logging in and placing on the betcalc wire, by documents/betcalc.txt."""

import threading
import time
from decimal import Decimal

import pytest
import requests

from providers.sandbox.server import running_sandbox
from tests.providers.sandbox.betcalc.conftest import LIVE, LOG_IN, OVER, data, error, place

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
