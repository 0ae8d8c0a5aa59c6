"""The wallet calls of the sandbox's gr8, as its vendor publishes them, and the orders for them."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from providers.sandbox.server import RunningSandbox, running_sandbox
from tests.factories.gr8 import (
    EVENT,
    HEADERS,
    KEY,
    PLAYER,
    Wallet,
    hosting,
    place,
    status_of,
    taken,
)


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=20, seed=5, auto_settle=False) as sandbox:
        yield sandbox


@pytest.fixture
def wallet(sandbox) -> Iterator[Wallet]:
    with hosting() as wallet:
        sandbox.target("gr8", wallet.url + "/hook/")
        yield wallet


def test_the_stake_is_taken_while_the_placement_is_open(sandbox, http, wallet):
    bet_id = taken(sandbox, http)

    withdrawal, balance = wallet.calls
    assert withdrawal[:2] == ("POST", f"/hook/api/v2/wallet/{PLAYER}/transactions")
    body = withdrawal[2]
    assert body.pop("createdAt") == body.pop("initiatedAt")
    assert body == {
        "id": bet_id,
        "currency": "USD",
        "platform": "sport",
        "type": "withdrawal",
        "context": {
            "channel": "WEB",
            "product": "sportsbook",
            "reason": "bet",
            "betId": bet_id,
            "language": "en",
        },
        "amountBreakdown": {"cash": "10", "locked": "0", "bonus": "0"},
    }
    assert balance[:2] == ("GET", f"/hook/api/v2/wallet/{PLAYER}/balances?currencies=USD")


def test_a_result_is_a_deposit_and_a_loss_one_of_nothing(sandbox, http, wallet):
    won, lost = taken(sandbox, http), taken(sandbox, http)

    sandbox.order("gr8", "settle", bet_id=won, result="won")
    sandbox.order("gr8", "settle", bet_id=lost, result="lost")

    deposits = wallet.transactions("deposit")
    assert [(one["id"], one["amountBreakdown"]["cash"]) for one in deposits] == [
        (f"{won}_settlement_0", "20"),
        (f"{lost}_settlement_0", "0"),
    ]


def test_a_result_is_taken_back_and_told_anew(sandbox, http, wallet):
    bet_id = taken(sandbox, http)
    sandbox.order("gr8", "settle", bet_id=bet_id, result="won")

    sandbox.order("gr8", "cancel_settle", bet_id=bet_id)
    said = sandbox.order("gr8", "settle", bet_id=bet_id, payout="10")

    assert wallet.order == [
        "withdrawal bet",
        "deposit settle",
        "withdrawal cancel settle",
        "deposit settle",
    ]
    assert said["sent"]["body"]["id"] == f"{bet_id}_settlement_1"
    assert wallet.transactions("withdrawal")[1]["context"]["parentId"] == f"{bet_id}_settlement_0"


def test_settling_everything_pays_what_the_results_come_to(sandbox, http, wallet, eventually):
    bet_id = taken(sandbox, http)
    sandbox.order_outcome(EVENT, KEY, "won")

    assert sandbox.settle_all()["settled"]["gr8"] == 1

    (deposit,) = eventually(lambda: wallet.transactions("deposit"))
    assert (deposit["context"]["betId"], deposit["amountBreakdown"]["cash"]) == (bet_id, "20")


@pytest.mark.parametrize(
    ("decline", "code"),
    [
        ("decline.lowbalance", 2),
        ("decline.player.blocked", 63),
        ("limit.exceeded", 100),
        ("decline.restrictions", 15),
    ],
)
def test_a_declined_stake_is_a_refused_bet(sandbox, http, wallet, decline, code):
    wallet.declines["withdrawal"] = [(400, {"error": {"code": decline}})]

    answer = place(sandbox, http)

    assert answer.json()["errors"]["common"]["code"] == code
    assert sandbox.bets("gr8")[0]["status"] == "refused"
    assert wallet.transactions("rollback") == []


def test_an_unclear_stake_is_rolled_back_until_that_is_taken(sandbox, http, wallet, eventually):
    wallet.declines["withdrawal"] = [(500, {})]
    wallet.declines["rollback"] = [(500, {}), (400, {"error": {"code": "error.general"}})]

    answer = place(sandbox, http)

    assert answer.json()["errors"]["common"]["code"] == 33
    eventually(lambda: len(wallet.transactions("rollback")) == 3)
    first = wallet.transactions("rollback")[0]
    assert first["id"] == f"{first['context']['betId']}_rollback"
    assert first["context"]["parentId"] == first["context"]["betId"]
    assert all(one == first for one in wallet.transactions("rollback"))


@pytest.mark.parametrize("end", ["decline.parent.notfound", "decline.parent.failed"])
def test_a_rollback_ends_with_an_error_about_its_parent(sandbox, http, wallet, eventually, end):
    bet_id = taken(sandbox, http)
    wallet.declines["rollback"] = [(400, {"error": {"code": "error.general"}})]
    wallet.declines["rollback"].append((400, {"error": {"code": end}}))

    sandbox.order("gr8", "rollback", bet_id=bet_id)

    eventually(lambda: len(wallet.transactions("rollback")) == 2)
    taken(sandbox, http)
    assert len(wallet.transactions("rollback")) == 2


def test_a_return_is_followed_by_a_rollback(sandbox, http, wallet, eventually):
    bet_id = taken(sandbox, http)

    answer = http.put(f"{sandbox.url}/gr8/v1/sport/v1/bet/return/{bet_id}", headers=HEADERS)

    assert answer.status_code == 200
    eventually(lambda: wallet.order == ["withdrawal bet", "rollback sport rollback"])
    assert status_of(sandbox, bet_id) == "returned"


@pytest.mark.parametrize(
    ("fault", "order"),
    [
        ("rollback_first", ["rollback sport rollback", "withdrawal bet"]),
        ("settle_before_reply", ["withdrawal bet", "deposit settle"]),
    ],
)
def test_transactions_come_in_an_unusual_order(sandbox, http, wallet, fault, order):
    sandbox.order_fault("gr8", fault)

    place(sandbox, http)

    assert wallet.order == order


def test_a_stake_may_be_asked_for_several_times_at_once(sandbox, http, wallet, eventually):
    sandbox.order_fault("gr8", "duplicate_callback", call="wallet")

    taken(sandbox, http)

    withdrawals = eventually(lambda: len(wallet.transactions()) == 3 and wallet.transactions())
    assert withdrawals[0] == withdrawals[1] == withdrawals[2]


def test_gr8_may_roll_back_what_it_accepted(sandbox, http, wallet, eventually):
    sandbox.order_fault("gr8", "vendor_rollback", seconds="0.05")

    bet_id = taken(sandbox, http)

    eventually(lambda: wallet.order == ["withdrawal bet", "rollback sport rollback"])
    eventually(lambda: status_of(sandbox, bet_id) == "returned")


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        ("duplicate_callback", [0, 0, 0]),
        ("changed_result_later", [0, 1]),
        ("callbacks_out_of_order", [1, 0]),
    ],
)
def test_results_are_told_badly_on_order(sandbox, http, wallet, eventually, fault, numbers):
    bet_id = taken(sandbox, http)
    sandbox.order_fault("gr8", fault, call="callback", seconds="0.1")

    sandbox.settle_all()

    deposits = eventually(
        lambda: (
            len(wallet.transactions("deposit")) == len(numbers) and wallet.transactions("deposit")
        )
    )
    assert [one["id"] for one in deposits] == [f"{bet_id}_settlement_{n}" for n in numbers]
    by_number = sorted(deposits, key=lambda one: one["id"])
    moments = [one["createdAt"] for one in by_number]
    assert moments == sorted(moments)


def test_any_transaction_can_be_sent_by_order(sandbox, wallet):
    transaction = {"id": "odd", "type": "award", "context": {"reason": "bonus award"}}

    said = sandbox.order("gr8", "transaction", player=PLAYER, transaction=transaction)

    assert said["answer"]["status"] == 200
    assert wallet.transactions() == [transaction]


def test_an_operator_may_have_a_wallet_of_its_own_or_none(sandbox, http, wallet):
    sandbox.target("gr8", "", operator_id="op")
    taken(sandbox, http)
    assert wallet.calls == []

    sandbox.target("gr8", wallet.url, operator_id="op", types="numbers")
    taken(sandbox, http, amount=10)
    assert wallet.transactions()[0]["amountBreakdown"] == {"cash": 10, "locked": 0, "bonus": 0}


def test_a_wallet_for_one_operator_is_for_no_other_and_sends_what_is_ordered(sandbox, http, wallet):
    sandbox.call("DELETE", "/gr8/target")
    sandbox.target("gr8", wallet.url, operator_id="another")
    taken(sandbox, http)
    assert wallet.calls == []

    ordered = {"id": "x", "type": "deposit"}
    sandbox.order("gr8", "transaction", player=PLAYER, transaction=ordered)
    assert wallet.transactions() == [ordered]


def test_without_a_target_bets_are_settled_without_a_word(sandbox, http):
    bet_id = taken(sandbox, http)

    said = sandbox.order("gr8", "settle", bet_id=bet_id, result="won")

    assert said == {"sent": None, "answer": None}
    assert status_of(sandbox, bet_id) == "settled"


def test_bets_are_settled_by_themselves(http, eventually):
    with running_sandbox(match_seconds=1) as sandbox, hosting() as wallet:
        sandbox.target("gr8", wallet.url)
        bet_id = taken(sandbox, http)
        eventually(lambda: wallet.transactions("deposit"))

        assert wallet.transactions("deposit")[0]["id"] == f"{bet_id}_settlement_0"


def test_a_restart_settles_what_was_taken_before(http, tmp_path, eventually):
    state = tmp_path / "state.json"
    with hosting() as wallet:
        with running_sandbox(state_path=state, auto_settle=False) as sandbox:
            sandbox.target("gr8", wallet.url)
            transaction = str(uuid4())
            bet_id = taken(sandbox, http, transactionId=transaction)
        with running_sandbox(state_path=state) as again:
            eventually(lambda: wallet.transactions("deposit"))
            assert place(again, http, transactionId=transaction).status_code == 400
        assert wallet.transactions("deposit")[0]["context"]["betId"] == bet_id


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ({}, "callback_base"),
        ({"callback_base": "nowhere"}, "callback_base"),
        ({"callback_base": "http://a", "types": "odd"}, "types"),
        ({"callback_base": "http://a", "url": "x"}, "url"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_wrong_target_is_refused_by_its_field(sandbox, http, target, field, method):
    answer = http.request(method, sandbox.url + "/_sandbox/gr8/target", json=target)

    assert (answer.status_code, answer.json()["field"]) == (400, field)
