"""The simulated betcalc: login, placements, results. It shares no code with `protocol.py`.

Source: documents/betcalc.txt; what the page beside it adds is said where it is used.
"""

from __future__ import annotations

import os
import secrets
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qs

from providers.betcalc.sandbox.bets import BetBook, TakenBet, listed
from providers.betcalc.sandbox.coupon import (
    ERROR_CODES,
    AskedBet,
    AskedCoupon,
    RefusedError,
    price,
    read_coupon,
)
from providers.betcalc.sandbox.replies import accepted, changed, refused
from providers.betcalc.sandbox.results import ResultDesk
from providers.sandbox import wire
from providers.sandbox.contract import Surroundings
from providers.sandbox.faults import (
    CALLBACK_FAULTS,
    TRANSPORT_FAULTS,
    Fault,
    FaultPoints,
    disturbed,
)
from providers.sandbox.fields import fields_of
from providers.sandbox.grading import Leg
from providers.sandbox.messages import BadOrderError, Reply, Request, Routes, json_reply
from providers.sandbox.world import Offer

THREE_MONTHS_S = 90 * 24 * 3600
COOKIES = ("ASP.NET_SessionId", "BCServiceAuth")
MESSAGE_BY_NUMBER = {
    "1": "error_wrong_bet_data",
    "3": "error_exist_bet",
    "99": "Invalid access level",
}
# How far ordered odds move: 4.27 becomes 4.52, whatever was asked for.
MOVE = Decimal("0.25")


class BetcalcSandbox:
    """One betcalc service; settings are `login` and `password`, empty for "any but wrong"."""

    name = "betcalc"
    at_root = True
    fault_points: FaultPoints = {
        "place": TRANSPORT_FAULTS | {"reject", "odds_changed", "session_lost"},
        "callback": CALLBACK_FAULTS,
        "login": TRANSPORT_FAULTS | {"reject"},
    }
    fault_words: ClassVar[Mapping[str, str]] = {
        "odds_changed": "The first selection's odds are 0.25 higher for this call.",
        "session_lost": "Every session is forgotten, and the call is refused for it.",
    }
    reject_codes = frozenset(ERROR_CODES) | frozenset(MESSAGE_BY_NUMBER)
    demo_secrets: Mapping[str, str] = {"login": "slipdesk", "password": "demo"}

    def __init__(self, around: Surroundings, settings: Mapping[str, Any]) -> None:
        self._around = around
        self._login = str(settings.get("login", ""))
        self._password = str(settings.get("password", ""))
        self._sessions: set[tuple[str, ...]] = set()
        self._nesting = "flat"
        self._book = BetBook(around.world)
        self._results = ResultDesk(around, self._book)

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        """Whose logins are good; without them all but the password `wrong`."""
        environment = os.environ
        parser.add_argument("--betcalc-login", default=environment.get("BETCALC_LOGIN", ""))
        parser.add_argument("--betcalc-password", default=environment.get("BETCALC_PASSWORD", ""))

    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> dict[str, Any]:
        """The credentials."""
        return {name: options[f"betcalc_{name}"] for name in ("login", "password")}

    @property
    def routes(self) -> Routes:
        """The service's own wire."""
        return {
            ("POST", "/WebServices/BCService.asmx/LogIn/"): self.log_in,
            ("POST", "/bet/place/"): self.place,
            ("POST", "/loadbars/"): self.load_bars,
        }

    @property
    def order_routes(self) -> Routes:
        """The orders of betcalc alone."""
        return {
            ("POST", "/settings"): self.change_settings,
            ("POST", "/results"): self.order_results,
            ("POST", "/sessions/lose"): self.lose_sessions,
            ("GET", "/bets"): self.list_bets,
        }

    def log_in(self, request: Request) -> Reply:
        """Open a session and hand out its cookies; a failure is 200 with an empty `d`."""
        fault = self._around.faults.draw(self.name, "login")
        login, password = _credentials(request)
        good = self._may_log_in(login, password) and not (fault and fault.fault == "reject")
        answer = self._open_session() if good else json_reply({"d": {}})
        return disturbed(answer, fault) if fault else answer

    def place(self, request: Request) -> Reply:
        """Take a coupon or refuse it; faults strike only calls that have a session."""
        if not self._has_session(request):
            return self._refused("Invalid access level")
        fault = self._around.faults.draw(self.name, "place")
        if fault is None:
            return self._judged(request, None)
        if fault.fault == "session_lost":
            self._sessions.clear()
            return self._refused("Invalid access level")
        if fault.fault == "reject":
            return self._refused(_message(fault.code))
        answer = self._judged(request, fault) if fault.taken else json_reply({})
        return disturbed(answer, fault)

    def load_bars(self, request: Request) -> Reply:
        """Answer the undocumented poll: what is known of the coupons in `links`."""
        if not self._has_session(request):
            return self._refused("Invalid access level")
        try:
            links = wire.loads(request.body)["links"]
            bets = [bet for link in links if (bet := self._book.find(str(link)))]
        except (ValueError, KeyError, TypeError):
            return self._refused("error_wrong_bet_data")
        heads = [bet.head for bet in bets if bet.head]
        remote_host = bets[0].remote_host if bets else ""
        return json_reply([{"remote_host": remote_host, "Heads": heads}])

    def change_settings(self, request: Request) -> Reply:
        """How answers look: {"nesting": "flat"|"nested", "casing": "documented"|"lower"}."""
        fields = fields_of(request)
        usual = "lower" if self._results.lower_case else "documented"
        nesting = fields.choice("nesting", ("flat", "nested"), self._nesting)
        casing = fields.choice("casing", ("documented", "lower"), usual)
        fields.done()
        self._nesting, self._results.lower_case = nesting, casing == "lower"
        return json_reply({"nesting": nesting, "casing": casing})

    def order_results(self, request: Request) -> Reply:
        """Send a result now: {"betcode"|"remote_host_contains", "status", "ext_status", ...}."""
        return json_reply(self._results.send_ordered(fields_of(request)))

    def lose_sessions(self, request: Request) -> Reply:
        """Forget every session, as a restart of the service does."""
        lost = len(self._sessions)
        self._sessions.clear()
        return json_reply({"lost": lost})

    def list_bets(self, request: Request) -> Reply:
        """The taken coupons, newest first, with request and callbacks (?betcode= for one)."""
        bet_code = request.argument("betcode")
        if not bet_code:
            return json_reply({"bets": self._book.listing()})
        bet = self._book.find(bet_code)
        if bet is None:
            raise BadOrderError("betcode", "is not known")
        with self._book.lock:
            return json_reply({"bets": [listed(bet)]})

    def tick(self, now: float) -> None:
        """Send the results that are decided."""
        if self._around.options.auto_settle:
            self._announce(self._book.settle_due(now=now))
        if self._book.forget_old(now=now):
            self._around.state.touch()

    def settle_all(self, now: float) -> int:
        """Settle every open coupon, as if its matches ended now."""
        settled = self._book.settle_due(now=now, at_once=True)
        self._announce(settled)
        return len(settled)

    def dump(self) -> dict[str, Any]:
        """All coupons; sessions die with the process, as the document says."""
        return {"bets": self._book.dump()}

    def load(self, kept: dict[str, Any], now: float) -> None:
        """Take up the coupons, and send again what nobody acknowledged."""
        self._book.load(kept.get("bets", []))
        self._results.announce(self._book.undelivered())

    def _announce(self, bets: list[TakenBet]) -> None:
        if bets:
            self._results.announce(bets)
            self._around.state.touch()

    def _may_log_in(self, login: str, password: str) -> bool:
        if self._login or self._password:
            return (login, password) == (self._login, self._password)
        return bool(login) and bool(password) and password != "wrong"  # noqa: S105

    def _open_session(self) -> Reply:
        values = tuple(secrets.token_hex(16) for _ in COOKIES)
        self._sessions.add(values)
        attributes = f"Path=/; Max-Age={THREE_MONTHS_S}; HttpOnly"
        cookies = tuple(
            ("Set-Cookie", f"{name}={value}; {attributes}")
            for name, value in zip(COOKIES, values, strict=True)
        )
        return json_reply({"d": {"UserId": "36557"}}, headers=cookies)

    def _has_session(self, request: Request) -> bool:
        cookies = request.cookies
        return tuple(cookies.get(name, "") for name in COOKIES) in self._sessions

    def _judged(self, request: Request, fault: Fault | None) -> Reply:
        """The service's own answer to a placement."""
        try:
            return self._take(read_coupon(request.body), fault)
        except RefusedError as refusal:
            if refusal.client_error:
                self._note_client_error(refusal.client_error, request.body.decode(errors="replace"))
            return self._refused(refusal.message)

    def _take(self, asked: AskedCoupon, fault: Fault | None) -> Reply:
        for remark in asked.remarks:
            self._note_client_error(remark, wire.dumps(asked.data))
        now = time.time()
        offers = [price(bet, self._around.world, now=now) for bet in asked.bets]
        if fault is not None and fault.fault == "odds_changed":
            offers[0] = _moved(offers[0], asked.bets[0])
        pairs = list(zip(asked.bets, offers, strict=True))
        if not asked.accepts_changes and any(bet.odds != offer.odds for bet, offer in pairs):
            return json_reply(changed(pairs))
        legs = [Leg.taken(offer, odds=offer.odds) for offer in offers]
        bet = self._book.take(asked, legs, now=now)
        self._around.state.touch()
        return json_reply(accepted(bet, asked.bets, offers, nested=self._nesting == "nested"))

    def _refused(self, message: str) -> Reply:
        return json_reply(refused(message, nested=self._nesting == "nested"))

    def _note_client_error(self, reason: str, body: str) -> None:
        self._around.journal.client_error(
            provider=self.name, call="place", reason=reason, body=body
        )


def _message(code: str) -> str:
    """The refusal that a fault asks for, by message or by fullErrorCode; blocked if it is open."""
    return MESSAGE_BY_NUMBER.get(code, code) or "error_block_bet_data"


def _moved(offer: Offer, asked: AskedBet) -> Offer:
    """The offer at odds that surely differ from the ones asked for."""
    return replace(offer, odds=max(asked.odds, offer.odds) + MOVE)


def _credentials(request: Request) -> tuple[str, str]:
    """Login and password from a JSON body or a form."""
    try:
        data = wire.loads(request.body)
    except ValueError:
        form = parse_qs(request.body.decode(errors="replace"))
        data = {name: values[0] for name, values in form.items()}
    if not isinstance(data, dict):
        return "", ""
    login, password = data.get("login"), data.get("password")
    # The document wants both as strings; a number is a failed login.
    if not isinstance(login, str) or not isinstance(password, str):
        return "", ""
    return login, password


SANDBOX = BetcalcSandbox
