"""What becomes of a ticket with time, and what the operator is told of it."""

import json

import pytest

from providers.sandbox.server import running_sandbox
from tests.providers.sandbox.superbet.conftest import PLAYER, SECRET, YES, Engine, actions, sent


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
