"""superbet's tickets on the wire, without a network."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from providers import wire
from providers.contract import Leg, Selection
from providers.superbet.protocol import tickets
from providers.superbet.protocol.tickets import Limited, Refusal, Unreadable
from tests.factories.providers import make_slip
from tests.factories.superbet import TICKET, make_ticket_slip
from tests.providers.samples import sample

COUPON = UUID(int=5)
RESERVED = json.loads(sample("superbet", "reserve", "response"))


def body(slip=None, *, field_set="document"):
    return tickets.ticket_body(
        slip or make_ticket_slip(), operator="site", source="desktop", field_set=field_set
    )


def read(answer, *, status=200, retry_after_s=None):
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return tickets.read_ticket_answer(status=status, retry_after_s=retry_after_s, body=content)


def test_the_body_is_the_documents_byte_for_byte():
    slip = make_ticket_slip(
        *("101", "102", "103", "104", "105", "106"),
        stake=Decimal("20.00"),
        currency="KES",
        options={"event": 100001, "source": "mobile", "atag": "affiliate-1"},
    )
    document = json.loads(sample("superbet", "reserve", "request"))

    assert wire.dumps(body(slip)) == json.dumps(document, separators=(",", ":")).encode()


def test_what_is_not_given_goes_as_null_or_as_the_accounts_own():
    sent = body()

    assert (sent["atag"], sent["source"]) == (None, "desktop")
    assert b'"atag":null' in wire.dumps(sent)


@pytest.mark.parametrize(
    ("options", "is_marked", "atag"),
    [
        ({"event": 1}, True, str(COUPON)),
        ({"event": 1, "atag": "affiliate-1"}, True, "affiliate-1"),
        ({"event": 1}, False, None),
    ],
)
def test_a_marked_ticket_without_a_tag_carries_the_id_of_our_coupon(options, is_marked, atag):
    slip = make_ticket_slip(coupon_id=COUPON, options=options)

    sent = tickets.ticket_body(
        slip, operator="site", source="desktop", field_set="document", is_marked=is_marked
    )

    assert sent["atag"] == atag


def test_the_newer_order_has_psp_before_price_and_rtag_after_atag():
    assert list(body(field_set="psp_rtag")) == [
        *("operator", "token", "psp", "price", "currency", "atag", "rtag", "source", "type"),
        *("event", "bets"),
    ]


@pytest.mark.parametrize(
    ("slip", "word"),
    [
        (make_ticket_slip(stake=Decimal("1.005")), "hundredths"),
        (make_ticket_slip("101", "1.5"), "selection 1"),
        (make_ticket_slip("x"), "selection 0"),
        (make_ticket_slip("-1"), "selection 0"),
        (make_ticket_slip("9" * 30), "selection 0"),
        (make_ticket_slip("٣"), "selection 0"),
        (make_ticket_slip(options={}), "options.event"),
        (
            make_slip(
                Selection(
                    event_id="",
                    selection="101",
                    odds=None,
                    is_live=False,
                    legs=(Leg(selection="1", odds=Decimal(2)),),
                ),
                options={"event": 1},
            ),
            "selection 0",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_form_on_this_wire_is_refused(slip, word):
    refused = tickets.check_slip(slip)

    assert refused.code == "wrong_bet_data"
    assert word in refused.message


def test_every_other_slip_can_be_sent():
    assert tickets.check_slip(make_ticket_slip("101", "102")) is None


def test_the_documents_ticket_is_read():
    ticket = read(sample("superbet", "reserve", "response"))

    assert (ticket.id, ticket.code, ticket.user_id) == (TICKET, "DEC4C0", "token_i")
    assert (ticket.price, ticket.stake, ticket.ext_amount) == (
        Decimal("10.00"),
        Decimal("8.89"),
        Decimal("1.11"),
    )
    assert (ticket.gross_payout, ticket.net_payout, ticket.wht_amount) == (0, 0, 0)
    assert (ticket.status, ticket.result, ticket.approved) == ("reserved", "pending", True)
    assert ticket.created == datetime(2024, 7, 11, 18, 40, 52, 995000, tzinfo=UTC)
    assert ticket.unknown_fields == ticket.unknown_values == ()
    assert ticket.is_waiting
    assert not ticket.is_open


def test_numbers_may_be_text():
    drifted = {**RESERVED, "price": "1000", "stake": "889.0", "ext": "12.5", "approved": "true"}

    assert read(drifted) == read(RESERVED)


@pytest.mark.parametrize("status", ["open", "calculating", "resulted", "closed", "OPEN"])
def test_a_ticket_is_open_from_its_payment_on(status):
    assert read({**RESERVED, "status": status}).is_open


def test_new_fields_and_values_are_named():
    ticket = read({**RESERVED, "status": "frozen", "ext_type": "exclusive", "bonus": {"a": 1}})

    assert ticket.unknown_values == ("status=frozen", "ext_type=exclusive")
    assert ticket.unknown_fields == ("bonus",)
    assert not ticket.is_open
    assert not ticket.is_waiting


@pytest.mark.parametrize("value", [-1, "x", 1.5, True, None, [], 10**30])
def test_an_amount_that_is_none_is_left_out(value):
    assert read({**RESERVED, "price": value}).price is None


@pytest.mark.parametrize("value", ["soon", None, 7, "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_none_is_left_out(value):
    assert read({**RESERVED, "created": value}).created is None


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"null", b"[]", b"{}", {"id": ""}, {"id": None}, {"id": "x" * 101}],
    ids=repr,
)
def test_a_yes_without_a_ticket_is_unreadable(answer):
    assert isinstance(read(answer), Unreadable)


@pytest.mark.parametrize("code", [100, 101, 102, 103, 105, 106, 107, 111, 112, 114, 115, 116, 117])
def test_documented_errors_are_refusals(code):
    refused = read(sample("superbet", f"error_{code}", "response"), status=400)

    assert isinstance(refused, Refusal)
    assert refused.code == code
    assert refused.message


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (400, b"<html>"),
        (400, b"{}"),
        (404, {"detail": "Not Found"}),
        (500, {"code": 103, "message": "x"}),
        (302, RESERVED),
        (502, b""),
    ],
)
def test_what_says_neither_yes_nor_no_is_unreadable(status, answer):
    assert isinstance(read(answer, status=status), Unreadable)


def test_403_is_a_refusal_whatever_its_body():
    assert read(b"<html>", status=403) == Refusal(status=403, code=None)


def test_422_names_fields():
    refused = read(sample("superbet", "validation_error", "response"), status=422)

    assert refused.fields == ("bets.0", "price")


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", {"detail": "no"}, {"detail": [None, {"loc": 3}, {"loc": [None]}]}]
)
def test_422_may_name_none(answer):
    assert read(answer, status=422) == Refusal(status=422, code=None)


@pytest.mark.parametrize("seconds", [7.0, None])
def test_429_says_how_long_to_wait(seconds):
    assert read(b"", status=429, retry_after_s=seconds) == Limited(retry_after_s=seconds)


def test_a_list_is_read():
    found = tickets.read_list_answer(
        status=200, retry_after_s=None, body=sample("superbet", "tickets", "response")
    )

    assert [ticket.code for ticket in found] == ["DEC4C0", "DEC4C1"]


@pytest.mark.parametrize("answer", [b"", b"{}", b"[1]", b'[{"code": "x"}]'])
def test_a_list_with_anything_else_in_it_is_unreadable(answer):
    found = tickets.read_list_answer(status=200, retry_after_s=None, body=answer)

    assert isinstance(found, Unreadable)


def test_an_empty_list_is_a_list():
    assert tickets.read_list_answer(status=200, retry_after_s=None, body=b"[]") == ()


def test_addresses_keep_what_is_in_them_apart():
    assert tickets.paid_path("a/../b?c") == "/be/tickets/a%2F..%2Fb%3Fc/paid"
    assert tickets.list_path(limit=3, user_id="a&b", skip_types=("jackpot", "x")) == (
        "/be/tickets?limit=3&user_id=a%26b&skip_types=jackpot%2Cx"
    )
