from decimal import Decimal

import pytest

from wallets.currencies import MAX_AMOUNT, check_amount, exponent, format_amount, is_known
from wallets.errors import ExcessDecimals, InvalidAmount, UnknownCurrency


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("EUR", 2), ("JPY", 0), ("KWD", 3), ("IQD", 3), ("RSD", 2), ("CLP", 0), ("TND", 3)],
)
def test_decimals_are_those_of_iso_4217(currency: str, decimals: int):
    assert exponent(currency) == decimals


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XXX", "XAU", "DEM", "BTC"])
def test_what_is_no_currency_in_use_is_unknown(currency: str):
    assert not is_known(currency)
    with pytest.raises(UnknownCurrency) as error:
        exponent(currency)
    assert error.value.currency == currency


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("-12.5", "EUR", "-12.50"),
        ("1200.0000", "JPY", "1200"),
        ("1.2E+3", "JPY", "1200"),
        ("0.125", "KWD", "0.125"),
        ("-0", "EUR", "0.00"),
        ("9999999999999999.99", "EUR", "9999999999999999.99"),
        ("123456789012345678901234567890.12", "EUR", "123456789012345678901234567890.12"),
    ],
)
def test_an_amount_is_written_in_plain_digits(amount: str, currency: str, shown: str):
    assert format_amount(Decimal(amount), currency) == shown


def test_nothing_is_rounded():
    with pytest.raises(ExcessDecimals):
        format_amount(Decimal("0.005"), "EUR")


@pytest.mark.parametrize("amount", ["0.01", "1.5000", "9999999999999999.99"])
def test_a_good_amount_is_returned_as_it_is(amount: str):
    assert str(check_amount(Decimal(amount), "EUR")) == amount


@pytest.mark.parametrize("amount", ["0", "-0.01", "NaN", "Infinity", "-Infinity", "1E+16"])
def test_a_bad_amount_is_invalid(amount: str):
    with pytest.raises(InvalidAmount):
        check_amount(Decimal(amount), "EUR")


def test_an_amount_of_too_many_decimals_is_refused():
    with pytest.raises(ExcessDecimals):
        check_amount(MAX_AMOUNT, "EUR")


def test_an_int_is_no_amount():
    with pytest.raises(InvalidAmount):
        check_amount(1, "EUR")  # type: ignore[arg-type]
