"""What the ledger knows of currencies: which exist, and how many decimals each has (ISO 4217)."""

from decimal import Context, Decimal
from functools import cache

from babel.core import get_global
from babel.numbers import get_currency_precision

from wallets.errors import ExcessDecimals, InvalidAmount, UnknownCurrency

# CLDR, where babel takes its data from, gives the decimals seen in shops. These are the
# currencies for which ISO 4217 says otherwise; a book of account follows ISO.
_ISO_EXPONENTS = {
    "AFN": 2, "ALL": 2, "IQD": 3, "IRR": 2, "KPW": 2, "LAK": 2, "LBP": 2,
    "MGA": 2, "MMK": 2, "RSD": 2, "SOS": 2, "SYP": 2, "YER": 2,
}  # fmt: skip

# Wide enough for the sum of all the accounts there can be; the default has 28 digits.
_EXACT = Context(prec=60)

# The database keeps amounts and balances as NUMERIC(20,4).
MAX_AMOUNT = Decimal("9999999999999999.9999")


@cache
def _in_use() -> frozenset[str]:
    """The currencies that are legal tender somewhere today."""
    territories = get_global("territory_currencies").values()
    return frozenset(
        code for rows in territories for code, _, end, tender in rows if tender and end is None
    )


def is_known(currency: str) -> bool:
    """True for the code of a currency that the ledger can keep."""
    return currency in _in_use()


@cache
def exponent(currency: str) -> int:
    """How many decimals the currency has: JPY 0, EUR 2, KWD 3.

    Raises UnknownCurrency.
    """
    if not is_known(currency):
        raise UnknownCurrency(currency=currency)
    return _ISO_EXPONENTS.get(currency, get_currency_precision(currency))


def check_amount(amount: Decimal, currency: str) -> Decimal:
    """Return the amount, in major units, if it is positive and the currency can express it.

    Raises UnknownCurrency, InvalidAmount (not a finite positive Decimal, or too large) and
    ExcessDecimals. Nothing is rounded.
    """
    exponent(currency)
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise InvalidAmount
    if not Decimal(0) < amount <= MAX_AMOUNT:
        raise InvalidAmount
    to_decimals(amount, currency)
    return amount


def to_decimals(amount: Decimal, currency: str) -> Decimal:
    """The same amount, written with the currency's decimals.

    Raises UnknownCurrency, and ExcessDecimals rather than round.
    """
    shown = amount.quantize(Decimal(1).scaleb(-exponent(currency)), context=_EXACT)
    if shown != amount:
        raise ExcessDecimals
    return shown


def format_amount(amount: Decimal, currency: str) -> str:
    """The amount in plain digits with the currency's decimals: `-12.50`, `1200`, `0.125`.

    Raises UnknownCurrency, and ExcessDecimals rather than round.
    """
    shown = to_decimals(amount, currency)
    return f"{shown if shown else abs(shown):f}"


def format_stated(amount: Decimal, currency: str) -> str:
    """The same of an amount that others state, which may have more decimals: never fails."""
    try:
        return format_amount(amount, currency)
    except ExcessDecimals:
        return f"{amount.normalize():f}"
