"""Paying for a reserved ticket over real HTTP: once, whatever becomes of it."""

import time

import pytest

from providers.contract import Accepted, NotSent, Rejected, Unknown
from providers.models import CallOutcome
from tests.factories.superbet import TICKET
from tests.providers.scripted import hang_up, reply, reset, unused_url
from tests.providers.superbet.asked import (
    CANCELLED,
    GET,
    OPEN,
    PAID,
    RESERVED,
    UNDECIDED,
    Kept,
    calls,
    error,
    limited,
    place,
)


def test_a_payment_is_never_sent_again(server, account):
    server.on(PAID, limited("0"), reply(OPEN))

    assert isinstance(place(account), Unknown)
    assert len(server.requests(PAID)) == 1


@pytest.mark.parametrize("step", [reset, hang_up, reply("<html>"), reply(RESERVED), reply({})])
def test_a_lost_payment_is_unknown_and_its_ticket_is_known(server, account, step):
    server.on(PAID, step)
    keep = Kept(server)

    assert isinstance(place(account, keep=keep), Unknown)
    assert keep.references == [TICKET]
    assert len(server.requests(PAID)) == 1
    assert calls()[-1] == ("paid", CallOutcome.UNKNOWN)


def test_without_the_time_for_it_no_payment_is_sent(server, account):
    def slow(reference: str) -> bool:
        time.sleep(1.8)
        return True

    placed = place(account, keep=slow, deadline_s=2.0)

    assert isinstance(placed, Rejected)
    assert placed.code == "provider_timeout"
    assert server.requests(PAID) == []


@pytest.mark.parametrize("code", [100, 102])
def test_a_ticket_that_is_gone_is_rejected(server, account, code):
    server.on(PAID, reply(error(code), status=400))

    placed = place(account)

    assert isinstance(placed, Rejected)
    assert (placed.code, placed.provider_code) == ("not_at_provider", str(code))


NOT_CLEAR = [
    {"code": 117, "message": "not reserved"},
    {"code": 104, "message": "something else"},
    {"message": "something went wrong"},
]


@pytest.mark.parametrize("no", NOT_CLEAR, ids=repr)
@pytest.mark.parametrize(
    ("ticket", "kind"),
    [
        (reply(OPEN), Accepted),
        (reply({**OPEN, "status": "closed"}), Accepted),
        (reply(CANCELLED), Rejected),
        (reply(RESERVED), Unknown),
        (reply({**OPEN, "id": "another"}), Unknown),
        (reply("<html>"), Unknown),
        (reply(error(102), status=400), Unknown),
        (reset, Unknown),
    ],
)
def test_a_ticket_that_is_not_reserved_any_more_is_asked_for(server, account, no, ticket, kind):
    server.on(PAID, reply(no, status=400))
    server.on(GET, ticket)

    assert isinstance(place(account), kind)
    assert len(server.requests(PAID)) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(401, "provider_access_denied"), (403, "provider_access_denied"),
                         (422, "wrong_bet_data")],
)  # fmt: skip
def test_a_status_that_says_no_by_itself_needs_no_code(server, account, status, code):
    server.on(PAID, reply({"message": "no"}, status=status))

    placed = place(account)

    assert isinstance(placed, Rejected)
    assert placed.code == code
    assert server.requests(GET) == []


def test_a_cancelled_ticket_is_rejected(server, account):
    server.on(PAID, reply(CANCELLED))

    assert isinstance(place(account), Rejected)


def test_the_answer_for_another_ticket_is_no_answer(server, account):
    server.on(PAID, reply({**OPEN, "id": "another"}))

    assert isinstance(place(account), Unknown)


def test_a_payment_that_is_not_sent_leaves_no_bet(server, account):
    def move_away(reference: str) -> bool:
        account.base_url = unused_url()
        return True

    assert isinstance(place(account, keep=move_away), NotSent)


@pytest.mark.parametrize("step", UNDECIDED)
def test_a_payment_that_timed_out_at_the_engine_or_met_another_is_unknown(server, account, step):
    server.on(PAID, step)

    assert isinstance(place(account), Unknown)
