"""The arithmetic of singles, expresses and systems. Pure: numbers in, numbers out.

A system K of N is every express of K out of the N items, with the stake divided evenly over
them. Single and express are the system N of N. Amounts are rounded once, at the end, half up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from math import comb

MAX_ITEMS = 30
_HALF = Decimal("0.5")
_ONE = Decimal(1)


class NoSuchSystem(ValueError):
    """K of N is not a system that can be played."""


@dataclass(frozen=True, slots=True)
class Leg:
    """An item as graded: accepted odds and `won`, `lost`, `refunded`, `half_won`, `half_lost`."""

    odds: Decimal
    result: str


def combinations(*, items: int, system_size: int | None) -> int:
    """How many expresses a coupon consists of."""
    size = items if system_size is None else system_size
    if not 1 <= size <= items:
        raise NoSuchSystem(f"{size} of {items} is not a system")
    return comb(items, size)


def total_odds(*, odds: Sequence[Decimal], system_size: int | None) -> Decimal:
    """What one unit of stake pays if every item wins, six decimals."""
    return _paid(_ONE, list(odds), system_size, 6)


def potential_payout(
    *, stake: Decimal, odds: Sequence[Decimal], system_size: int | None, decimals: int
) -> Decimal:
    """What the coupon pays if every item wins, in the currency of `stake`."""
    return _paid(stake, list(odds), system_size, decimals)


def payout(
    *, stake: Decimal, legs: Sequence[Leg], system_size: int | None, decimals: int
) -> Decimal:
    """What the graded coupon pays, in the currency of `stake`."""
    return _paid(stake, [_factor(leg) for leg in legs], system_size, decimals)


def _factor(leg: Leg) -> Decimal:
    """What the leg multiplies its combination by: a refunded one counts at odds 1."""
    factors = {
        "won": leg.odds,
        "lost": Decimal(0),
        "refunded": _ONE,
        "half_won": (leg.odds + _ONE) * _HALF,
        "half_lost": _HALF,
    }
    return factors[leg.result]


def _paid(
    stake: Decimal, factors: list[Decimal], system_size: int | None, decimals: int
) -> Decimal:
    """The stake's part of each combination times its product, added up and rounded.

    Divided last: a seventh has no end, and what is half a cent exactly must stay so.
    """
    count = combinations(items=len(factors), system_size=system_size)
    size = len(factors) if system_size is None else system_size
    with localcontext(prec=200):
        exact = stake * _sum_of_products(factors, size) / count
        return exact.quantize(_ONE.scaleb(-decimals), rounding=ROUND_HALF_UP)


def _sum_of_products(factors: list[Decimal], size: int) -> Decimal:
    """The sum of the products of all combinations of `size` factors.

    That is an elementary symmetric polynomial, built one item at a time, so a system of 15
    out of 30 takes 450 multiplications and not 155 million.
    """
    sums = [_ONE] + [Decimal(0)] * size
    for factor in factors:
        for k in range(size, 0, -1):
            sums[k] += sums[k - 1] * factor
    return sums[size]
