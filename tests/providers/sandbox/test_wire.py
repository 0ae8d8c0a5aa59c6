from decimal import Decimal

import pytest

from providers.sandbox import wire


@pytest.mark.parametrize("text", ["4.27", "11130", "2.50", "0.00000001", "12345678901234567890.12"])
def test_numbers_survive_digit_for_digit(text: str) -> None:
    assert wire.dumps(wire.loads(text)) == text


def test_fractions_are_read_as_decimal() -> None:
    value = wire.loads('{"odds": 4.27}')["odds"]
    assert isinstance(value, Decimal)
    assert value == Decimal("4.27")


def test_small_and_great_decimals_are_written_without_an_exponent() -> None:
    assert wire.dumps([Decimal("1E+3"), Decimal("1E-7")]) == "[1000, 0.0000001]"


def test_everything_json_knows_is_written() -> None:
    value = {"a": [True, None, 1, "é\n"], "b": {}}
    assert wire.loads(wire.dumps(value)) == value


@pytest.mark.parametrize("text", ["NaN", "Infinity", "{", ""])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        wire.loads(text)


def test_a_number_that_json_does_not_have_is_not_written() -> None:
    with pytest.raises(ValueError, match="NaN"):
        wire.dumps(Decimal("NaN"))
