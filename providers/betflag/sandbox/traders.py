"""Simulated traders: they keep a ladder around the fair odds, and take what others offer."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from providers.betflag.sandbox import document, events
from providers.betflag.sandbox.engine import BACK, LAY, TRADERS, Market, Match, Offer
from providers.betflag.sandbox.exchange import Exchange
from providers.sandbox.chance import dice
from providers.sandbox.world import World

LEVELS = 4
EVERY_S = 1.0
# An own offer lies at least so long before a trader takes of it.
PATIENCE_S = 3.0
APPETITE = 0.2
MOST_REMEMBERED = 2_000


class Traders:
    """Whoever else is at the exchange."""

    def __init__(self, exchange: Exchange, world: World) -> None:
        self._exchange = exchange
        self._world = world
        self._quoted: dict[tuple[int, int, int], int] = {}
        self._chance = dice(world.seed, "betflag traders")
        self._next_at = 0.0
        self.active = True

    def tick(self, now: float) -> None:
        """Once a second: new ladders where the odds have moved, and appetite for the rest."""
        if not self.active or now < self._next_at:
            return
        self._next_at = now + EVERY_S
        if len(self._quoted) > MOST_REMEMBERED:
            self._quoted.clear()
        with self._exchange.lock:
            fair = {
                (offer.match_id, offer.code): int(offer.odds * 100)
                for offer in self._world.offers(now=now)
            }
            for market in list(self._exchange.markets.values()):
                if market.state == "open":
                    self._quote(market, fair, now)
                    self._take(market, now)

    def switch(self, *, on: bool) -> None:
        """Let them go on, or take back all that they offer."""
        with self._exchange.lock:
            self.active = on
            if not on:
                self._quoted.clear()
                for market in self._exchange.markets.values():
                    market.forget_traders()

    def _quote(self, market: Market, fair: dict[tuple[str, str], int], now: float) -> None:
        for selection, odds in self._fair_odds(market, fair):
            key = (market.id, market.version, selection)
            short = min(len(market.levels(kind, selection, LEVELS)) for kind in (LAY, BACK)) < 2
            if self._quoted.get(key) != odds or short:
                self._quoted[key] = odds
                self._ladder(market, selection, odds, now)

    def _fair_odds(
        self, market: Market, fair: dict[tuple[str, str], int]
    ) -> Iterator[tuple[int, int]]:
        if market.id == document.MARKET_ID:
            drift = self._chance.choice((-2, 0, 0, 0, 0, 0, 0, 0, 2))
            for selection, odds in document.FAIR_ODDS.items():
                yield selection, odds + drift
            return
        for selection, code in events.codes(market).items():
            found = fair.get((str(market.event_id), code))
            if found is not None:
                yield selection, found

    def _ladder(self, market: Market, selection: int, odds: int, now: float) -> None:
        """Lays below the fair odds and backs above them, a step apart."""
        market.forget_traders(selection)
        step = max(1, odds // 60)
        for level in range(1, LEVELS + 1):
            for kind, price in ((LAY, odds - level * step), (BACK, odds + level * step)):
                if price > 101:
                    cents = 500 * self._chance.randint(1, 40)
                    self._exchange.offer_as_trader(market, kind, selection, price, cents, now)

    def _take(self, market: Market, now: float) -> None:
        for offer in market.offers:
            patient = offer.owner != TRADERS and now - offer.placed_at >= PATIENCE_S
            if patient and offer.remaining and self._chance.random() < APPETITE:
                take(offer, _portion(offer, self._chance))


def take(offer: Offer, cents: int) -> int:
    """A trader meets this offer at its own odds; says how much of it was left to take."""
    taken = min(cents, offer.remaining)
    if taken:
        offer.matches.append(Match(offer.odds, taken))
    return taken


def _portion(offer: Offer, chance: Random) -> int:
    """A third, a half or all of what is left."""
    return max(1, offer.remaining // chance.choice((1, 1, 2, 3)))
