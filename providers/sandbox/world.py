"""A small world of football: matches with a kick-off, a live phase, odds that drift, and an end.

Everything follows from the seed and the time since the start, so nothing has to be kept. At every
moment each of the slots has one match on offer; when it finishes, the slot's next one is there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from random import Random
from typing import Literal

from providers.sandbox.chance import dice

Result = Literal["won", "lost", "void"]
RESULTS: tuple[Result, ...] = ("won", "lost", "void")

SLOTS = 8
LONGEST_MATCH_S = 50
LINE_SHARE = 0.5
BLOCKED_FROM = 0.9
DRIFT_STEPS = 6
TEAMS = (
    "Ashford Rovers",
    "Bramley Town",
    "Calder Athletic",
    "Dunmore United",
    "Eastbury City",
    "Fallow Park",
    "Grantham Vale",
    "Harrow Wanderers",
    "Inverlea",
    "Kingsmere",
    "Lowestone",
    "Marlow Albion",
)

DOCUMENT_MATCH = "586464528"
DOCUMENT_ODDS = {"17|954|2.5": Decimal("4.27"), "87|4|0": Decimal("1.12")}


@dataclass(frozen=True)
class Selection:
    """One outcome of one market; `code` is `market|outcome|parameter`."""

    code: str
    name: str
    opening_odds: Decimal
    result: Result


@dataclass(frozen=True)
class Match:
    """A match with its whole script: times in unix seconds, and how every selection ends."""

    id: str
    name: str
    opens_at: float
    kick_off_at: float
    finishes_at: float
    blocked_from: float
    selections: Mapping[str, Selection]


@dataclass(frozen=True)
class Offer:
    """A selection as it can be taken at one moment."""

    match_id: str
    match_name: str
    code: str
    name: str
    odds: Decimal
    is_live: bool
    blocked: bool
    starts_at: float
    ends_at: float
    result: Result


class World:
    """The matches on offer, and the results that were ordered for them."""

    def __init__(self, *, seed: int, match_s: float, started_at: float) -> None:
        self.seed = seed
        self.match_s = match_s
        self.started_at = started_at
        self._ordered: dict[tuple[str, str], Result] = {}
        self._taken = 0
        self._lock = threading.Lock()
        self._first_id = 579216393 + dice(seed, "first id").randrange(5_000_000)
        self.match = lru_cache(maxsize=64)(self._write_match)

    def offers(self, *, now: float) -> Iterator[Offer]:
        """Everything that can be taken now, the document's own selections first."""
        for is_live in (False, True):
            for code in DOCUMENT_ODDS:
                yield self._document_offer(code, is_live=is_live, now=now, result="won")
        for match in self.matches(now=now):
            for selection in match.selections.values():
                yield self._offer(match, selection, now=now)

    def matches(self, *, now: float) -> list[Match]:
        """The simulated matches that are running or about to."""
        return [self.match(slot, self._generation(slot, now)) for slot in range(SLOTS)]

    def find(self, match_id: str, code: str, *, is_live: bool, now: float) -> Offer | None:
        """The offer of that selection in that phase, if there is one now."""
        if match_id == DOCUMENT_MATCH:
            if code not in DOCUMENT_ODDS:
                return None
            result = self.next_draw("document").choices(RESULTS, weights=(9, 9, 2))[0]
            return self._document_offer(code, is_live=is_live, now=now, result=result)
        for match in self.matches(now=now):
            if match.id == match_id and code in match.selections:
                offer = self._offer(match, match.selections[code], now=now)
                return offer if offer.is_live == is_live else None
        return None

    def order_result(self, match_id: str, code: str, result: Result | None) -> None:
        """Fix how a selection ends, for every bet not settled yet; None leaves it to chance."""
        with self._lock:
            self._ordered.pop((match_id, code), None)
            if result is not None:
                self._ordered[match_id, code] = result

    def ordered_result(self, match_id: str, code: str) -> Result | None:
        """The result that was ordered for this selection."""
        return self._ordered.get((match_id, code))

    def next_draw(self, purpose: str) -> Random:
        """A generator for the next thing that chance decides."""
        with self._lock:
            self._taken += 1
            return dice(self.seed, purpose, self._taken)

    def _generation(self, slot: int, now: float) -> int:
        return int((now - self.started_at + self._head_start(slot)) // self.match_s)

    def _head_start(self, slot: int) -> float:
        return slot * self.match_s / SLOTS

    def _offer(self, match: Match, selection: Selection, *, now: float) -> Offer:
        return Offer(
            match_id=match.id,
            match_name=match.name,
            code=selection.code,
            name=selection.name,
            odds=self._odds(match, selection, now=now),
            is_live=now >= match.kick_off_at,
            blocked=now >= match.blocked_from,
            starts_at=match.kick_off_at,
            ends_at=match.finishes_at,
            result=selection.result,
        )

    def _document_offer(self, code: str, *, is_live: bool, now: float, result: Result) -> Offer:
        """The document's match never ends: each bet on it is settled one match length later."""
        return Offer(
            match_id=DOCUMENT_MATCH,
            match_name="The document's own match",
            code=code,
            name=f"Document selection {code}",
            odds=DOCUMENT_ODDS[code],
            is_live=is_live,
            blocked=False,
            starts_at=now if is_live else now + self.match_s * LINE_SHARE,
            ends_at=now + self.match_s,
            result=result,
        )

    def _odds(self, match: Match, selection: Selection, *, now: float) -> Decimal:
        step = int((now - match.opens_at) / self.match_s * DRIFT_STEPS)
        rng = dice(self.seed, match.id, selection.code, "drift")
        ticks = sum(rng.randint(-2, 2) for _ in range(step))
        return max(selection.opening_odds + ticks * Decimal("0.02"), Decimal("1.03"))

    def _write_match(self, slot: int, generation: int) -> Match:
        opens_at = self.started_at - self._head_start(slot) + generation * self.match_s
        number = self._first_id + (generation * SLOTS) + slot
        rng = dice(self.seed, "match", number)
        home, away = rng.sample(TEAMS, 2)
        return Match(
            id=str(number),
            name=f"{home} - {away}",
            opens_at=opens_at,
            kick_off_at=opens_at + self.match_s * LINE_SHARE,
            finishes_at=opens_at + self.match_s,
            blocked_from=opens_at + self.match_s * BLOCKED_FROM,
            selections={item.code: item for item in _selections(rng, home, away)},
        )


def _selections(rng: Random, home: str, away: str) -> Iterator[Selection]:
    """Three markets whose results agree with one final score."""
    home_percent = rng.randint(25, 55)
    over_percent = rng.randint(40, 60)
    percents = (home_percent, 25, 75 - home_percent)
    score = _score(rng, percents, over_percent)
    abandoned = rng.random() < 0.03
    rows = (
        ("1|1|0", f"{home} to win", percents[0], score[0] > score[1]),
        ("1|2|0", "Draw", percents[1], score[0] == score[1]),
        ("1|3|0", f"{away} to win", percents[2], score[0] < score[1]),
        ("4|1|2.5", "Over 2.5 goals", over_percent, sum(score) > 2),
        ("4|2|2.5", "Under 2.5 goals", 100 - over_percent, sum(score) < 3),
    )
    for code, name, percent, happened in rows:
        result: Result = "void" if abandoned else "won" if happened else "lost"
        yield Selection(code, name, _fair_odds(percent), result)
    # A draw gives the stake back in this market: the ordinary way to a void leg.
    drawn = abandoned or score[0] == score[1]
    for code, name, percent, happened in (
        ("2|7|0", f"{home}, draw no bet", home_percent, score[0] > score[1]),
        ("2|8|0", f"{away}, draw no bet", percents[2], score[0] < score[1]),
    ):
        result = "void" if drawn else "won" if happened else "lost"
        yield Selection(code, name, _fair_odds(percent + 12), result)


def _score(rng: Random, percents: tuple[int, int, int], over_percent: int) -> tuple[int, int]:
    winner = rng.choices(("home", "draw", "away"), weights=percents)[0]
    many = rng.randrange(100) < over_percent
    if winner == "draw":
        return (2, 2) if many else rng.choice(((0, 0), (1, 1)))
    high, low = rng.choice(((3, 0), (2, 1), (3, 1), (4, 2))) if many else (rng.choice((1, 2)), 0)
    return (high, low) if winner == "home" else (low, high)


def _fair_odds(percent: int) -> Decimal:
    """Odds of a chance, with the house's 6 percent taken off."""
    return (Decimal(94) / percent).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
