"""The events of the engine and their bets: the world's matches, and the document's own event.

A bet's id is the event's with two digits behind it; those of the document's event are its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from providers.sandbox.grading import Leg
from providers.sandbox.world import RESULTS, Match, World

DOCUMENT_EVENT = 100001
DOCUMENT_BETS = {
    101: Decimal("1.40"),
    102: Decimal("2.50"),
    103: Decimal("1.85"),
    104: Decimal("3.20"),
    105: Decimal("1.12"),
    106: Decimal("6.00"),
}
MESSAGES = {
    100: "Ticket with `{0}` identifier is not readable",
    101: "User not found",
    102: "Ticket with `{0}` identifier is not found",
    103: "Event with `{0}` identifier is not found",
    105: "Team with `{0}` identifier is not found",
    106: "Market for bet with `{0}` identifier is not found",
    107: ("Event with `{0}` identifier is not available for play because it has already started"),
    111: "Duplicate key for code generation",
    112: "Operator with `{0}` name is not found",
    114: "No webhook url for operator with `{0}` name",
    115: "Operators in request body and in request header are not identical",
    116: "Market with `{0}` code is not allowed",
    117: "Ticket with `{0}` identifier is not reserved",
}


class RefusedError(Exception):
    """Answered with HTTP 400 and one of the documented codes."""

    def __init__(self, code: int, about: object = "") -> None:
        super().__init__(str(code))
        self.code = code
        self.message = MESSAGES[code].format(about)


@dataclass(frozen=True)
class Bet:
    """One bet of an event as it can be taken now; `code` is the world's name for it."""

    id: int
    code: str
    name: str
    odds: Decimal


class Offer:
    """What can be bet on."""

    def __init__(self, world: World) -> None:
        self._world = world

    def listed(self, now: float) -> Iterator[dict[str, Any]]:
        """Every event that has not started, with its bets."""
        yield {
            "event": DOCUMENT_EVENT,
            "name": "The document's own event",
            "bets": [
                {"id": bet, "name": f"Bet {bet}", "odds": DOCUMENT_BETS[bet]}
                for bet in DOCUMENT_BETS
            ],
        }
        for match in self._world.matches(now=now):
            if now < match.kick_off_at:
                bets = [vars(bet) for bet in self._bets(match, now).values()]
                yield {"event": int(match.id), "name": match.name, "bets": bets}

    def legs(self, event: int, bets: list[int], *, now: float) -> list[Leg]:
        """The bets as taken. Raises RefusedError for what is not on offer."""
        if event == DOCUMENT_EVENT:
            return [self._document_leg(bet, now) for bet in bets]
        match = next((m for m in self._world.matches(now=now) if m.id == str(event)), None)
        if match is None:
            raise RefusedError(103, event)
        if now >= match.kick_off_at:
            raise RefusedError(107, event)
        return [self._leg(match, bet, now) for bet in bets]

    def _leg(self, match: Match, bet: int, now: float) -> Leg:
        found = self._bets(match, now).get(bet)
        if found is None:
            raise RefusedError(106, bet)
        offer = self._world.find(match.id, found.code, is_live=False, now=now)
        if offer is None:
            raise RefusedError(107, match.id)
        return Leg.taken(offer, odds=offer.odds)

    def _document_leg(self, bet: int, now: float) -> Leg:
        """The document's event never starts; each of its bets is decided one match later."""
        if bet not in DOCUMENT_BETS:
            raise RefusedError(106, bet)
        result = self._world.next_draw("superbet").choices(RESULTS, weights=(9, 9, 2))[0]
        return Leg(
            match_id=str(DOCUMENT_EVENT),
            code=str(bet),
            odds=DOCUMENT_BETS[bet],
            is_live=False,
            known_at=now + self._world.match_s,
            result=result,
        )

    def _bets(self, match: Match, now: float) -> dict[int, Bet]:
        bets = {}
        for number, selection in enumerate(match.selections.values(), start=1):
            offer = self._world.find(match.id, selection.code, is_live=False, now=now)
            odds = offer.odds if offer else selection.opening_odds
            bet = Bet(int(f"{match.id}{number:02}"), selection.code, selection.name, odds)
            bets[bet.id] = bet
        return bets
