"""The superbet wire, by documents/superbet.txt."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
import requests

from providers.sandbox.server import RunningSandbox, running_sandbox

SECRET = "12345ABCDE"
ASKED = {
    "operator": "site",
    "token": "sGhx12skwrXsukbZmWh7bkCC9YPEzYQKtKSe9EfCth3Q",
    "price": 1000,
    "currency": "USD",
    "atag": "atag_value",
    "source": "desktop",
    "type": "superbet",
    "event": 100001,
    "bets": [101],
}
PLAYER = (200, json.dumps({"player_id": "token_i", "balance": 5000, "currency": "USD"}))
YES = (200, "{}")
NO = (400, '{"code": 101, "message": "User not found"}')


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=20, seed=5, auto_settle=False) as sandbox:
        yield sandbox


@pytest.fixture
def pam(sandbox, recorder):
    target = {"callback_base": recorder.url + "/pam", "signing_secret": SECRET}
    sandbox.call("PUT", "/superbet/target", target)
    recorder.answers += [PLAYER, YES]
    return recorder


class Engine:
    """A client that signs as the document says."""

    def __init__(self, sandbox: RunningSandbox, http: requests.Session) -> None:
        self._sandbox = sandbox
        self._http = http

    def call(self, method: str, path: str, body: dict | None = None, **headers: str):
        content = b"" if body is None else json.dumps(body).encode()
        timestamp = headers.pop("timestamp", str(int(time.time())))
        usual = {
            "timestamp": timestamp,
            "operator-name": "site",
            "signature": signed(timestamp, b"" if method == "GET" else content),
        }
        url = f"{self._sandbox.url}/superbet/be{path}"
        answer = self._http.request(method, url, data=content, headers={**usual, **headers})
        return answer.status_code, json.loads(answer.text, parse_float=Decimal)

    def reserve(self, **changes):
        return self.call("POST", "/tickets/reserve", {**ASKED, **changes})

    def reserved(self, **changes) -> dict:
        status, ticket = self.reserve(**changes)
        assert status == 200, ticket
        return ticket

    def sold(self, **changes) -> dict:
        return self.call("POST", f"/tickets/{self.reserved(**changes)['id']}/paid")[1]


def signed(timestamp: str, body: bytes) -> str:
    message = timestamp.encode() + body.replace(b" ", b"")
    return hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()


@pytest.fixture
def engine(sandbox, http) -> Engine:
    return Engine(sandbox, http)


def actions(pam) -> list[str]:
    return [call.json["action"] for call in pam.received]


def sent(pam, action: str) -> list[dict]:
    return [call.json["data"] for call in pam.received if call.json["action"] == action]


# --- selling ------------------------------------------------------------------------------------


def test_a_reservation_is_answered_as_in_the_document(engine, pam) -> None:
    ticket = engine.reserved()

    assert len(ticket.pop("id")) == 24
    assert len(ticket.pop("code")) == 6
    for name in ("created", "operator_time_created", "updated", "operator_time_updated"):
        assert len(ticket.pop(name)) == len("2024-07-11T18:40:52.995000")
    assert ticket == {
        "price": 1000,
        "stake": 889,
        "gross_payout": 0,
        "net_payout": 0,
        "wht_amount": 0,
        "wht": Decimal("10.0"),
        "ext_amount": 111,
        "ext": Decimal("12.5"),
        "ext_type": "inclusive",
        "currency": "USD",
        "status": "reserved",
        "result": "pending",
        "approved": True,
        "source": "desktop",
        "type": "superbet",
        "atag": "atag_value",
        "user_id": "token_i",
    }


def test_the_operator_is_asked_who_it_is_and_told_of_the_reservation(engine, pam) -> None:
    ticket = engine.reserved()

    assert actions(pam) == ["identify", "ticket_reserve"]
    assert sent(pam, "identify") == [{"operator": "site", "token": ASKED["token"]}]
    (data,) = sent(pam, "ticket_reserve")
    assert (data["ticket_id"], data["ticket_code"]) == (ticket["id"], ticket["code"])
    assert (data["price"], data["stake"], data["ext_amount"]) == (1000, 889, 111)
    for call in pam.received:
        assert call.path == "/pam"
        expected = signed(call.headers["timestamp"], call.text.encode())
        assert call.headers["signature"] == expected


def test_a_reservation_is_paid_once(engine, pam) -> None:
    ticket = engine.reserved()
    path = f"/tickets/{ticket['code']}/paid"

    status, paid = engine.call("POST", path)
    again = engine.call("POST", path)

    assert (status, paid["status"]) == (200, "open")
    assert again[0] == 400
    assert again[1]["code"] == 117


def test_a_ticket_is_created_at_once_and_its_price_taken(engine, pam) -> None:
    status, ticket = engine.call("POST", "/tickets", ASKED)

    assert (status, ticket["status"]) == (200, "open")
    assert actions(pam) == ["identify", "ticket_create"]


def test_tickets_are_shown_and_listed(engine, pam) -> None:
    pam.answers += [PLAYER, YES]
    first, second = engine.reserved(), engine.reserved()

    assert engine.call("GET", f"/tickets/{first['id']}") == (200, first)
    assert engine.call("GET", f"/tickets/{first['code']}") == (200, first)
    assert engine.call("GET", "/tickets?limit=1&user_id=token_i") == (200, [second])
    assert engine.call("GET", "/tickets?user_id=nobody") == (200, [])
    assert engine.call("GET", "/tickets?skip_types=superbet") == (200, [])
    assert engine.call("GET", "/tickets/none")[1]["code"] == 102


def test_the_world_is_on_offer(sandbox, engine, pam) -> None:
    events = sandbox.get("/superbet/offer")["events"]
    event = max(events[1:], key=lambda each: each["event"])

    ticket = engine.reserved(event=event["event"], bets=[bet["id"] for bet in event["bets"][:2]])

    assert ticket["status"] == "reserved"
    assert events[0]["event"] == 100001


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"event": 5}, 103), ({"bets": [101, 999]}, 106), ({"operator": "other"}, 115)],
)
def test_what_is_not_on_offer_is_refused(engine, pam, changes, code) -> None:
    status, answer = engine.reserve(**changes)

    assert (status, answer["code"]) == (400, code)
    assert actions(pam) == []


def test_an_unknown_operator_is_refused(engine, pam) -> None:
    body = {**ASKED, "operator": "other"}

    status, answer = engine.call("POST", "/tickets/reserve", body, **{"operator-name": "other"})

    assert (status, answer["code"]) == (400, 112)


def test_without_a_webhook_nothing_is_sold(sandbox, http) -> None:
    order = {"operator": "site", "signing_secret": SECRET}
    sandbox.call("PUT", "/superbet/target", order)

    assert Engine(sandbox, http).reserve()[1]["code"] == 114


@pytest.mark.parametrize("answer", [NO, (500, ""), (200, "<html>"), (200, "{}")])
def test_nobody_behind_the_token_is_refused(engine, pam, answer) -> None:
    pam.answers[:] = [answer]

    assert engine.reserve()[1]["code"] == 101


@pytest.mark.parametrize(("answer", "discards"), [(NO, 0), ((500, ""), 1)])
def test_what_the_operator_does_not_take_is_not_approved(engine, pam, answer, discards) -> None:
    pam.answers[:] = [PLAYER, answer]

    ticket = engine.reserved()

    assert (ticket["approved"], ticket["status"]) == (False, "cancelled")
    if discards:
        pam.wait_for(3)
    assert actions(pam).count("ticket_discard") == discards


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"price": "1000"}, ["body", "price"]),
        ({"price": 0}, ["body", "price"]),
        ({"bets": ["101"]}, ["body", "bets", 0]),
        ({"bets": []}, ["body", "bets"]),
        ({"source": "fax"}, ["body", "source"]),
        ({"token": None}, ["body", "token"]),
        ({"atag": 5}, ["body", "atag"]),
    ],
)
def test_another_shape_is_answered_with_where_it_is_wrong(
    sandbox, engine, pam, changes, where
) -> None:
    status, answer = engine.reserve(**changes)

    assert status == 422
    assert where in [entry["loc"] for entry in answer["detail"]]
    assert sandbox.client_errors()


def test_another_order_of_fields_is_remarked(sandbox, engine, pam) -> None:
    engine.call("POST", "/tickets/reserve", dict(sorted(ASKED.items())))

    (error,) = sandbox.client_errors()
    assert "in its order" in error["reason"]


@pytest.mark.parametrize(
    "headers",
    [
        {"signature": "0" * 64},
        {"signature": ""},
        {"timestamp": "soon"},
        {"timestamp": str(int(time.time()) - 4000)},
    ],
    ids=str,
)
def test_a_request_that_is_not_signed_is_forbidden(sandbox, engine, pam, headers) -> None:
    assert engine.call("POST", "/tickets/reserve", ASKED, **headers)[0] == 403
    assert engine.call("GET", "/tickets", **headers)[0] == 403
    assert len(sandbox.client_errors()) == 2


# --- time and results ---------------------------------------------------------------------------


def test_a_reservation_that_is_not_paid_expires(sandbox, engine, pam, eventually) -> None:
    sandbox.post("/superbet/settings", {"reserve_expires_s": "0.2"})
    path = f"/tickets/{engine.reserved()['id']}"

    eventually(lambda: engine.call("GET", path)[1]["status"] == "cancelled")

    assert engine.call("POST", f"{path}/paid")[1]["code"] == 117


@pytest.mark.parametrize(
    ("result", "action", "amounts"),
    [
        # 8.89 at 1.40 pays 12.45, of which 10 % of what is won above the stake are kept back.
        ("won", "ticket_win", (1245, 36, 1209)),
        ("lost", "ticket_lost", (0, 0, 0)),
        ("void", "ticket_void", (1000, 0, 1000)),
        ("refunded", "ticket_refund", (1000, 0, 1000)),
    ],
)
def test_results_are_told_and_shown(sandbox, engine, pam, result, action, amounts) -> None:
    ticket = engine.sold()

    said = sandbox.post("/superbet/results", {"ticket": ticket["code"], "result": result})

    assert said["answer"]["status"] == 200
    assert actions(pam)[-1] == action
    shown = engine.call("GET", f"/tickets/{ticket['id']}")[1]
    assert shown["status"] == "resulted"
    assert (shown["gross_payout"], shown["wht_amount"], shown["net_payout"]) == amounts
    (data,) = sent(pam, action)
    assert data["ticket_id"] == ticket["id"]
    assert ("price" in data) == (action == "ticket_void")


def test_a_result_is_told_until_it_is_taken(sandbox, engine, pam) -> None:
    ticket = engine.sold()
    pam.answers += [(500, ""), (503, "")]

    sandbox.post("/superbet/results", {"ticket": ticket["id"], "result": "lost"})

    pam.wait_for(5)
    assert actions(pam).count("ticket_lost") == 3


def test_tickets_are_decided_by_the_world(sandbox, engine, pam) -> None:
    ticket = engine.sold(bets=[101, 102])
    sandbox.order_outcome("100001", "101", "won")
    sandbox.order_outcome("100001", "102", "void")

    assert sandbox.settle_all()["settled"]["superbet"] == 1

    pam.wait_for(3)
    assert actions(pam)[-1] == "ticket_win"
    shown = engine.call("GET", f"/tickets/{ticket['id']}")[1]
    assert (shown["result"], shown["gross_payout"]) == ("won", 1245)


def test_all_void_is_a_void(sandbox, engine, pam) -> None:
    engine.sold()
    sandbox.order_outcome("100001", "101", "void")

    sandbox.settle_all()

    pam.wait_for(3)
    assert actions(pam)[-1] == "ticket_void"


def test_an_old_result_is_closed(engine, recorder, http) -> None:
    with running_sandbox(match_seconds=0.5, seed=5) as quick:
        quick.call(
            "PUT", "/superbet/target", {"callback_base": recorder.url, "signing_secret": SECRET}
        )
        recorder.answers += [PLAYER, YES]
        ticket = Engine(quick, http).sold()

        recorder.wait_for(4)

        assert actions(recorder)[-1] == "ticket_closed"
        shown = Engine(quick, http).call("GET", f"/tickets/{ticket['id']}")[1]
    assert shown["status"] == "closed"


def test_a_result_is_withdrawn_and_given_again(sandbox, engine, pam) -> None:
    ticket = engine.sold()
    sandbox.post("/superbet/results", {"ticket": ticket["id"], "result": "won"})

    rolled = sandbox.post("/superbet/rollback", {"ticket": ticket["id"], "reason": "mistake"})
    sandbox.post("/superbet/results", {"ticket": ticket["id"], "result": "lost"})

    assert (rolled["ticket"]["status"], rolled["ticket"]["result"]) == ("calculating", "pending")
    assert sent(pam, "ticket_rollback")[0]["reason"] == "mistake"
    assert actions(pam)[2:] == ["ticket_win", "ticket_rollback", "ticket_lost"]


def test_a_ticket_is_discarded(sandbox, engine, pam) -> None:
    ticket = engine.reserved()

    sandbox.post("/superbet/discard", {"ticket": ticket["id"]})

    assert actions(pam)[-1] == "ticket_discard"
    assert engine.call("POST", f"/tickets/{ticket['id']}/paid")[1]["code"] == 117


def test_any_message_can_be_sent(sandbox, engine, pam) -> None:
    ticket = engine.reserved()

    sandbox.post("/superbet/message", {"ticket": ticket["id"], "action": "ticket_update"})

    assert actions(pam)[-1] == "ticket_update"


def test_what_was_said_is_kept_with_the_ticket(sandbox, engine, pam) -> None:
    ticket = engine.reserved()

    (kept,) = sandbox.get(f"/superbet/bets?ticket={ticket['code']}")["bets"]

    assert [json.loads(each["sent"])["action"] for each in kept["callbacks"]] == ["ticket_reserve"]


# --- faults -------------------------------------------------------------------------------------


def test_a_reservation_may_not_be_approved(sandbox, engine, pam) -> None:
    sandbox.order_fault("superbet", "reserve_not_approved")

    assert engine.reserved()["approved"] is False
    assert actions(pam) == ["identify"]


def test_a_payment_may_be_taken_and_its_answer_lost(sandbox, engine, pam) -> None:
    ticket = engine.reserved()
    sandbox.order_fault("superbet", "paid_lost")

    with pytest.raises(requests.ConnectionError):
        engine.call("POST", f"/tickets/{ticket['id']}/paid")

    assert engine.call("GET", f"/tickets/{ticket['id']}")[1]["status"] == "open"


@pytest.mark.parametrize("call", ["reserve", "create"])
def test_a_ticket_may_be_given_up_after_the_operator_took_it(sandbox, engine, pam, call) -> None:
    sandbox.order_fault("superbet", "discard", call=call)

    ticket = engine.call("POST", "/tickets/reserve" if call == "reserve" else "/tickets", ASKED)[1]

    pam.wait_for(3)
    assert actions(pam)[-1] == "ticket_discard"
    assert (ticket["approved"], ticket["status"]) == (False, "cancelled")


@pytest.mark.parametrize("call", ["reserve", "paid", "create", "ticket"])
def test_any_documented_code_can_be_ordered(sandbox, engine, pam, call) -> None:
    sandbox.order_fault("superbet", "reject", call=call, code="111")
    path = {"reserve": "/tickets/reserve", "paid": "/tickets/x/paid", "create": "/tickets"}

    method, body = ("GET", None) if call == "ticket" else ("POST", ASKED)
    status, answer = engine.call(method, path.get(call, "/tickets/x"), body)

    assert (status, answer["code"]) == (400, 111)


def settled(sandbox, engine, fault, **details):
    ticket = engine.sold()
    sandbox.order_outcome("100001", "101", "won")
    sandbox.order_fault("superbet", fault, **details)
    sandbox.settle_all()
    return ticket


def test_a_result_may_be_told_three_times(sandbox, engine, pam) -> None:
    settled(sandbox, engine, "duplicate_callback")

    pam.wait_for(5)
    assert actions(pam)[2:] == ["ticket_win"] * 3


def test_an_unknown_action_may_come_too(sandbox, engine, pam) -> None:
    settled(sandbox, engine, "unknown_action")

    pam.wait_for(4)
    assert sorted(actions(pam)[2:]) == ["ticket_update", "ticket_win"]


def test_a_message_may_be_signed_wrongly_and_then_rightly(sandbox, engine, pam) -> None:
    settled(sandbox, engine, "bad_signature")

    pam.wait_for(4)
    right = [
        call.headers["signature"] == signed(call.headers["timestamp"], call.text.encode())
        for call in pam.received[2:]
    ]
    assert sorted(right) == [False, True]


def test_a_result_may_be_withdrawn_later(sandbox, engine, pam) -> None:
    ticket = settled(sandbox, engine, "rollback_later", seconds="0.3")

    pam.wait_for(5)
    assert actions(pam)[2:] == ["ticket_win", "ticket_rollback", "ticket_lost"]
    assert engine.call("GET", f"/tickets/{ticket['id']}")[1]["result"] == "lost"


# --- orders and state ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "order", "field"),
    [
        ("/superbet/results", {"ticket": "none", "result": "won"}, "ticket"),
        ("/superbet/rollback", {"ticket": "none"}, "ticket"),
        ("/superbet/target", {"callback_base": "ftp://x"}, "callback_base"),
        ("/superbet/target", {"callback": "http://x"}, "callback"),
        ("/superbet/settings", {"ext": "-1"}, "ext"),
    ],
)
def test_a_wrong_order_is_refused_by_its_field(sandbox, path, order, field) -> None:
    with pytest.raises(requests.HTTPError) as refused:
        sandbox.post(path, order)

    assert refused.value.response.json()["field"] == field


def test_a_reservation_has_no_result(sandbox, engine, pam) -> None:
    ticket = engine.reserved()

    with pytest.raises(requests.HTTPError):
        sandbox.post("/superbet/results", {"ticket": ticket["id"], "result": "won"})


def test_taxes_are_set_for_the_tickets_that_follow(sandbox, engine, pam) -> None:
    sandbox.post("/superbet/settings", {"ext": "20", "wht": "0"})

    ticket = engine.reserved()

    assert (ticket["stake"], ticket["ext_amount"], ticket["wht"]) == (833, 167, 0)


def test_the_target_is_shown_without_its_secret(sandbox, pam) -> None:
    assert sandbox.get("/superbet/target")["target"] == {
        "operator": "site",
        "signing_secret": True,
        "callback_base": pam.url + "/pam",
    }
    dropped = sandbox.call("DELETE", "/superbet/target")["target"]
    assert dropped["callback_base"] == ""


def test_tickets_outlive_a_restart(tmp_path, recorder, http) -> None:
    state = {"match_seconds": 20, "seed": 5, "state_path": tmp_path / "s", "auto_settle": False}
    with running_sandbox(**state) as sandbox:
        target = {"callback_base": recorder.url, "signing_secret": SECRET}
        sandbox.call("PUT", "/superbet/target", target)
        recorder.answers += [PLAYER, YES]
        ticket = Engine(sandbox, http).sold()

    with running_sandbox(**state) as sandbox:
        shown = Engine(sandbox, http).call("GET", f"/tickets/{ticket['id']}")[1]
        sandbox.settle_all()
        recorder.wait_for(3)

    assert shown == ticket
    assert actions(recorder)[-1] in ("ticket_win", "ticket_lost", "ticket_void")
