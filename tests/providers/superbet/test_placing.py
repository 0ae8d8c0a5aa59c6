"""Placing tickets over real HTTP: reserve, keep, pay."""

import json
import re
import time
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain

import pytest

from providers import health, services
from providers.contract import Accepted, NotSent, Rejected, Unknown
from providers.health import State
from providers.models import CallOutcome, ProviderAccount, ProviderCall
from tests.factories.providers import make_account
from tests.factories.superbet import SECRET, TICKET, make_ticket_slip, sign
from tests.providers.samples import sample
from tests.providers.scripted import drip, hang_up, reply, reset, unused_url
from tests.providers.superbet.asked import (
    CREATE,
    OPEN,
    PAID,
    RESERVE,
    RESERVED,
    Kept,
    calls,
    error,
    limited,
    place,
)

# --- reserve, keep, pay -------------------------------------------------------------------------


def test_a_ticket_is_reserved_kept_and_paid(server, account):
    keep = Kept(server)

    placed = place(account, keep=keep)

    assert placed == Accepted(
        reference=TICKET,
        provider_code="DEC4C0",
        stake_at_risk=Decimal("8.89"),
        excise=Decimal("1.11"),
    )
    assert keep.references == [TICKET]
    assert keep.sent_before == [RESERVE], "its id is kept before it is paid"
    assert calls() == [("reserve", CallOutcome.OK), ("paid", CallOutcome.ACCEPTED)]


def test_a_signature_that_is_refused_is_known_to_staff_until_one_is_accepted(server, account):
    for step, state in (
        (reply({"code": 106, "message": "unauthorized"}, status=401), State.CREDENTIALS_REFUSED),
        (reply("", status=502), State.CREDENTIALS_REFUSED),
        (reply(RESERVED), State.HEALTHY),
    ):
        server.on(RESERVE, step)
        place(account)
        assert health.of(account_id=account.id, now=datetime.now(UTC)).state is state


def test_what_is_signed_is_what_is_sent(server, account):
    place(account, options={"event": 100001, "atag": "a tag of üs"})

    for sent in server.received:
        moment = datetime.fromtimestamp(int(sent.headers["timestamp"]), UTC)
        assert abs(moment.timestamp() - time.time()) < 60
        assert sent.headers["operator-name"] == "site"
        assert sent.headers["signature"] == sign(sent.body, at=moment)["signature"]
    (reserve,) = server.requests(RESERVE)
    assert b" " not in reserve.body.replace(b"a tag of ", b"")
    (paid,) = server.requests(PAID)
    assert (paid.method, paid.body) == ("POST", b"")


def test_the_documents_request_is_sent(server, account):
    place(
        account,
        *("101", "102", "103", "104", "105", "106"),
        stake=Decimal("20.00"),
        currency="KES",
        options={"event": 100001, "source": "mobile", "atag": "affiliate-1"},
    )

    (sent,) = server.requests(RESERVE)
    assert sent.json() == json.loads(sample("superbet", "reserve", "request"))
    assert list(sent.json()) == list(json.loads(sample("superbet", "reserve", "request")))


def test_the_account_may_say_how_players_bet_and_which_fields_are_sent(server, account):
    services.save_account(code=account.code, settings={"source": "ussd", "field_set": "psp_rtag"})
    account.refresh_from_db()

    place(account)

    (sent,) = server.requests(RESERVE)
    assert list(sent.json())[2:4] == ["psp", "price"]
    assert sent.json()["source"] == "ussd"


def test_a_coupon_that_waits_no_more_is_not_paid(server, account):
    keep = Kept(server, answer=False)

    placed = place(account, keep=keep)

    assert isinstance(placed, Rejected)
    assert placed.code == "coupon_closed"
    assert server.requests(PAID) == []


def test_a_crash_between_reservation_and_payment_pays_nothing(server, account):
    def die(reference: str) -> bool:
        raise OSError("the database went away")

    assert isinstance(place(account, keep=die), Unknown)
    assert server.requests(PAID) == []


@pytest.mark.parametrize(
    "change",
    [
        {"approved": False},
        {"approved": None},
        {"approved": False, "status": "cancelled"},
        {"status": "cancelled"},
    ],
    ids=repr,
)
def test_what_is_not_approved_is_rejected(server, account, change):
    server.on(RESERVE, reply({**RESERVED, **change}))

    placed = place(account)

    assert (placed.code, placed.provider_code) == ("provider_refused", "not_approved")
    assert not re.search(r"True|False|None", placed.message)
    assert server.requests(PAID) == []


@pytest.mark.parametrize(
    "change", [{"price": 2000}, {"currency": "KES"}, {"user_id": "somebody"}], ids=repr
)
def test_a_ticket_that_is_not_the_one_asked_for_is_not_paid(server, account, change):
    server.on(RESERVE, reply({**RESERVED, **change}))
    keep = Kept(server)

    placed = place(account, keep=keep)

    assert isinstance(placed, Rejected)
    assert keep.references == []
    assert server.requests(PAID) == []


@pytest.mark.parametrize("status", ["frozen", "new", "", None])
def test_a_reservation_in_no_known_state_is_kept_and_not_paid(server, account, status):
    server.on(RESERVE, reply({**RESERVED, "status": status}))
    keep = Kept(server)

    assert isinstance(place(account, keep=keep), Unknown)
    assert keep.references == [TICKET]
    assert server.requests(PAID) == []


@pytest.mark.parametrize("waits", [True, False])
def test_a_ticket_that_is_open_already_is_not_paid_again(server, account, waits):
    """It is a bet, whatever the coupon has become: who books the answer has to know."""
    server.on(RESERVE, reply(OPEN))

    assert isinstance(place(account, keep=Kept(server, answer=waits)), Accepted)
    assert server.requests(PAID) == []


@pytest.mark.parametrize(
    ("code", "neutral"),
    [
        (101, "provider_refused"),
        (103, "selection_not_found"),
        (105, "selection_not_found"),
        (106, "selection_not_found"),
        (107, "bet_blocked"),
        (111, "provider_refused"),
        (112, "provider_misconfigured"),
        (114, "provider_misconfigured"),
        (115, "provider_misconfigured"),
        (116, "bet_blocked"),
    ],
)
@pytest.mark.parametrize("placement", ["reserve", "create"])
def test_documented_errors_reject_the_bet(server, account, code, neutral, placement):
    services.save_account(code=account.code, settings={"placement": placement})
    account.refresh_from_db()
    for path in (RESERVE, CREATE):
        server.on(path, reply(error(code), status=400))

    placed = place(account)

    assert isinstance(placed, Rejected)
    assert (placed.code, placed.provider_code) == (neutral, str(code))
    assert calls() == [(placement, CallOutcome.REJECTED)]


def test_a_new_error_code_is_a_refusal_too(server, account):
    server.on(RESERVE, reply({"code": 104, "message": "Something else"}, status=400))

    placed = place(account)

    assert (placed.code, placed.provider_code) == ("provider_refused", "104")


def test_a_failed_validation_names_the_fields(server, account):
    server.on(RESERVE, reply(sample("superbet", "validation_error", "response"), status=422))

    placed = place(account)

    assert placed.fields == ("items[0].selection", "stake")


def test_no_access_is_a_fault_of_the_account(server, account):
    server.on(RESERVE, reply(sample("superbet", "forbidden", "response"), status=403))

    assert place(account).code == "provider_access_denied"


# --- the reservation is lost --------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [
        reset,
        hang_up,
        reply("<html>", status=502),
        reply(RESERVED, status=500),
        reply("<html>"),
        reply({}),
        reply({"id": ""}),
        reply({"code": 1.5}, status=400),
    ],
)
def test_a_lost_reservation_is_never_paid_and_rejected(server, account, step):
    server.on(RESERVE, step)
    server.on("/be/tickets?limit=10&user_id=token_i", reply(sample("superbet", "tickets")))
    keep = Kept(server)

    placed = place(account, keep=keep)

    assert isinstance(placed, Rejected)
    assert placed.code == "provider_no_clear_answer"
    assert keep.references == []
    assert [sent.path for sent in server.received] == [
        RESERVE,
        "/be/tickets?limit=10&user_id=token_i",
    ]
    assert calls() == [("reserve", CallOutcome.UNKNOWN), ("tickets", CallOutcome.OK)]


def test_a_reservation_that_drips_leaves_time_for_the_record(server, account):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"
    server.on(RESERVE, drip(head + b" " * 4000, every_s=0.02))
    server.on("/be/tickets?limit=10&user_id=token_i", reply(sample("superbet", "tickets")))
    started = time.monotonic()

    placed = place(account, deadline_s=1.5)

    assert placed.code == "provider_no_clear_answer"
    assert time.monotonic() - started < 10
    assert calls()[-1] == ("tickets", CallOutcome.OK)


def test_the_record_may_fail_too(server, account):
    server.on(RESERVE, reset)
    server.on("/be/tickets?limit=10&user_id=token_i", reset)

    placed = place(account)
    assert placed.code == "provider_no_clear_answer"
    assert placed.message == (
        "The reservation had no clear answer: the connection was reset. Nothing was paid."
    )


def test_nobody_listening_is_not_sent(account):
    ProviderAccount.objects.filter(pk=account.pk).update(base_url=unused_url())
    account.refresh_from_db()

    placed = place(account)

    assert isinstance(placed, NotSent)
    assert placed.code == "provider_unreachable"


def test_a_pause_that_fits_is_waited_for(server, account):
    server.on(RESERVE, limited("1"), reply(RESERVED))
    started = time.monotonic()

    assert isinstance(place(account), Accepted)
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize("retry_after", ["60", "", "soon"])
def test_any_other_pause_leaves_the_bet_unsent(server, account, retry_after):
    server.on(RESERVE, limited(retry_after))

    placed = place(account)

    assert isinstance(placed, NotSent)
    assert placed.code == "rate_limited"
    assert len(server.requests(RESERVE)) == 1


def test_the_second_429_is_the_last(server, account):
    server.on(RESERVE, limited("0"))

    assert place(account).code == "rate_limited"
    assert len(server.requests(RESERVE)) == 2


# --- what is kept of it -------------------------------------------------------------------------


def test_neither_secret_nor_token_is_in_the_log(server, account):
    server.on(PAID, reply({**OPEN, "echo": SECRET}))
    slip = make_ticket_slip()
    services.place(account=account, keep=bool, slip=slip, deadline_s=5)

    kept = "".join(
        chain.from_iterable(ProviderCall.objects.values_list("url", "request", "response"))
    )
    assert kept
    assert SECRET not in kept
    assert slip.player_token not in kept


def test_an_account_needs_operator_and_secret(db):
    for settings, secrets in (({}, {"signing_secret": "s"}), ({"operator": "site"}, {})):
        with pytest.raises(services.InvalidAccount):
            make_account("superbet", settings=settings, secrets=secrets)
