"""Results on the betcalc wire, by documents/betcalc.txt, and those that are ordered."""

import time
from decimal import Decimal

import pytest
import requests

from providers.sandbox import wire
from providers.sandbox.server import running_sandbox
from tests.providers.sandbox.betcalc.conftest import LIVE, LOG_IN, OVER, bet, error, place


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
