"""Ladders of odds."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.betflag.protocol import ticks

LADDER = "1.01-2:0.01, 2-3:0.02,3-4:0.05"


@pytest.mark.parametrize(
    ("odds", "code"),
    [
        ("1.01", None),
        ("1.37", None),
        ("2", None),
        ("2.00", None),
        ("2.01", "odds_off_ticks"),
        ("2.02", None),
        ("3", None),
        ("3.02", "odds_off_ticks"),
        ("3.05", None),
        ("4", None),
        ("4.01", "odds_out_of_range"),
        ("1.00", "odds_out_of_range"),
        ("1.001", "odds_off_ticks"),
    ],
)
def test_odds_are_on_a_ladder_or_off_it(odds, code):
    refused = ticks.read(LADDER).check(Decimal(odds))

    assert (refused and refused.code) == code


def test_steps_are_counted_from_the_start_of_a_band():
    ladder = ticks.read("1.05-2:0.10")

    assert ladder.check(Decimal("1.15")) is None
    assert ladder.check(Decimal("1.10")).code == "odds_off_ticks"


@given(st.integers(101, 100_000))
def test_without_a_ladder_every_two_decimal_odds_are_allowed(hundredths):
    assert ticks.read("").check(Decimal(hundredths).scaleb(-2)) is None


@given(st.integers(101, 100_000), st.integers(1, 9))
def test_without_a_ladder_a_third_decimal_is_not(hundredths, thousandths):
    odds = Decimal(hundredths * 10 + thousandths).scaleb(-3)

    assert ticks.read("").check(odds).code == "odds_off_ticks"


@pytest.mark.parametrize("ladder", ["3-2:0.01", "0.5-1:0.01"])
def test_a_band_without_odds_is_a_fault(ladder):
    assert len(ticks.read(f"{ladder},1.01-2:0.01").faults()) == 1


def test_a_good_ladder_has_no_faults():
    assert ticks.read(LADDER).faults() == ()
