"""The whole exchange: its events, its markets, and the money that follows from them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from providers.betflag.sandbox import document, events
from providers.betflag.sandbox.accounts import Account, Accounts
from providers.betflag.sandbox.engine import TRADERS, Market, Offer, matched_result, worst
from providers.betflag.sandbox.events import KEEP_SETTLED_S, Event
from providers.betflag.sandbox.orders import AskedOrder, Refusal
from providers.sandbox.world import World

COMMISSION = 251


class Exchange:
    """Everything that moves; one lock for all of it."""

    def __init__(self, world: World, accounts: Accounts) -> None:
        self._world = world
        self._accounts = accounts
        self._number = 0
        self.lock = threading.RLock()
        self.events: dict[int, Event] = {document.EVENT_ID: events.document_event()}
        self.markets: dict[int, Market] = {document.MARKET_ID: events.document_market()}

    # --- orders ---------------------------------------------------------------------------------

    def place(self, username: str, asked: AskedOrder, now: float) -> list[Offer]:
        """Take an order whole, or none of it. Raises `Refusal`."""
        with self.lock:
            market = self.open_market(asked.market_id)
            if asked.version not in (0, market.version):
                raise Refusal("stale_version")
            offers = [self._offer(username, market, asked, index, now) for index in asked.indexes]
            self._check_funds(username, market, offers)
            for offer in offers:
                market.take(offer)
            return offers

    def offer_as_trader(
        self, market: Market, kind: int, selection: int, odds: int, cents: int, now: float
    ) -> None:
        """A simulated trader's offer; it meets what lies in the book, as everybody's does."""
        with self.lock:
            market.take(Offer(self._id(), TRADERS, kind, selection, odds, cents, self._number, now))

    def cancel(self, username: str, market_id: int, offer_ids: list[str] | None) -> list[str]:
        """Take back what is not matched of the named offers, or of all; the ids of those."""
        with self.lock:
            market = self.market(market_id)
            gone = [
                offer
                for offer in market.of(username)
                if offer.remaining and (offer_ids is None or offer.id in offer_ids)
            ]
            for offer in gone:
                offer.cancelled = True
            return [offer.id for offer in gone]

    def market(self, market_id: int) -> Market:
        """Raises `Refusal` if there is none."""
        found = self.markets.get(market_id)
        if found is None:
            raise Refusal("market_not_found")
        return found

    def open_market(self, market_id: int) -> Market:
        """One that takes offers now. Raises `Refusal`."""
        market = self.market(market_id)
        if market.state != "open":
            raise Refusal("market_suspended" if market.state == "suspended" else "market_closed")
        return market

    def _offer(
        self, username: str, market: Market, asked: AskedOrder, index: int, now: float
    ) -> Offer:
        wanted = asked.offers[index]
        if wanted.selection not in market.labels:
            raise Refusal("selection_not_found")
        return Offer(
            id=self._id(),
            owner=username,
            kind=wanted.kind,
            selection=wanted.selection,
            odds=wanted.odds,
            cents=wanted.cents,
            number=self._number,
            placed_at=now,
            withdraw=asked.withdraw,
            keep=asked.keep,
        )

    def _id(self) -> str:
        self._number += 1
        return f"BC{self._number:04}"

    # --- money ----------------------------------------------------------------------------------

    def locked(self, username: str) -> int:
        """What the worst outcome of every market would cost the account, in cents."""
        with self.lock:
            return sum(
                worst(market.of(username), market.labels)
                for market in self.markets.values()
                if market.state != "closed"
            )

    def _check_funds(self, username: str, market: Market, offers: list[Offer]) -> None:
        before = worst(market.of(username), market.labels)
        after = worst([*market.of(username), *offers], market.labels)
        free = self._accounts.account(username).cents - self.locked(username)
        if after - before > free:
            raise Refusal("insufficient_funds")

    def settle(self, market: Market, winner: int) -> None:
        """Pay everybody: what was matched by the winner, less the commission on a win."""
        with self.lock:
            for account in self._accounts.all():
                account.cents += _net_result(account, market, winner)
            market.forget_traders()
            market.close()
            if market.id == document.MARKET_ID:
                # It is always there: another of the same begins at once.
                market.is_live = False
                market.reopen()

    # --- time -----------------------------------------------------------------------------------

    def advance(self, now: float, *, may_settle: bool) -> None:
        """Bring in new events, and let those that are there go on."""
        with self.lock:
            for match in self._world.matches(now=now):
                if int(match.id) not in self.events:
                    self._add(events.event_of(match))
            for event in list(self.events.values()):
                self._advance(event, now, may_settle=may_settle)

    def _add(self, event: Event) -> None:
        self.events[event.id] = event
        self.markets.update((market.id, market) for market in events.markets_of(event))

    def _advance(self, event: Event, now: float, *, may_settle: bool) -> None:
        if event.settled_at is not None:
            if now - event.settled_at > KEEP_SETTLED_S:
                self._forget(event)
        elif now >= event.finishes_at and may_settle:
            self.settle_event(event, now)
        elif now >= event.blocked_from:
            self._each(event, lambda market: market.state == "open", Market.suspend)
        elif now >= event.kick_off_at:
            self._each(event, lambda market: not market.is_live, Market.go_live)

    def settle_event(self, event: Event, now: float) -> int:
        """Settle its markets; says how many offers they had. The document's event never ends."""
        settled = 0
        with self.lock:
            for market in self.markets_of(event):
                if market.state != "closed":
                    self.settle(market, events.winner(market, event, self._world))
                    settled += len([offer for offer in market.offers if offer.owner != TRADERS])
            event.settled_at = None if event.is_documents else now
        return settled

    def markets_of(self, event: Event) -> list[Market]:
        """The markets of one event."""
        return [market for market in self.markets.values() if market.event_id == event.id]

    def _each(
        self, event: Event, which: Callable[[Market], bool], change: Callable[[Market], None]
    ) -> None:
        for market in self.markets_of(event):
            if which(market):
                market.forget_traders()
                change(market)

    def _forget(self, event: Event) -> None:
        for market in self.markets_of(event):
            del self.markets[market.id]
        del self.events[event.id]

    # --- the state file -------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Accounts, events and everybody's offers; the traders make new ones."""
        with self.lock:
            markets = [asdict(market) for market in self.markets.values()]
            for market in markets:
                market["offers"] = [each for each in market["offers"] if each["owner"] != TRADERS]
            return {
                "number": self._number,
                "accounts": [asdict(account) for account in self._accounts.all()],
                "events": [asdict(event) for event in self.events.values()],
                "markets": markets,
            }

    def load(self, kept: dict[str, Any]) -> None:
        """Take up what an earlier run kept."""
        with self.lock:
            self._number = kept.get("number", 0)
            self._accounts.load(kept.get("accounts", []))
            self.events.update((data["id"], Event.load(data)) for data in kept.get("events", []))
            self.markets.update((data["id"], Market.load(data)) for data in kept.get("markets", []))


def _net_result(account: Account, market: Market, winner: int) -> int:
    """0 for a winner means that all bets are off."""
    if not winner:
        return 0
    gross = sum(matched_result(offer, winner) for offer in market.of(account.username))
    return gross - max(gross, 0) * COMMISSION // 10_000
