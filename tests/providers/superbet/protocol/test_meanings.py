"""What superbet's answers mean."""

from dataclasses import replace
from decimal import Decimal

import pytest

from providers.contract import Incomplete, Settle, Verdict
from providers.superbet.protocol import meanings, tickets
from providers.superbet.protocol.errors import ErrorCode
from providers.superbet.protocol.tickets import Refusal, Ticket
from tests.factories.superbet import TICKET, make_ticket_slip
from tests.providers.samples import sample


def ticket(case: str) -> Ticket:
    body = sample("superbet", case, "response")
    found = tickets.read_ticket_answer(status=200, retry_after_s=None, body=body)
    assert isinstance(found, Ticket)
    return found


WIN = Settle(reference=TICKET, verdict=Verdict.WON, incomplete=True)

REFUSALS = {
    100: "not_at_provider",
    101: "provider_refused",
    102: "not_at_provider",
    103: "selection_not_found",
    105: "selection_not_found",
    106: "selection_not_found",
    107: "bet_blocked",
    111: "provider_refused",
    112: "provider_misconfigured",
    114: "provider_misconfigured",
    115: "provider_misconfigured",
    116: "bet_blocked",
    117: "provider_refused",
    104: "provider_refused",
}


@pytest.mark.parametrize(("code", "neutral"), REFUSALS.items())
def test_each_error_has_a_neutral_code_and_plain_words(code, neutral):
    refused = meanings.rejected(Refusal(status=400, code=code, message="as the engine says"))

    assert (refused.code, refused.provider_code) == (neutral, str(code))
    assert refused.message.endswith(" (as the engine says).")


def test_no_constant_is_without_a_meaning():
    assert set(ErrorCode) < REFUSALS.keys()


def test_access_denied():
    refused = meanings.rejected(Refusal(status=403, code=None))

    assert (refused.code, refused.provider_code) == ("provider_access_denied", "403")


def test_a_failed_validation_names_our_fields():
    refused = meanings.rejected(
        Refusal(status=422, code=None, fields=("bets.0", "price", "event", "token"))
    )

    assert refused.code == "wrong_bet_data"
    assert refused.fields == ("items[0].selection", "stake", "options.event", "token")
    assert "bets.0, price" in refused.message


def test_only_codes_without_a_meaning_are_new():
    assert meanings.unknown_codes(Refusal(status=400, code=104)) == ("code=104",)
    assert meanings.unknown_codes(Refusal(status=400, code=103)) == ()
    assert meanings.unknown_codes(Refusal(status=422, code=None)) == ()


def test_an_open_ticket_is_accepted_with_its_taxes():
    placed = meanings.accepted(ticket("paid"))

    assert (placed.reference, placed.provider_code) == (TICKET, "DEC4C0")
    assert (placed.stake_at_risk, placed.excise) == (Decimal("8.89"), Decimal("1.11"))
    assert placed.notes == ()


def test_what_the_payment_leaves_out_is_taken_from_the_reservation():
    placed = meanings.accepted(Ticket(id=TICKET, status="open"), reserved=ticket("reserve"))

    assert (placed.stake_at_risk, placed.excise) == (Decimal("8.89"), Decimal("1.11"))
    assert placed.provider_code == "DEC4C0"


def test_amounts_that_do_not_add_up_are_noted():
    placed = meanings.accepted(replace(ticket("paid"), stake=Decimal(9)))
    silent = meanings.accepted(Ticket(id=TICKET, status="open"))

    assert "do not make up the price" in placed.notes[0]
    assert "did not say" in silent.notes[0]


def test_a_new_value_is_noted():
    placed = meanings.accepted(replace(ticket("paid"), unknown_values=("ext_type=other",)))

    assert "ext_type=other" in placed.notes[0]


def test_a_ticket_of_another_price_or_currency_differs():
    ours = ticket("reserve")

    assert meanings.differs(ours, make_ticket_slip()) == ""
    assert "10" in meanings.differs(ours, make_ticket_slip(stake=Decimal(20)))
    assert "USD" in meanings.differs(ours, make_ticket_slip(currency="KES"))


@pytest.mark.parametrize(
    ("case", "verdict", "payout", "withholding"),
    [
        ("ticket_won", Verdict.WON, Decimal("20.90"), Decimal("1.33")),
        ("ticket_lost", Verdict.LOST, Decimal(0), None),
        ("ticket_void", Verdict.REFUNDED, Decimal(10), None),
    ],
)
def test_a_result_gets_the_amounts_of_its_ticket(case, verdict, payout, withholding):
    whole = meanings.completed(WIN, ticket(case))

    assert (whole.verdict, whole.payout, whole.withholding) == (verdict, payout, withholding)
    assert whole.currency == "USD"
    assert not whole.incomplete


@pytest.mark.parametrize(
    "change",
    [
        {"status": "calculating"},
        {"status": "open"},
        {"status": ""},
        {"result": "pending"},
        {"result": "halfwon"},
        {"result": ""},
        {"net_payout": None},
        {"net_payout": Decimal(0)},
        {"id": "another"},
    ],
    ids=repr,
)
def test_a_ticket_that_is_not_clear_completes_nothing(change):
    with pytest.raises(Incomplete):
        meanings.completed(WIN, replace(ticket("ticket_won"), **change))
