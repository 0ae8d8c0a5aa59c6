"""Which odds an account may offer. No I/O.

The document gives neither a range nor a ladder of odds: without the setting they have at most two
decimals, as the wire has, and are above 1.00.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from providers.contract import Rejected

PATTERN = r"\d{1,5}(\.\d{1,2})?-\d{1,5}(\.\d{1,2})?:(?!0+(\.0+)?(,|$))\d{1,4}(\.\d{1,2})?"
LADDER_PATTERN = rf"{PATTERN}(,\s*{PATTERN})*"

_STEP = Decimal("0.01")
_MOST_ODDS = Decimal(10) ** 7


@dataclass(frozen=True, slots=True)
class Band:
    """From `low` to `high`, both included, in steps from `low` on."""

    low: Decimal
    high: Decimal
    step: Decimal

    def reaches(self, odds: Decimal) -> bool:
        return self.low <= odds <= self.high

    def holds(self, odds: Decimal) -> bool:
        return self.reaches(odds) and (odds - self.low) % self.step == 0


@dataclass(frozen=True, slots=True)
class Ticks:
    """A ladder of odds; without bands every two-decimal odds above 1.00 are on it."""

    bands: tuple[Band, ...]

    def check(self, odds: Decimal) -> Rejected | None:
        if not 1 < odds < _MOST_ODDS:
            return Rejected(code="odds_out_of_range", message="odds are above 1.00")
        if odds % _STEP:
            return Rejected(code="odds_off_ticks", message="odds have two decimals at most")
        if not self.bands:
            return None
        if not any(band.reaches(odds) for band in self.bands):
            return Rejected(
                code="odds_out_of_range", message=f"odds of {odds} are outside the ticks"
            )
        if not any(band.holds(odds) for band in self.bands):
            return Rejected(code="odds_off_ticks", message=f"odds of {odds} are between two ticks")
        return None

    def faults(self) -> tuple[str, ...]:
        """What in the ladder is probably not meant."""
        return tuple(
            f"ticks: no odds are from {band.low} to {band.high}"
            for band in self.bands
            if band.high < band.low or band.high <= 1
        )


@lru_cache(maxsize=64)
def read(ladder: str) -> Ticks:
    """From the form `1.01-2:0.01,2-3:0.02`; empty for no ladder."""
    return Ticks(tuple(_band(part.strip()) for part in ladder.split(",") if part.strip()))


def _band(part: str) -> Band:
    reach, _, step = part.partition(":")
    low, _, high = reach.partition("-")
    return Band(Decimal(low), Decimal(high), Decimal(step))
