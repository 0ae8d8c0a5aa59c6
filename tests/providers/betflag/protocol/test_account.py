"""Session, balance, commission and holder."""

from decimal import Decimal

import pytest

from providers import wire
from providers.betflag.protocol import account
from providers.betflag.protocol.reading import Notes
from providers.contract import Funds, WrongShape
from tests.providers.samples import sample


def message(case: str):
    return wire.loads(sample("betflag", case, "response"))


def test_the_balance_is_in_cents():
    notes = Notes()

    assert account.read_funds(message("balance"), notes, currency="EUR") == Funds(
        currency="EUR",
        balance=Decimal("424.73"),
        free=Decimal("424.73"),
        locked=Decimal(0),
        fun=Decimal("800.00"),
    )
    assert notes.fields == set()


@pytest.mark.parametrize("value", ["42473", " 42473 ", Decimal("42473.0")])
def test_an_amount_may_be_text(value):
    found = {**message("balance"), "Balance": value}

    assert account.read_funds(found, Notes(), currency="EUR").balance == Decimal("424.73")


def test_a_balance_may_be_below_zero():
    found = {**message("balance"), "FreeBalance": -1}

    assert account.read_funds(found, Notes(), currency="EUR").free == Decimal("-0.01")


@pytest.mark.parametrize("value", [None, "", "x", "424.73", True, [], 10**16])
def test_what_is_no_amount_in_cents_is_refused(value):
    with pytest.raises(WrongShape, match="Balance"):
        account.read_funds({**message("balance"), "Balance": value}, Notes(), currency="EUR")


@pytest.mark.parametrize(("unit", "percent"), [("0.01", "2.51"), ("0.1", "25.1"), ("1", "251")])
def test_the_commission_is_in_percent(unit, percent):
    commission = account.read_commission(message("commission"), Notes(), unit=Decimal(unit))

    assert commission == Decimal(percent)


def test_the_token_of_a_login_is_read():
    assert account.read_login(message("login"), Notes()).token == (
        "90205160-600c-4cf8-9803-62fc14eee768"
    )


@pytest.mark.parametrize("token", [None, "", " ", "a b", "a\r\nX: 1", "ü", True, "x" * 600])
def test_what_cannot_stand_in_a_header_is_no_token(token):
    with pytest.raises(WrongShape):
        account.read_login({"SessionToken": token}, Notes())


def test_every_field_of_the_document_is_known():
    notes = Notes()

    holder = account.read_holder(message("account_info"), notes)

    assert notes.fields == set()
    assert len(holder.facts) == 35
    assert ("Tax code", "string") in holder.facts


def test_the_secret_question_and_its_answer_are_left_out():
    holder = account.read_holder(message("account_info_person"), Notes())

    assert "il mio gatto" not in dict(holder.facts).values()


def test_a_holder_prints_nothing():
    assert "Mario" not in repr(account.read_holder(message("account_info_person"), Notes()))


def test_an_answer_about_nobody_is_refused():
    with pytest.raises(WrongShape):
        account.read_holder({"errore": "", "esito": 1024}, Notes())
