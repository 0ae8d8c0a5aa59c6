"""The events of the exchange: the sandbox's matches, and the document's own one.

A match has two markets. It goes live at its kick-off, is suspended shortly before its end, and
is settled then; the document's event does none of that by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.betflag.sandbox import document
from providers.betflag.sandbox.engine import Market
from providers.sandbox.world import Match, World

KEEP_SETTLED_S = 3600
# By market: its name, its line, and its selections with betcalc's code of the same outcome.
MARKETS: Mapping[int, tuple[str, str, Mapping[int, tuple[str, str]]]] = {
    1: ("ESITO FINALE 1X2", "", {1: ("1", "1|1|0"), 2: ("X", "1|2|0"), 3: ("2", "1|3|0")}),
    2: ("UNDER/OVER", "2.5", {1: ("UNDER", "4|2|2.5"), 2: ("OVER", "4|1|2.5")}),
}


@dataclass
class Event:
    """An event with times in unix seconds; `winners` by market, 0 for none."""

    id: int
    name: str
    kick_off_at: float
    blocked_from: float
    finishes_at: float
    winners: dict[int, int] = field(default_factory=dict)
    settled_at: float | None = None

    @property
    def is_documents(self) -> bool:
        """Whether it is the one that never ends by itself."""
        return self.id == document.EVENT_ID

    @classmethod
    def load(cls, data: dict[str, Any]) -> Event:
        """The event as it was kept in the state file."""
        times = {name: float(data[name]) for name in ("kick_off_at", "blocked_from", "finishes_at")}
        settled_at = data["settled_at"]
        exact = {
            **times,
            "winners": {int(key): winner for key, winner in data["winners"].items()},
            "settled_at": None if settled_at is None else float(settled_at),
        }
        return cls(**{**data, **exact})


def event_of(match: Match) -> Event:
    """The event of a match, with the result that its script has."""
    event_id = int(match.id)
    return Event(
        id=event_id,
        name=match.name,
        kick_off_at=match.kick_off_at,
        blocked_from=match.blocked_from,
        finishes_at=match.finishes_at,
        winners={market_id(event_id, kind): _scripted_winner(match, kind) for kind in MARKETS},
    )


def markets_of(event: Event) -> list[Market]:
    """The markets of a new event, with empty books."""
    return [
        Market(
            id=market_id(event.id, kind),
            event_id=event.id,
            name=name,
            line=line,
            labels={selection: label for selection, (label, _) in selections.items()},
        )
        for kind, (name, line, selections) in MARKETS.items()
    ]


def document_event() -> Event:
    """Lazio - Hellas Verona, which is always about to begin."""
    never = float("1e12")
    return Event(document.EVENT_ID, str(document.EVENT["des"]), never, never, never)


def document_market() -> Market:
    """The market of the document's samples."""
    return Market(
        id=document.MARKET_ID,
        event_id=document.EVENT_ID,
        name="ESITO FINALE 1X2",
        line="",
        labels=dict(document.LABELS),
    )


def market_id(event_id: int, kind: int) -> int:
    """A number of its own for each market of an event."""
    return event_id * 10 + kind


def codes(market: Market) -> Mapping[int, str]:
    """The outcome in the sandbox's world of each selection; none for the document's market."""
    if market.id == document.MARKET_ID:
        return {}
    _, _, selections = MARKETS[market.id % 10]
    return {selection: code for selection, (_, code) in selections.items()}


def winner(market: Market, event: Event, world: World) -> int:
    """Which selection wins: the one ordered, else that of the script; 0 if all bets are off."""
    for selection, code in codes(market).items():
        ordered = world.ordered_result(str(event.id), code)
        if ordered == "won":
            return selection
        if ordered == "void":
            return 0
    return event.winners.get(market.id, 0)


def _scripted_winner(match: Match, kind: int) -> int:
    _, _, selections = MARKETS[kind]
    won = [
        selection
        for selection, (_, code) in selections.items()
        if match.selections[code].result == "won"
    ]
    return won[0] if won else 0
