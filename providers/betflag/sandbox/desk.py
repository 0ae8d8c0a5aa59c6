"""The orders that only the simulated betflag takes, under `/_sandbox/betflag`."""

from __future__ import annotations

from typing import Any

from providers.betflag.sandbox import document, replies
from providers.betflag.sandbox.accounts import Accounts
from providers.betflag.sandbox.engine import TRADERS, Market, Offer
from providers.betflag.sandbox.exchange import Exchange
from providers.betflag.sandbox.traders import Traders, take
from providers.sandbox.fields import Fields, fields_of
from providers.sandbox.messages import BadOrderError, Reply, Request, Routes, json_reply

SESSION_REFUSALS = ("status", "errore")


class Desk:
    """Takes orders from people and tests; each method's first line is its line in the index."""

    def __init__(self, exchange: Exchange, accounts: Accounts, traders: Traders) -> None:
        self._exchange = exchange
        self._accounts = accounts
        self._traders = traders
        self._session_refusal = "status"
        self.lays_are_liability = False
        self.sides_swapped = False

    @property
    def routes(self) -> Routes:
        """Orders, and looks at what is there."""
        return {
            ("GET", "/markets"): self.list_markets,
            ("GET", "/offers"): self.list_offers,
            ("GET", "/accounts"): self.list_accounts,
            ("POST", "/match"): self.match,
            ("POST", "/cancel"): self.cancel,
            ("POST", "/suspend"): self.suspend,
            ("POST", "/reopen"): self.reopen,
            ("POST", "/live"): self.go_live,
            ("POST", "/version"): self.change_version,
            ("POST", "/settle"): self.settle,
            ("POST", "/sessions/lose"): self.lose_sessions,
            ("POST", "/settings"): self.change_settings,
        }

    def list_markets(self, request: Request) -> Reply:
        """The markets with their events, states and versions."""
        with self._exchange.lock:
            return json_reply(
                {"markets": [self._market(m) for m in self._exchange.markets.values()]}
            )

    def list_offers(self, request: Request) -> Reply:
        """The offers of all accounts, newest first, with their matches (?market= for one)."""
        wanted = request.argument("market")
        with self._exchange.lock:
            offers = [
                _offer(market, offer)
                for market in self._exchange.markets.values()
                for offer in market.offers
                if offer.owner != TRADERS and wanted in ("", str(market.id))
            ]
        return json_reply({"offers": sorted(offers, key=lambda each: -each["number"])})

    def list_accounts(self, request: Request) -> Reply:
        """The accounts with their money in cents, and how many logins there were."""
        accounts = [
            {
                "username": each.username,
                **replies.balance(each, self._exchange.locked(each.username)),
            }
            for each in self._accounts.all()
        ]
        return json_reply({"accounts": accounts, "logins": self._accounts.logins})

    def match(self, request: Request) -> Reply:
        """A trader takes open offers: {"market", "offer"?, "amount"? (cents)}."""
        fields = fields_of(request)
        with self._exchange.lock:
            offers = self._named(fields)
            amount = fields.integer("amount", 2**53, minimum=1)
            fields.done()
            return json_reply({"matched": sum(take(offer, amount) for offer in offers)})

    def cancel(self, request: Request) -> Reply:
        """The exchange drops open offers: {"market", "offer"?}."""
        fields = fields_of(request)
        with self._exchange.lock:
            offers = [offer for offer in self._named(fields) if offer.remaining]
            fields.done()
            for offer in offers:
                offer.cancelled = True
        return json_reply({"cancelled": [offer.id for offer in offers]})

    def suspend(self, request: Request) -> Reply:
        """A market is suspended: {"market"}; offers of a live one go unless kept."""
        return self._changed(request, Market.suspend)

    def reopen(self, request: Request) -> Reply:
        """A suspended market takes offers again: {"market"}."""
        return self._changed(request, Market.reopen)

    def go_live(self, request: Request) -> Reply:
        """A market goes live: {"market"}; offers with ritira 1 go."""
        return self._changed(request, Market.go_live)

    def change_version(self, request: Request) -> Reply:
        """A market has another version, and nothing else changes: {"market"}."""
        return self._changed(request, _next_version)

    def settle(self, request: Request) -> Reply:
        """A market is settled: {"market", "winner": selection, 0 for none}."""
        fields = fields_of(request)
        with self._exchange.lock:
            market = self._market_of(fields)
            winner = fields.integer("winner")
            fields.done()
            if winner and winner not in market.labels:
                raise BadOrderError("winner", "is no selection of this market")
            self._exchange.settle(market, winner)
            return json_reply({"market": self._market(market)})

    def lose_sessions(self, request: Request) -> Reply:
        """Forget every session, as a restart of the exchange does."""
        return json_reply({"lost": self._accounts.end_sessions()})

    def change_settings(self, request: Request) -> Reply:
        """Behave so: {"traders", "session_refusal", "lay_amount", "back_takes", "session_s"}."""
        fields = fields_of(request)
        lay_amount = "liability" if self.lays_are_liability else "stake"
        back_takes = "punta" if self.sides_swapped else "banca"
        traders = fields.boolean("traders", self._traders.active)
        refusal = fields.choice("session_refusal", SESSION_REFUSALS, self._session_refusal)
        lay_amount = fields.choice("lay_amount", ("stake", "liability"), lay_amount)
        back_takes = fields.choice("back_takes", ("banca", "punta"), back_takes)
        session_s = fields.seconds("session_s", str(self._accounts.session_s))
        fields.done()
        self._traders.switch(on=traders)
        self._session_refusal = refusal
        self.lays_are_liability = lay_amount == "liability"
        self.sides_swapped = back_takes == "punta"
        self._accounts.session_s = session_s
        return json_reply(
            {
                "traders": traders,
                "session_refusal": refusal,
                "lay_amount": lay_amount,
                "back_takes": back_takes,
                "session_s": session_s,
            }
        )

    def session_refused(self) -> Reply:
        """How a call without a session is answered: both ways are plausible."""
        status = 401 if self._session_refusal == "status" else 200
        return json_reply(replies.refused("session"), status=status)

    def interfere(self, market_id: int, fault: str) -> None:
        """What an ordered fault does to a market just before an order is judged."""
        market = self._exchange.markets.get(market_id)
        if market is not None and fault == "suspend":
            market.suspend()
        if market is not None and fault == "stale_version":
            _next_version(market)

    def _changed(self, request: Request, change: Any) -> Reply:
        fields = fields_of(request)
        with self._exchange.lock:
            market = self._market_of(fields)
            fields.done()
            change(market)
            return json_reply({"market": self._market(market)})

    def _market_of(self, fields: Fields) -> Market:
        market = self._exchange.markets.get(fields.integer("market", document.MARKET_ID))
        if market is None:
            raise BadOrderError("market", "is not known")
        return market

    def _named(self, fields: Fields) -> list[Offer]:
        """The offer that is named, or all that people have in the market."""
        market = self._market_of(fields)
        if "offer" not in fields:
            return [offer for offer in market.offers if offer.owner != TRADERS]
        offer = market.find(fields.text("offer"))
        if offer is None:
            raise BadOrderError("offer", "is not known")
        return [offer]

    def _market(self, market: Market) -> dict[str, Any]:
        event = self._exchange.events[market.event_id]
        return {
            "market": market.id,
            "name": market.name,
            "event": event.id,
            "event_name": event.name,
            "version": market.version,
            "state": market.state,
            "is_live": market.is_live,
            "selections": {str(key): label for key, label in market.labels.items()},
        }


def _next_version(market: Market) -> None:
    market.version += 1


def _offer(market: Market, offer: Offer) -> dict[str, Any]:
    return {
        "offer": offer.id,
        "market": market.id,
        "owner": offer.owner,
        "number": offer.number,
        "tipo": offer.kind,
        "selection": offer.selection,
        "odds": offer.odds,
        "amount": offer.cents,
        "matched": offer.matched,
        "remaining": offer.remaining,
        "cancelled": offer.cancelled,
        "matches": [{"odds": match.odds, "amount": match.cents} for match in offer.matches],
    }
