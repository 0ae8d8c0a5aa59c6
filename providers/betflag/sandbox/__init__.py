"""The simulated betflag: an exchange with traders in it. It shares no code with `protocol`.

Source: documents/betflag.txt; what the page beside it adds is said where it is used.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from providers.betflag.sandbox import document, replies
from providers.betflag.sandbox.accounts import SESSION_S, Accounts
from providers.betflag.sandbox.desk import Desk
from providers.betflag.sandbox.engine import Market, Offer
from providers.betflag.sandbox.events import Event
from providers.betflag.sandbox.exchange import COMMISSION, Exchange
from providers.betflag.sandbox.orders import (
    ERRORS,
    Refusal,
    read_body,
    read_deletion,
    read_order,
    whole,
)
from providers.betflag.sandbox.traders import Traders
from providers.sandbox.contract import Surroundings
from providers.sandbox.faults import TRANSPORT_FAULTS, Fault, FaultPoints, disturbed
from providers.sandbox.messages import Reply, Request, Routes, json_reply

SESSION_FAULTS = TRANSPORT_FAULTS | {"reject", "session_lost"}
# The share of a match before its kick-off in which it counts as about to begin.
SOON = 0.25

Answer = Callable[[str, Fault | None], Any]


class BetflagSandbox:
    """One exchange; settings are `api_key`, `username`, `password` (empty for any), `session_s`."""

    name = "betflag"
    at_root = False
    fault_points: FaultPoints = {
        "place": SESSION_FAULTS | {"stale_version", "suspend", "partial_answer"},
        "cancel": SESSION_FAULTS,
        "read": SESSION_FAULTS,
        "keep_alive": SESSION_FAULTS,
        "login": TRANSPORT_FAULTS | {"reject"},
    }
    fault_words: ClassVar[Mapping[str, str]] = {
        "partial_answer": "All is taken, and the answer leaves out the last offer.",
        "session_lost": "Every session is forgotten, and the call is refused for it.",
        "stale_version": "The market changes its version just before the order.",
        "suspend": "The market is suspended just before the order.",
    }
    reject_codes = frozenset(ERRORS)
    demo_settings: Mapping[str, str] = {
        "market_statuses": "2=open,3=suspended,4=closed",
        "offer_statuses": "1=open,2=open,3=cancelled",
    }
    demo_secrets: Mapping[str, str] = {
        "api_key": "demo-betflag-key",
        "username": "slipdesk",
        "password": "demo-betflag-password",
    }

    def __init__(self, around: Surroundings, settings: Mapping[str, Any]) -> None:
        self._around = around
        self._api_key = str(settings.get("api_key", ""))
        self._accounts = Accounts(
            username=str(settings.get("username", "")),
            password=str(settings.get("password", "")),
            session_s=float(settings.get("session_s", SESSION_S)),
        )
        self._exchange = Exchange(around.world, self._accounts)
        self._traders = Traders(self._exchange, around.world)
        self._desk = Desk(self._exchange, self._accounts, self._traders)

    @property
    def routes(self) -> Routes:
        """The exchange's own wire; paths that the document does not show are as clients use."""
        return {
            ("POST", "/security/session"): self.log_in,
            ("DELETE", "/security/session"): self.log_out,
            ("PUT", "/security/keepalive"): self.keep_alive,
            ("GET", "/navigation/menu-ex"): self.menu,
            ("GET", "/navigation/menu-live"): self.live_menu,
            ("GET", "/navigation/menu-nearlive"): self.near_live_menu,
            ("GET", "/navigation/menu/dettaglio/{event}"): self.event_markets,
            ("GET", "/offers/market/{market_and_depth}"): self.book,
            ("GET", "/offers/exp/{market}"): self.exposure,
            ("GET", "/offers/all/{market}"): self.own_offers,
            ("GET", "/offers/matches/{market}"): self.matches,
            ("GET", "/offers/open/{market}"): self.open_offers,
            ("POST", "/offers"): self.place,
            ("DELETE", "/offers"): self.delete,
            ("DELETE", "/offers/unmatched"): self.delete_unmatched,
            ("GET", "/account/info"): self.info,
            ("GET", "/account/balance"): self.balance,
            ("GET", "/account/commission"): self.commission,
        }

    @property
    def order_routes(self) -> Routes:
        """The orders of betflag alone."""
        return self._desk.routes

    # --- session --------------------------------------------------------------------------------

    def log_in(self, request: Request) -> Reply:
        """Open a session: {"Username", "Pwd"}; the account's former session ends."""
        if not self._has_key(request):
            return _refused("api_key", status=401)
        fault = self._around.faults.draw(self.name, "login")
        if fault is not None and fault.fault == "reject":
            return _refused(fault.code or "credentials")
        answer = self._opened(request)
        return disturbed(answer, fault) if fault else answer

    def _opened(self, request: Request) -> Reply:
        try:
            data = read_body(request.body)
        except Refusal:
            return _refused("credentials")
        username, password = data.get("Username"), data.get("Pwd")
        if not self._accounts.may_log_in(username, password):
            return _refused("credentials")
        token = self._accounts.open_session(str(username), time.time())
        if token == document.TOKEN:
            return json_reply(document.LOGIN)
        account = self._accounts.account(str(username))
        self._around.state.touch()
        return json_reply(
            {"Balance": account.cents, "SessionToken": token, "UserId": account.number}
        )

    def log_out(self, request: Request) -> Reply:
        """End the session."""

        def end(user: str, fault: Fault | None) -> Any:
            self._accounts.end(_token(request))
            return replies.ok()

        return self._answered(request, "keep_alive", end)

    def keep_alive(self, request: Request) -> Reply:
        """Let the session work for its whole time again."""

        def refresh(user: str, fault: Fault | None) -> Any:
            self._accounts.refresh(_token(request), time.time())
            return replies.ok()

        return self._answered(request, "keep_alive", refresh)

    # --- navigation -----------------------------------------------------------------------------

    def menu(self, request: Request) -> Reply:
        """The menu of everything that is on."""
        return self._menu(request, lambda event, now: True)

    def live_menu(self, request: Request) -> Reply:
        """The menu of what is live."""
        return self._menu(request, lambda event, now: event.kick_off_at <= now)

    def near_live_menu(self, request: Request) -> Reply:
        """The menu of what is about to be live."""
        soon_s = self._around.options.match_s * SOON
        return self._menu(
            request, lambda event, now: event.kick_off_at - soon_s <= now < event.kick_off_at
        )

    def _menu(self, request: Request, which: Callable[[Event, float], bool]) -> Reply:
        def answer(user: str, fault: Fault | None) -> Any:
            now = time.time()
            listed = [
                (event, self._exchange.markets_of(event))
                for event in self._exchange.events.values()
                if event.settled_at is None and which(event, now)
            ]
            return replies.menu(listed)

        return self._answered(request, "read", answer, signed=False)

    def event_markets(self, request: Request) -> Reply:
        """The markets of one event."""

        def answer(user: str, fault: Fault | None) -> Any:
            event = self._exchange.events.get(_number(request.params["event"]))
            if event is None:
                raise Refusal("event_not_found")
            return replies.detail(event, self._exchange.markets_of(event))

        return self._answered(request, "read", answer, signed=False)

    # --- offers ---------------------------------------------------------------------------------

    def book(self, request: Request) -> Reply:
        """The book of a market, 1 to 3 prices deep: `{id_mercato},{livello}`."""

        def answer(user: str, fault: Fault | None) -> Any:
            market_id, _, depth = request.params["market_and_depth"].partition(",")
            market = self._exchange.market(_number(market_id))
            if depth not in ("1", "2", "3"):
                raise Refusal("market_not_found", client_error="livello is none of 1, 2, 3")
            return replies.book(market, int(depth), swapped=self._desk.sides_swapped)

        return self._answered(request, "read", answer, signed=False)

    def exposure(self, request: Request) -> Reply:
        """What the account could lose on a market."""
        return self._own(
            request, "exposure", lambda market, offers, event: replies.exposure(market, offers)
        )

    def own_offers(self, request: Request) -> Reply:
        """The account's offers on a market."""
        return self._own(request, "own", replies.own_offers)

    def matches(self, request: Request) -> Reply:
        """The account's matched offers on a market."""
        return self._own(request, "matches", replies.matches)

    def open_offers(self, request: Request) -> Reply:
        """The account's open offers on a market."""
        return self._own(request, "open", replies.open_offers)

    def _own(
        self,
        request: Request,
        sample: str,
        reply: Callable[[Market, list[Offer], Event], Any],
    ) -> Reply:
        def answer(user: str, fault: Fault | None) -> Any:
            if _token(request) == document.TOKEN:
                return document.REPLIES[sample]
            market = self._exchange.market(_number(request.params["market"]))
            event = self._exchange.events[market.event_id]
            return reply(market, market.of(user), event)

        return self._answered(request, "read", answer)

    def place(self, request: Request) -> Reply:
        """Take the offers of an order, all or none."""

        def answer(user: str, fault: Fault | None) -> Any:
            if _token(request) == document.TOKEN:
                return document.placed(read_body(request.body))
            asked = read_order(request.body, lays_are_liability=self._desk.lays_are_liability)
            self._desk.interfere(asked.market_id, fault.fault if fault else "")
            offers = self._exchange.place(user, asked, time.time())
            self._around.state.touch()
            shown = offers[:-1] if fault and fault.fault == "partial_answer" else offers
            return replies.placed(shown)

        return self._answered(request, "place", answer)

    def delete(self, request: Request) -> Reply:
        """Take back what is not matched of some offers."""

        def answer(user: str, fault: Fault | None) -> Any:
            if _token(request) == document.TOKEN:
                return document.cancelled(read_body(request.body))
            market_id, offer_ids = read_deletion(request.body)
            gone = self._exchange.cancel(user, market_id, offer_ids)
            if not gone:
                raise Refusal("offer_not_found")
            self._around.state.touch()
            return replies.cancelled(gone)

        return self._answered(request, "cancel", answer)

    def delete_unmatched(self, request: Request) -> Reply:
        """Take back everything of a market that is not matched."""

        def answer(user: str, fault: Fault | None) -> Any:
            data = read_body(request.body)
            if _token(request) == document.TOKEN:
                return document.cancelled(data)
            gone = self._exchange.cancel(user, whole(data, "id_mercato"), None)
            self._around.state.touch()
            return replies.cancelled(gone)

        return self._answered(request, "cancel", answer)

    # --- account --------------------------------------------------------------------------------

    def info(self, request: Request) -> Reply:
        """Who holds the account: nobody real."""
        return self._of_account(
            request, "info", lambda user: replies.info(self._accounts.account(user))
        )

    def balance(self, request: Request) -> Reply:
        """The account's money in cents."""

        def balance(user: str) -> Any:
            return replies.balance(self._accounts.account(user), self._exchange.locked(user))

        return self._of_account(request, "balance", balance)

    def commission(self, request: Request) -> Reply:
        """The commission on wins: 251 is 2.51 %."""
        return self._of_account(request, "commission", lambda user: replies.ok(tax=COMMISSION))

    def _of_account(self, request: Request, sample: str, reply: Callable[[str], Any]) -> Reply:
        def answer(user: str, fault: Fault | None) -> Any:
            if _token(request) == document.TOKEN:
                return document.REPLIES[sample]
            return reply(user)

        return self._answered(request, "read", answer)

    # --- the sandbox ----------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Let events and traders go on."""
        self._exchange.advance(now, may_settle=self._around.options.auto_settle)
        self._traders.tick(now)

    def settle_all(self, now: float) -> int:
        """Settle every event, the document's own excepted, as if it ended now."""
        return sum(
            self._exchange.settle_event(event, now)
            for event in list(self._exchange.events.values())
            if event.settled_at is None and not event.is_documents
        )

    def dump(self) -> dict[str, Any]:
        """Accounts, events and offers; sessions die with the process."""
        return self._exchange.dump()

    def load(self, kept: dict[str, Any], now: float) -> None:
        """Take up the accounts and the offers, and open the exchange."""
        self._exchange.load(kept)
        self.tick(now)

    def _answered(
        self, request: Request, call: str, answer: Answer, *, signed: bool = True
    ) -> Reply:
        """The answer to a call, or what an order of faults makes of it."""
        if not self._has_key(request):
            return _refused("api_key", status=401)
        user = self._accounts.user(_token(request), time.time())
        if signed and user is None:
            return self._desk.session_refused()
        fault = self._around.faults.draw(self.name, call)
        if fault is None:
            return self._judged(request, call, answer, user or "", None)
        if fault.fault == "session_lost":
            self._accounts.end_sessions()
            return self._desk.session_refused()
        if fault.fault == "reject":
            return _refused(fault.code or "market_suspended")
        taken = fault.taken
        reply = self._judged(request, call, answer, user or "", fault) if taken else json_reply({})
        return disturbed(reply, fault)

    def _judged(
        self, request: Request, call: str, answer: Answer, user: str, fault: Fault | None
    ) -> Reply:
        try:
            with self._exchange.lock:
                return json_reply(answer(user, fault))
        except Refusal as refusal:
            if refusal.client_error:
                self._around.journal.client_error(
                    provider=self.name,
                    call=call,
                    reason=refusal.client_error,
                    body=request.body.decode(errors="replace"),
                )
            return _refused(refusal.name)

    def _has_key(self, request: Request) -> bool:
        given = request.headers.get("x-bfkey", "")
        return given == self._api_key if self._api_key else bool(given)


def _token(request: Request) -> str:
    return request.headers.get("x-bf-session-token", "")


def _number(text: str) -> int:
    """No market or event has a number that is none."""
    return int(text) if text.isdecimal() and len(text) < 20 else -1


def _refused(name: str, *, status: int = 200) -> Reply:
    return json_reply(replies.refused(name), status=status)


SANDBOX = BetflagSandbox
