"""The exchange's books: offers meet by price, then by time; what is not matched stays.

Amounts are whole cents and odds are whole numbers x100, as on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

LAY, BACK = 0, 1
TRADERS = ""
State = Literal["open", "suspended", "closed"]


@dataclass
class Match:
    """A part of an offer that met another's, at the odds of the one that lay there first."""

    odds: int
    cents: int


@dataclass
class Offer:
    """`kind` is BACK or LAY; `withdraw` at kick-off, `keep` when a live market is suspended."""

    id: str
    owner: str
    kind: int
    selection: int
    odds: int
    cents: int
    number: int
    placed_at: float
    withdraw: bool = False
    keep: bool = False
    cancelled: bool = False
    settled: bool = False
    matches: list[Match] = field(default_factory=list)

    @property
    def matched(self) -> int:
        """How much of it has met other offers."""
        return sum(match.cents for match in self.matches)

    @property
    def remaining(self) -> int:
        """What others can still take."""
        return 0 if self.cancelled else self.cents - self.matched

    def meets(self, other: Offer) -> bool:
        """Whether the two agree: the backer wants no less than the layer gives."""
        if self.selection != other.selection or self.kind == other.kind:
            return False
        back, lay = (self, other) if self.kind == BACK else (other, self)
        return back.odds <= lay.odds

    @classmethod
    def load(cls, data: dict[str, Any]) -> Offer:
        """The offer as it was kept in the state file."""
        exact = {
            "placed_at": float(data["placed_at"]),
            "matches": [Match(**match) for match in data["matches"]],
        }
        return cls(**{**data, **exact})


@dataclass
class Market:
    """A market of an event with its book; `version` counts what happens to it as a whole."""

    id: int
    event_id: int
    name: str
    line: str
    labels: dict[int, str]
    version: int = 1
    state: State = "open"
    is_live: bool = False
    offers: list[Offer] = field(default_factory=list)

    def take(self, offer: Offer) -> None:
        """Let an offer meet what lies in the book, and leave its rest there."""
        best_first = sorted(
            (other for other in self.offers if other.remaining and offer.meets(other)),
            key=lambda other: (-other.odds if other.kind == LAY else other.odds, other.number),
        )
        for other in best_first:
            if offer.remaining and other.owner != offer.owner:
                self._meet(offer, other)
        self.offers.append(offer)

    def _meet(self, offer: Offer, other: Offer) -> None:
        cents = min(offer.remaining, other.remaining)
        offer.matches.append(Match(other.odds, cents))
        other.matches.append(Match(other.odds, cents))

    def find(self, offer_id: str, owner: str | None = None) -> Offer | None:
        """The offer of that id, of that owner if one is named."""
        for offer in self.offers:
            if offer.id == offer_id and owner in (None, offer.owner):
                return offer
        return None

    def of(self, owner: str) -> list[Offer]:
        """Everything that one account has offered here, oldest first."""
        return [offer for offer in self.offers if offer.owner == owner]

    def suspend(self) -> None:
        """Take no offers; those of a live market go, unless they are to be kept."""
        self._change("suspended")
        self._cancel(offer for offer in self.offers if self.is_live and not offer.keep)

    def reopen(self) -> None:
        """Take offers again."""
        self._change("open")

    def go_live(self) -> None:
        """The event begins; offers that are for before it go."""
        self.is_live = True
        self._change("open")
        self._cancel(offer for offer in self.offers if offer.withdraw or offer.owner == TRADERS)

    def close(self) -> None:
        """The result is paid: nothing can be matched any more."""
        self._change("closed")
        self._cancel(self.offers)
        for offer in self.offers:
            offer.settled = True

    def forget_traders(self, selection: int | None = None) -> None:
        """The simulated traders take back what nobody took."""
        self.offers = [
            offer
            for offer in self.offers
            if offer.owner != TRADERS or (selection is not None and offer.selection != selection)
        ]

    def levels(self, kind: int, selection: int, depth: int) -> list[tuple[int, int]]:
        """The best odds that somebody can take from offers of a kind, with their amounts."""
        amounts: dict[int, int] = {}
        for offer in self.offers:
            if (offer.kind, offer.selection) == (kind, selection) and offer.remaining:
                amounts[offer.odds] = amounts.get(offer.odds, 0) + offer.remaining
        return sorted(amounts.items(), reverse=kind == LAY)[:depth]

    def _change(self, state: State) -> None:
        self.state = state
        self.version += 1

    def _cancel(self, offers: Iterable[Offer]) -> None:
        for offer in offers:
            if offer.remaining:
                offer.cancelled = True

    @classmethod
    def load(cls, data: dict[str, Any]) -> Market:
        """The market as it was kept in the state file."""
        exact = {
            "labels": {int(key): label for key, label in data["labels"].items()},
            "offers": [Offer.load(offer) for offer in data["offers"]],
        }
        return cls(**{**data, **exact})


# --- what an account wins or loses --------------------------------------------------------------


def liability(kind: int, odds: int, cents: int) -> int:
    """What an offer can lose, in cents; a broken cent counts as a whole one."""
    return cents if kind == BACK else -(-cents * (odds - 100) // 100)


def result_of(offer: Offer, odds: int, cents: int, winner: int) -> int:
    """What a part of an offer comes to if this selection wins."""
    happened = offer.selection == winner
    if offer.kind == BACK:
        return cents * (odds - 100) // 100 if happened else -cents
    return -liability(LAY, odds, cents) if happened else cents


def results(offers: Iterable[Offer], selections: Iterable[int]) -> dict[int, int]:
    """What the account has for each selection that could win.

    Netted across its offers; what is not matched yet counts only where it would lose.
    """
    offers = list(offers)
    return {
        winner: sum(
            matched_result(offer, winner)
            + min(0, result_of(offer, offer.odds, offer.remaining, winner))
            for offer in offers
        )
        for winner in selections
    }


def matched_result(offer: Offer, winner: int) -> int:
    """What the matched part of an offer comes to, unless it has been paid already."""
    if offer.settled:
        return 0
    return sum(result_of(offer, match.odds, match.cents, winner) for match in offer.matches)


def worst(offers: Iterable[Offer], selections: Iterable[int]) -> int:
    """The cents that have to be there for the worst that can happen."""
    return max(0, -min(results(offers, selections).values(), default=0))
