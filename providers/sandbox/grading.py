"""What a coupon of several selections comes to, once enough of them are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import prod
from typing import Any, Literal

from providers.sandbox.world import Offer, Result

CENT = Decimal("0.01")


@dataclass
class Leg:
    """One taken selection: its odds, when its result is known, and what that result will be."""

    match_id: str
    code: str
    odds: Decimal
    is_live: bool
    known_at: float
    result: Result

    @classmethod
    def taken(cls, offer: Offer, *, odds: Decimal) -> Leg:
        """The leg of a coupon that takes this offer at these odds."""
        return cls(offer.match_id, offer.code, odds, offer.is_live, offer.ends_at, offer.result)

    @classmethod
    def load(cls, data: dict[str, Any]) -> Leg:
        """The leg as it was kept in the state file."""
        exact = {"odds": Decimal(data["odds"]), "known_at": float(data["known_at"])}
        return cls(**{**data, **exact})


@dataclass(frozen=True)
class Grade:
    """`reduced` means that void legs counted at odds 1; then `coefficient` is what is left."""

    result: Literal["won", "lost", "reduced"]
    coefficient: Decimal


def coefficient(legs: Iterable[Leg]) -> Decimal:
    """The odds of all legs multiplied, with every decimal."""
    return prod((leg.odds for leg in legs), start=Decimal(1))


def grade(
    legs: list[Leg], *, now: float, ordered: Callable[[str, str], Result | None]
) -> Grade | None:
    """Grade an express, or None while it is open. One lost leg decides it at once.

    `ordered` gives the result that was ordered for a match and code, which goes before chance.
    """
    known = [
        (leg, ordered(leg.match_id, leg.code) or leg.result) for leg in legs if leg.known_at <= now
    ]
    if any(result == "lost" for _, result in known):
        return Grade("lost", Decimal(0))
    if len(known) < len(legs):
        return None
    winners = [leg for leg, result in known if result == "won"]
    return Grade("won" if len(winners) == len(legs) else "reduced", coefficient(winners))


def to_cents(amount: Decimal) -> Decimal:
    """Half-up to two decimals, as the provider shows its amounts."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
