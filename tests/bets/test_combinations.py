from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import combinations as choose
from math import comb, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bets import combinations
from bets.combinations import Leg, NoSuchSystem

ODDS = st.decimals("1.01", "50", places=2)
RESULTS = st.sampled_from(["won", "lost", "refunded", "half_won", "half_lost"])
STAKES = st.decimals("0.01", "10000", places=2)


def factor(leg: Leg) -> Fraction:
    odds = Fraction(leg.odds)
    return {
        "won": odds,
        "lost": Fraction(0),
        "refunded": Fraction(1),
        "half_won": (odds + 1) / 2,
        "half_lost": Fraction(1, 2),
    }[leg.result]


def brute_force(stake: Decimal, legs: list[Leg], size: int) -> Decimal:
    """Write every combination out and add up what it pays."""
    every = list(choose([factor(leg) for leg in legs], size))
    exact = Fraction(stake) / len(every) * sum(prod(combination) for combination in every)
    cents = exact * 100
    whole, rest = divmod(cents.numerator, cents.denominator)
    whole += 1 if 2 * rest >= cents.denominator else 0
    return Decimal(whole).scaleb(-2)


@given(
    stake=STAKES,
    legs=st.lists(st.builds(Leg, ODDS, RESULTS), min_size=1, max_size=7),
    data=st.data(),
)
def test_the_payout_is_that_of_every_combination_written_out(stake, legs, data):
    size = data.draw(st.integers(1, len(legs)))
    paid = combinations.payout(stake=stake, legs=legs, system_size=size, decimals=2)
    assert paid == brute_force(stake, legs, size)


@given(stake=STAKES, odds=st.lists(ODDS, min_size=1, max_size=7), data=st.data())
def test_the_potential_payout_is_that_of_all_items_won(stake, odds, data):
    size = data.draw(st.integers(1, len(odds)))
    paid = combinations.potential_payout(stake=stake, odds=odds, system_size=size, decimals=2)
    assert paid == brute_force(stake, [Leg(o, "won") for o in odds], size)


def test_half_a_cent_is_rounded_up_where_the_stake_is_divided_by_seven():
    odds = ["1.01", "1.01", "1.01", "1.01", "38.76", "50.00"]
    legs = [Leg(Decimal(o), "won") for o in odds] + [Leg(Decimal("1.01"), "half_lost")]
    paid = combinations.payout(stake=Decimal("177.45"), legs=legs, system_size=1, decimals=2)
    assert paid == Decimal("2365.16") == brute_force(Decimal("177.45"), legs, 1)


def test_an_express_multiplies_and_a_void_leg_counts_at_one():
    legs = [Leg(Decimal("2.00"), "won"), Leg(Decimal("3.10"), "refunded")]
    paid = combinations.payout(stake=Decimal("10.00"), legs=legs, system_size=None, decimals=2)
    assert paid == Decimal("20.00")


def test_a_system_2_of_3_with_one_lost_pays_the_one_combination_that_won():
    legs = [
        Leg(Decimal("2.00"), "won"),
        Leg(Decimal("1.50"), "won"),
        Leg(Decimal("4.00"), "lost"),
    ]
    paid = combinations.payout(stake=Decimal("30.00"), legs=legs, system_size=2, decimals=2)
    assert paid == Decimal("30.00")


def test_the_largest_system_is_counted_without_writing_it_out():
    assert combinations.combinations(items=30, system_size=15) == comb(30, 15)
    odds = [Decimal("1.01")] * 30
    paid = combinations.potential_payout(
        stake=Decimal("100.00"), odds=odds, system_size=15, decimals=2
    )
    exact = Decimal(100) * Decimal("1.01") ** 15
    assert paid == exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@pytest.mark.parametrize(("items", "size"), [(3, 4), (3, 0), (0, None), (2, -1)])
def test_what_cannot_be_played_is_refused(items, size):
    with pytest.raises(NoSuchSystem):
        combinations.combinations(items=items, system_size=size)


def test_a_currency_without_decimals_is_paid_in_whole_units():
    paid = combinations.potential_payout(
        stake=Decimal("1000"), odds=[Decimal("1.2345")], system_size=None, decimals=0
    )
    assert paid == Decimal("1235")


def test_extreme_odds_are_counted_not_choked_on():
    odds = [Decimal(1_000_000)] * 30
    assert combinations.total_odds(odds=odds, system_size=None) == Decimal(10) ** 180
