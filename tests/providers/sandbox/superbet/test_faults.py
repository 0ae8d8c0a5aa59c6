"""What superbet's sandbox does wrong on order."""

import pytest
import requests

from tests.providers.sandbox.superbet.conftest import ASKED, actions, signed


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


@pytest.fixture(params=["settle_all", "results"])
def settled(sandbox, engine, request):
    """Sells a ticket and has it win under a fault, in either way of ordering that."""

    def settle(fault, **details):
        ticket = engine.sold()
        sandbox.order_outcome("100001", "101", "won")
        sandbox.order_fault("superbet", fault, **details)
        if request.param == "settle_all":
            sandbox.settle_all()
        else:
            sandbox.post("/superbet/results", {"ticket": ticket["id"], "result": "won"})
        return ticket

    return settle


def test_a_result_may_be_told_three_times(pam, settled) -> None:
    settled("duplicate_callback")

    pam.wait_for(5)
    assert actions(pam)[2:] == ["ticket_win"] * 3


def test_an_unknown_action_may_come_too(pam, settled) -> None:
    settled("unknown_action")

    pam.wait_for(4)
    assert sorted(actions(pam)[2:]) == ["ticket_update", "ticket_win"]


def test_a_message_may_be_signed_wrongly_and_then_rightly(pam, settled) -> None:
    settled("bad_signature")

    pam.wait_for(4)
    right = [
        call.headers["signature"] == signed(call.headers["timestamp"], call.text.encode())
        for call in pam.received[2:]
    ]
    assert sorted(right) == [False, True]


def test_a_result_may_be_withdrawn_later(engine, pam, settled) -> None:
    ticket = settled("rollback_later", seconds="0.3")

    pam.wait_for(5)
    assert actions(pam)[2:] == ["ticket_win", "ticket_rollback", "ticket_lost"]
    assert engine.call("GET", f"/tickets/{ticket['id']}")[1]["result"] == "lost"
