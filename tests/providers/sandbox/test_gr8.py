"""The gr8 wire, by documents/gr8.txt, and the wallet calls that its vendor publishes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest

from providers.sandbox import wire
from providers.sandbox.server import RunningSandbox, running_sandbox
from tests.providers.samples import sample

PLAYER = "33dd1450-e250-4fb4-896c-0d987d4fde9f"
HEADERS = {
    "Authorization": "Bearer sandbox-token",
    "X-Operator-Id": "op",
    "X-Brand": "brand",
    "X-Player-Id": PLAYER,
    "X-Player-Currency": "USD",
    "X-Channel": "WEB",
    "Comment": "test",
}
EVENT = "SportsbookAutotesteb648b2b-ba50-475e-9af6-bf6abb4140ab"
KEY = "[2,[],[0],1,3,[]]"


class Wallet:
    """A hosted wallet that says yes, unless `declines` has an answer for a transaction's type."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[tuple[str, str, Any]] = []
        self.declines: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        self.lock = threading.Lock()

    def answer(self, method: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        with self.lock:
            self.calls.append((method, path, body))
            waiting = self.declines.get(body["type"], []) if body else []
            return waiting.pop(0) if waiting else (200, {"id": "x"})

    def transactions(self, type_: str = "") -> list[dict[str, Any]]:
        with self.lock:
            return [body for _, _, body in self.calls if body and type_ in ("", body["type"])]

    @property
    def order(self) -> list[str]:
        return [f"{one['type']} {one['context']['reason']}" for one in self.transactions()]


@contextmanager
def hosting() -> Iterator[Wallet]:
    wallet = Wallet()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_any(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = wire.loads(content) if content else None
            status, answer = wallet.answer(self.command, self.path, body)
            written = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_POST = do_any  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    wallet.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield wallet
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=20, seed=5, auto_settle=False) as sandbox:
        yield sandbox


@pytest.fixture
def wallet(sandbox) -> Iterator[Wallet]:
    with hosting() as wallet:
        sandbox.target("gr8", wallet.url + "/hook/")
        yield wallet


def bet(**changes):
    outcome = {"selection": KEY, "odds": 2}
    return {
        "items": [{"eventId": EVENT, "odds": 2, "sourceOutcomes": [outcome]}],
        "amount": 10,
        "betType": "Ordinar",
        "oddsChangePolicy": "Any",
        "marketChangePolicy": "None",
        "systemSize": 0,
        "transactionId": str(uuid4()),
        "useExternalBetId": True,
        **changes,
    }


def place(sandbox, http, **changes):
    path = sandbox.url + "/gr8/v1/sport/v1/bet"
    return http.post(path, json=bet(**changes), headers=HEADERS)


def exact(answer) -> Any:
    return wire.loads(answer.content)


def taken(sandbox, http, **changes) -> str:
    answer = place(sandbox, http, **changes)
    assert answer.status_code == 200, answer.text
    return answer.json()["betId"]


def status_of(sandbox, bet_id) -> str:
    return sandbox.get(f"/gr8/bets?bet_id={bet_id}")["bets"][0]["status"]


# --- bets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/sport/v1/bet", "/v1/sport/mts/v1/bet"])
def test_the_documents_request_gets_the_documents_answer(sandbox, http, path):
    request = sample("gr8", "place_single", "request")

    answer = http.post(f"{sandbox.url}/gr8{path}", data=request, headers=HEADERS)

    assert exact(answer) == wire.loads(sample("gr8", "place_single", "response"))


def test_the_documents_errors_can_be_ordered(sandbox, http):
    sandbox.order_fault("gr8", "reject", code="37")
    sandbox.order_fault("gr8", "reject", code="42")

    common, specific = (place(sandbox, http) for _ in range(2))

    assert (common.status_code, specific.status_code) == (400, 400)
    document = wire.loads(sample("gr8", "refused_common", "response"))
    document["errors"]["common"]["currency"] = "USD"
    assert exact(common) == document
    assert exact(specific) == wire.loads(sample("gr8", "refused_specific", "response"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "10"}, "amount"),
        ({"amount": 0}, "amount"),
        ({"betType": "Single"}, "betType"),
        ({"betType": "Express"}, "betType"),
        ({"oddsChangePolicy": None}, "oddsChangePolicy"),
        ({"systemSize": 2}, "systemSize"),
        ({"transactionId": "7"}, "transactionId"),
        ({"transactionId": None}, "transactionId"),
        ({"items": []}, "items"),
        ({"items": [{"eventId": EVENT, "odds": 1}]}, "items[0].sourceOutcomes"),
        ({"isOverask": "yes"}, "isOverask"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(sandbox, http, changes, field):
    answer = place(sandbox, http, **changes)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert sandbox.client_errors() != []


@pytest.mark.parametrize("missing", ["X-Operator-Id", "X-Brand", "X-Player-Id", "X-Channel"])
def test_a_missing_header_is_refused_by_its_name(sandbox, http, missing):
    headers = {name: value for name, value in HEADERS.items() if name != missing}

    answer = http.post(sandbox.url + "/gr8/v1/sport/v1/bet", json=bet(), headers=headers)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [missing])


def test_a_repeat_is_refused_as_processed(sandbox, http):
    transaction = str(uuid4())
    taken(sandbox, http, transactionId=transaction)

    again = place(sandbox, http, transactionId=transaction)

    assert again.json()["errors"]["common"]["code"] == 93


def test_a_bet_may_have_an_id_of_gr8s_own(sandbox, http):
    transaction = str(uuid4())

    assert taken(sandbox, http, transactionId=transaction, useExternalBetId=False) != transaction


def test_the_highest_stake_follows_the_players_multiplier(sandbox, http):
    url = f"{sandbox.url}/gr8/v1/sport/v1/"
    query = "?prematchAmountLimitRelative=2&liveAmountLimitRelative=1.5"
    asked = {name: value for name, value in bet().items() if "ransactionId" not in name}
    del asked["useExternalBetId"]

    before = http.post(url + "bet/max-amount", json=asked, headers=HEADERS).json()
    http.put(f"{url}players/{PLAYER}/limits{query}", headers=HEADERS)
    after = http.post(url + "bet/max-amount", json=asked, headers=HEADERS).json()

    assert before == {"maxBet": 5000, "isVipEnabled": False, "reason": ""}
    assert (after["maxBet"], after["isVipEnabled"]) == (10000, True)


def test_a_quote_knows_no_policy_none_and_no_unknown_event(sandbox, http):
    url = f"{sandbox.url}/gr8/v1/sport/v1/bet/max-amount"
    policy = http.post(url, json=bet(oddsChangePolicy="None"), headers=HEADERS)
    outcome = {"selection": KEY, "odds": 2}
    items = [{"eventId": "nothing", "odds": 2, "sourceOutcomes": [outcome]}]
    event = http.post(url, json=bet(items=items), headers=HEADERS)

    assert (policy.status_code, list(policy.json()["errors"])) == (400, ["oddsChangePolicy"])
    assert event.status_code == 422
    assert event.json()["errors"]["specific"] == [{"code": 1000, "itemIndex": 0}]


def test_what_is_not_a_guid_cannot_be_returned(sandbox, http):
    url = f"{sandbox.url}/gr8/v1/sport/v1/bet/return/"

    wrong = http.put(url + "abc", headers=HEADERS)
    unknown = http.put(url + str(uuid4()), headers=HEADERS)

    assert wrong.json() == {"errors": {"betId": ["The betId field is UUID."]}}
    assert (wrong.status_code, unknown.status_code) == (400, 400)


# --- tokens -------------------------------------------------------------------------------------


def get_token(sandbox, http, **changes):
    form = {
        "grant_type": "client_credentials",
        "client_id": "me",
        "client_secret": "it",
        **changes,
    }
    return http.post(sandbox.url + "/gr8/oauth/token", data=form)


def test_a_token_works_until_it_ends(sandbox, http, eventually):
    sandbox.order("gr8", "settings", token_life_s=1)
    answer = get_token(sandbox, http).json()
    headers = {**HEADERS, "Authorization": f"{answer['token_type']} {answer['access_token']}"}
    url = sandbox.url + "/gr8/v1/sport/v1/bet"

    assert answer["expires_in"] == 1
    assert http.post(url, json=bet(), headers=headers).status_code == 200
    eventually(lambda: http.post(url, json=bet(), headers=headers).status_code == 401)


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_token_is_refused_as_oauth_says(sandbox, http, changes, status, error):
    answer = get_token(sandbox, http, **changes)

    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_without_a_token_nothing_is_done(sandbox, http):
    headers = {**HEADERS, "Authorization": "Bearer another"}

    answer = http.post(sandbox.url + "/gr8/v1/sport/v1/bet", json=bet(), headers=headers)

    assert answer.status_code == 401
    assert sandbox.bets("gr8") == []


def test_the_credentials_may_be_settings(http):
    settings = {"gr8": {"client_id": "right", "client_secret": "right too"}}
    with running_sandbox(provider_settings=settings) as sandbox:
        right = get_token(sandbox, http, client_id="right", client_secret="right too")
        other = get_token(sandbox, http)

    assert (right.status_code, other.status_code) == (200, 401)


# --- the wallet ---------------------------------------------------------------------------------


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
