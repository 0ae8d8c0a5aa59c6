"""What betcalc's sandbox does wrong on order."""

import time
from decimal import Decimal

import pytest
import requests

from providers.sandbox import wire
from tests.providers.sandbox.betcalc.conftest import LOG_IN, data, error, place


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
