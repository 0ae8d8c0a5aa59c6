"""The betflex wire, by documents/betflex.txt."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

from providers.sandbox.server import RunningSandbox, running_sandbox

USERS = [{"uid": "7", "currency": "EUR"}, {"uid": "p-2", "currency": "JPY"}]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=20, seed=5, auto_settle=False) as sandbox:
        yield sandbox


@pytest.fixture
def wallet(sandbox, recorder):
    sandbox.target("betflex", recorder.url + "/base/")
    return recorder


def order(sandbox, **details):
    bet = {"uid": "7", "amount": "10.50", "currency": "EUR", "odds": "2.5", **details}
    return sandbox.post("/betflex/bet", bet)


def test_a_bet_is_placed_with_the_documented_body(sandbox, wallet) -> None:
    said = order(sandbox)
    (call,) = wallet.received
    assert call.path == "/base/bets"
    assert call.headers["Content-Type"] == "application/json"
    (bet,) = call.json["bets"]
    assert bet["user"].pop("ip").count(".") == 3
    assert bet["pool"].pop("uid") > 0
    assert bet == {
        "user": {"client": "fanteam", "uid": 7},
        "pool": {"client": "fanteam", "currency": "EUR", "game": "betflex", "overdraw": "26.25"},
        "bet": {"uid": said["bet_uid"], "amount": "10.50"},
    }
    assert said["status"] == "accepted"
    assert said["answer"] == {"status": 200, "body": "{}", "error": ""}
    assert said["sent"]["body"] == call.json


def test_a_bet_is_settled_with_the_documented_body(sandbox, wallet) -> None:
    uid = order(sandbox)["bet_uid"]
    said = sandbox.post("/betflex/settle", {"bet_uid": uid, "result": "won"})
    placed, settled = wallet.received
    assert settled.path == "/base/winners"
    assert settled.json == said["sent"]["body"]
    (pool,) = settled.json["pools"]
    assert pool["pool"] == {
        "client": "fanteam",
        "game": "betflex",
        "uid": placed.json["bets"][0]["pool"]["uid"],
        "currency": "EUR",
        "overdraw": "26.25",
        "cost": "10.50",
        "guaranteed": True,
    }
    (entry,) = pool["bets"]
    assert entry["user"]["uid"] == "7"
    extra = entry["bet"].pop("extra")
    assert isinstance(extra, dict)
    assert entry["bet"] == {
        "uid": uid,
        "currency": "EUR",
        "amount": "10.50",
        "odds": Decimal("2.5"),
        "rake": 0,
        "payout": "26.25",
        "base_payout": Decimal("26.25"),
        "result": "won",
    }


def test_a_settlement_can_be_ordered_again_with_another_payout(sandbox, wallet) -> None:
    uid = order(sandbox)["bet_uid"]
    for payout in ("26.25", "0", "10.50"):
        sandbox.post("/betflex/settle", {"bet_uid": uid, "payout": payout})
    bets = [call.json["pools"][0]["bets"][0]["bet"] for call in wallet.wait_for(3, path="winners")]
    assert [(bet["payout"], bet["result"]) for bet in bets] == [
        ("26.25", "won"),
        ("0.00", "lost"),
        ("10.50", "refunded"),
    ]


def test_a_cancellation_names_the_status_of_the_pool(sandbox, wallet) -> None:
    uid = order(sandbox)["bet_uid"]
    sandbox.post("/betflex/cancel", {"bet_uid": uid})
    call = wallet.received[-1]
    (pool,) = call.json["pools"]
    assert call.path == "/base/bets/cancel"
    assert pool["pool"]["status"] == "cancelled"
    assert (pool["bets"][0]["bet"]["uid"], pool["bets"][0]["bet"]["amount"]) == (uid, "10.50")


def test_a_bet_that_was_never_placed_can_be_cancelled(sandbox, wallet) -> None:
    described = {"bet_uid": 99, "uid": "7", "amount": "3", "currency": "EUR"}
    said = sandbox.post("/betflex/cancel", described)
    assert said["answer"]["status"] == 200
    assert wallet.received[0].json["pools"][0]["bets"][0]["bet"]["uid"] == 99


def test_several_bets_go_in_one_call(sandbox, wallet) -> None:
    one = {"uid": "7", "amount": "1", "currency": "EUR"}
    said = sandbox.post("/betflex/bet", {"bets": [one, {**one, "amount": "2"}]})
    (call,) = wallet.received
    assert [bet["bet"]["amount"] for bet in call.json["bets"]] == ["1", "2"]
    assert len({bet["bet_uid"] for bet in said["bets"]}) == 2


@pytest.mark.parametrize(
    ("types", "uid", "amount"), [("strings", "7", "10.50"), ("numbers", 7, Decimal("10.50"))]
)
def test_types_can_drift(sandbox, recorder, types, uid, amount) -> None:
    sandbox.target("betflex", recorder.url, types=types)
    bet_uid = order(sandbox)["bet_uid"]
    sandbox.post("/betflex/settle", {"bet_uid": bet_uid, "result": "refunded"})
    placed = recorder.received[0].json["bets"][0]
    settled = recorder.received[1].json["pools"][0]["bets"][0]
    assert (placed["user"]["uid"], placed["bet"]["amount"]) == (uid, amount)
    assert (settled["user"]["uid"], settled["bet"]["payout"]) == (uid, amount)
    assert isinstance(placed["bet"]["uid"], str) is (types == "strings")


def test_a_uid_that_is_no_number_stays_a_string(sandbox, wallet) -> None:
    for uid in ("p-2", "007"):
        order(sandbox, uid=uid)
    assert [call.json["bets"][0]["user"]["uid"] for call in wallet.received] == ["p-2", "007"]


def test_the_header_carries_a_signed_token(sandbox, recorder) -> None:
    sandbox.target("betflex", recorder.url, jwt_key="k" * 32, jwt_issuer="betflex")
    order(sandbox)
    kind, who, token = recorder.received[0].headers["Authorization"].split(" ")
    signed, _, signature = token.rpartition(".")
    expected = hmac.new(b"k" * 32, signed.encode(), hashlib.sha256).digest()
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split(".")
    )
    assert (kind, who) == ("Bearer", "customer")
    assert base64.urlsafe_b64decode(signature + "==") == expected
    assert header == {"alg": "HS256", "typ": "JWT"}
    assert claims["iss"] == "betflex"
    assert time.time() < claims["exp"] <= time.time() + 120


def test_without_a_key_there_is_no_header_and_the_key_is_not_shown(sandbox, recorder) -> None:
    shown = sandbox.target("betflex", recorder.url, jwt_key="sesame")
    assert "sesame" not in str(shown)
    sandbox.target("betflex", recorder.url)
    order(sandbox)
    assert "Authorization" not in recorder.received[0].headers


@pytest.mark.parametrize(
    "answer", [(402, '{"error":"insufficient_funds"}'), (200, '{"error":"x"}'), (409, "{}")]
)
def test_a_refused_bet_is_dropped(sandbox, wallet, answer) -> None:
    wallet.answers = [answer]
    assert order(sandbox)["status"] == "refused"
    assert sandbox.settle_all()["settled"]["betflex"] == 0
    assert len(wallet.received) == 1


def test_a_bet_without_a_clear_answer_is_cancelled_until_that_is_taken(sandbox, wallet) -> None:
    wallet.answers = [(503, ""), (503, ""), (200, "{}")]
    assert order(sandbox)["status"] == "cancelled"
    calls = wallet.wait_for(3)
    assert [call.path for call in calls] == ["/base/bets"] + ["/base/bets/cancel"] * 2


def test_a_settlement_is_sent_until_it_is_taken(sandbox, wallet) -> None:
    order(sandbox, result="won")
    wallet.answers = [(500, ""), (404, "")]
    sandbox.settle_all()
    settled = wallet.wait_for(3, path="winners")
    assert len({call.text for call in settled}) == 1


def test_an_ordered_bet_settles_when_the_order_says(sandbox, wallet) -> None:
    sandbox.post("/settings", {"auto_settle": True})
    order(sandbox, result="won", settle_after_s="0.1")
    order(sandbox, settle=False)
    (settled,) = wallet.wait_for(1, path="winners")
    assert settled.json["pools"][0]["bets"][0]["bet"]["payout"] == "26.25"


def test_bets_come_by_themselves_and_are_settled(recorder) -> None:
    with running_sandbox(match_seconds=1, seed=2) as sandbox:
        sandbox.target("betflex", recorder.url, users=USERS, bets_per_minute=1200)
        placed = recorder.wait_for(12, path="/bets")
        recorder.wait_for(8, path="/winners")
    bets = [call.json["bets"][0] for call in placed]
    assert {bet["user"]["uid"] for bet in bets} == {7, "p-2"}
    for bet in bets:
        decimals = -Decimal(bet["bet"]["amount"]).as_tuple().exponent
        assert decimals == (0 if bet["pool"]["currency"] == "JPY" else 2)
        assert 0 < Decimal(bet["bet"]["amount"]) <= 10


def test_the_pace_goes_on_over_errors(recorder) -> None:
    recorder.answers = [(402, "{}"), (500, ""), (200, "not json")]
    with running_sandbox(match_seconds=1) as sandbox:
        sandbox.target("betflex", recorder.url, users=USERS, bets_per_minute=1200)
        recorder.wait_for(6, path="/bets")


def test_without_users_nothing_comes_by_itself_and_a_target_can_be_dropped(sandbox, wallet) -> None:
    order(sandbox)
    assert sandbox.call("DELETE", "/betflex/target") == {"target": None}
    assert sandbox.get("/betflex/target") == {"target": None}
    assert len(wallet.received) == 1


def test_a_bet_can_come_several_times_at_once(sandbox, wallet) -> None:
    sandbox.order_fault("betflex", "duplicate_callback", call="bets")
    order(sandbox)
    calls = wallet.wait_for(3)
    assert len({call.text for call in calls}) == 1


def test_a_settlement_can_come_several_times_at_once(sandbox, wallet) -> None:
    order(sandbox)
    sandbox.order_fault("betflex", "duplicate_callback")
    sandbox.settle_all()
    assert len({call.text for call in wallet.wait_for(3, path="winners")}) == 1


def test_a_cancellation_can_come_before_its_bet(sandbox, wallet) -> None:
    sandbox.order_fault("betflex", "callbacks_out_of_order")
    uid = order(sandbox)["bet_uid"]
    cancelled, placed = wallet.received
    assert (cancelled.path, placed.path) == ("/base/bets/cancel", "/base/bets")
    assert cancelled.json["pools"][0]["bets"][0]["bet"]["uid"] == uid


def test_a_settlement_can_be_changed_later(sandbox, wallet) -> None:
    sandbox.order_fault("betflex", "changed_result_later", seconds="0.1")
    order(sandbox, result="won")
    sandbox.settle_all()
    settled = wallet.wait_for(2, path="winners")
    payouts = [call.json["pools"][0]["bets"][0]["bet"]["payout"] for call in settled]
    assert payouts == ["26.25", "0.00"]


def test_a_uid_ordered_again_does_not_lose_the_bet_that_has_it(sandbox, wallet) -> None:
    order(sandbox, bet_uid=5)
    wallet.answers = [(409, '{"error":"conflicting_request"}')]
    assert order(sandbox, bet_uid=5, amount="99")["status"] == "refused"
    (bet,) = sandbox.bets("betflex")
    assert (bet["uid"], bet["status"], bet["amount"]) == (5, "accepted", Decimal("10.50"))


def test_a_restart_settles_what_was_placed_before(recorder, tmp_path) -> None:
    state = tmp_path / "state.json"
    with running_sandbox(state_path=state, auto_settle=False) as sandbox:
        sandbox.target("betflex", recorder.url, jwt_key="sesame")
        uid = order(sandbox, result="won", settle_after_s=0)["bet_uid"]
    with running_sandbox(state_path=state):
        (settled,) = recorder.wait_for(1, path="winners")
    assert settled.json["pools"][0]["bets"][0]["bet"]["uid"] == uid
    assert settled.headers["Authorization"].startswith("Bearer customer ")


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ({}, "callback_base"),
        ({"callback_base": "nowhere"}, "callback_base"),
        ({"callback_base": "http://a", "users": [{"uid": "1"}]}, "currency"),
        ({"callback_base": "http://a", "users": ["1"]}, "users[0]"),
        ({"callback_base": "http://a", "bets_per_minute": "many"}, "bets_per_minute"),
        ({"callback_base": "http://a", "types": "odd"}, "types"),
        ({"callback_base": "http://a", "url": "x"}, "url"),
    ],
)
def test_a_wrong_target_is_refused_by_its_field(sandbox, http, target, field) -> None:
    answer = http.put(sandbox.url + "/_sandbox/betflex/target", json=target)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
