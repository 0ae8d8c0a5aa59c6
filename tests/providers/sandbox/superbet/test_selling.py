"""Selling tickets on the superbet wire, by documents/superbet.txt, and what is refused."""

import time
from decimal import Decimal

import pytest

from providers.sandbox import wire
from tests.providers.samples import sample
from tests.providers.sandbox.superbet.conftest import (
    ASKED,
    NO,
    PLAYER,
    SECRET,
    YES,
    Engine,
    actions,
    sent,
    signed,
)

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


def test_the_documents_request_gets_the_documents_answer(sandbox, engine) -> None:
    """Nobody needs to be behind its token, so that it works without a webhook as well."""
    sandbox.call("PUT", "/superbet/target", {"signing_secret": SECRET})
    request = wire.loads(sample("superbet", "reserve", "request"))

    answer = engine.call("POST", "/tickets/reserve", request)

    assert answer == (200, wire.loads(sample("superbet", "reserve", "response")))


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
    ids=["wrong signature", "no signature", "no timestamp", "old timestamp"],
)
def test_a_request_that_is_not_signed_is_forbidden(sandbox, engine, pam, headers) -> None:
    assert engine.call("POST", "/tickets/reserve", ASKED, **headers)[0] == 403
    assert engine.call("GET", "/tickets", **headers)[0] == 403
    assert len(sandbox.client_errors()) == 2
