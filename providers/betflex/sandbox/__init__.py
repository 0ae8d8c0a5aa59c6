"""The simulated betflex: it calls wallets, by itself and on order.

It shares no code with `protocol.py`. Source: documents/betflex.txt.
"""

from __future__ import annotations

import threading
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from random import Random
from typing import Any, ClassVar

from providers.betflex.sandbox.bodies import FlexBet, rounded
from providers.betflex.sandbox.target import Target, read_target, read_user
from providers.betflex.sandbox.vendor import Vendor
from providers.sandbox import wire
from providers.sandbox.contract import Surroundings
from providers.sandbox.faults import FaultPoints
from providers.sandbox.fields import Fields, fields_of
from providers.sandbox.messages import BadOrderError, Reply, Request, Routes, json_reply

RESULTS = ("won", "lost", "refunded")
OWN_BETS_AT_ONCE = 4


class BetflexSandbox:
    """One betflex vendor; settings are those of a target, or empty to wait for the order."""

    name = "betflex"
    at_root = False
    fault_points: FaultPoints = {
        "winners": frozenset({"duplicate_callback", "changed_result_later"}),
        "bets": frozenset({"duplicate_callback", "callbacks_out_of_order"}),
    }
    fault_words: ClassVar[Mapping[str, str]] = {
        "callbacks_out_of_order": "/bets/cancel comes before its /bets.",
        "changed_result_later": "A settlement, and seconds later another one.",
    }
    reject_codes: frozenset[str] = frozenset()
    demo_users = True

    def __init__(self, around: Surroundings, settings: Mapping[str, Any]) -> None:
        self._around = around
        self._vendor = Vendor(around)
        self._vendor.target = read_target(settings) if settings else None
        self._next_own_bet_at = 0.0
        self._own_bets = threading.BoundedSemaphore(OWN_BETS_AT_ONCE)

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        """The target; without its address it is set over HTTP."""
        parser.add_argument("--betflex-callback-base", help="the wallet that betflex calls")
        parser.add_argument(
            "--betflex-user", action="append", default=[], type=read_user, metavar="UID:CURRENCY"
        )
        parser.add_argument("--betflex-bets-per-minute", default="4")
        parser.add_argument("--betflex-jwt-key", default="")

    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> dict[str, Any]:
        """The target, or nothing."""
        if not options["betflex_callback_base"]:
            return {}
        return {
            "callback_base": options["betflex_callback_base"],
            "users": options["betflex_user"],
            "bets_per_minute": options["betflex_bets_per_minute"],
            "jwt_key": options["betflex_jwt_key"],
        }

    @property
    def routes(self) -> Routes:
        """None: this vendor only calls."""
        return {}

    @property
    def order_routes(self) -> Routes:
        """The orders of betflex alone."""
        return {
            ("PUT", "/target"): self.set_target,
            ("GET", "/target"): self.show_target,
            ("DELETE", "/target"): self.drop_target,
            ("POST", "/bet"): self.order_bet,
            ("POST", "/settle"): self.order_settlement,
            ("POST", "/cancel"): self.order_cancellation,
            ("GET", "/bets"): self.list_bets,
        }

    def set_target(self, request: Request) -> Reply:
        """Whom to bet for: {"callback_base", "users": [{"uid", "currency"}], "jwt_key"?, ...}."""
        try:
            data = wire.loads(request.body)
        except ValueError as error:
            raise BadOrderError("body", "is not JSON") from error
        if not isinstance(data, dict):
            raise BadOrderError("body", "is not a JSON object")
        self._vendor.target = read_target(data)
        self._next_own_bet_at = 0.0
        self._around.state.touch()
        return self.show_target(request)

    def show_target(self, request: Request) -> Reply:
        """Whom this vendor bets for now."""
        target = self._vendor.target
        return json_reply({"target": target.shown() if target else None})

    def drop_target(self, request: Request) -> Reply:
        """Bet for nobody any more; what is open is still settled when there is a target again."""
        self._vendor.target = None
        self._around.state.touch()
        return self.show_target(request)

    def order_bet(self, request: Request) -> Reply:
        """Place a bet now: {"uid", "amount", "currency", "odds"?, "result"?, "settle_after_s"?}."""
        fields = fields_of(request)
        target = self._target()
        if "bets" in fields:
            bets = [self._ordered_bet(Fields(one)) for one in fields.listed("bets")]
            fields.done()
        else:
            bets = [self._ordered_bet(fields)]
        report = self._vendor.place(target, bets)
        statuses = [{"bet_uid": bet.uid, "status": bet.status} for bet in bets]
        return json_reply({**statuses[0], "bets": statuses, **report})

    def order_settlement(self, request: Request) -> Reply:
        """Settle now: {"bet_uid", "payout" | "result"}; may be repeated with another payout."""
        fields = fields_of(request)
        bet = self._named_bet(fields)
        if "payout" in fields:
            payout = fields.decimal("payout")
            result = fields.text("result", _word(bet, payout))
        else:
            result = fields.choice("result", RESULTS)
            payout = bet.due_payout(result)
        fields.done()
        return json_reply(
            self._vendor.settle_now(self._target(), bet, result=result, payout=payout)
        )

    def order_cancellation(self, request: Request) -> Reply:
        """Cancel now: {"bet_uid"}; an unknown one needs uid, amount and currency too."""
        fields = fields_of(request)
        bet = self._named_bet(fields)
        fields.done()
        return json_reply(self._vendor.cancel_now(self._target(), bet))

    def list_bets(self, request: Request) -> Reply:
        """The bets, newest first, with what was answered (?bet_uid= for one)."""
        wanted = request.argument("bet_uid")
        with self._vendor.lock:
            bets = [asdict(bet) for bet in reversed(self._vendor.all())]
        return json_reply({"bets": [bet for bet in bets if wanted in ("", str(bet["uid"]))]})

    def tick(self, now: float) -> None:
        """Settle what is due, and place the next bet of its own when the pace says so."""
        target = self._vendor.target
        if target is None:
            return
        if self._around.options.auto_settle:
            for bet in self._vendor.due(now=now):
                self._settle(target, bet)
        self._vendor.forget_old(now=now)
        if target.users and target.bets_per_minute > 0 and now >= self._next_own_bet_at:
            self._next_own_bet_at = now + 60 / float(target.bets_per_minute)
            self._place_own(target, now)

    def settle_all(self, now: float) -> int:
        """Settle every accepted bet now."""
        bets = self._vendor.all("accepted")
        target = self._vendor.target
        if target is None:
            return 0
        for bet in bets:
            self._settle(target, bet)
        return len(bets)

    def dump(self) -> dict[str, Any]:
        """The target and all bets."""
        target = self._vendor.target
        return {"target": asdict(target) if target else None, "bets": self._vendor.dump()}

    def load(self, kept: dict[str, Any], now: float) -> None:
        """Take up bets and target; a target given at the start goes before the kept one."""
        if self._vendor.target is None and kept.get("target"):
            self._vendor.target = read_target(kept["target"])
        self._vendor.load(kept.get("bets", []))

    def _settle(self, target: Target, bet: FlexBet) -> None:
        self._vendor.settle(target, bet, result=bet.result, payout=bet.due_payout(bet.result))

    def _target(self) -> Target:
        if self._vendor.target is None:
            raise BadOrderError("target", "is not set: PUT /_sandbox/betflex/target first")
        return self._vendor.target

    def _ordered_bet(self, fields: Fields) -> FlexBet:
        rng = self._around.world.next_draw("betflex order")
        odds = fields.decimal("odds", "2.00", minimum="1.01")
        settles = fields.boolean("settle", True)
        after_s = fields.seconds("settle_after_s", str(self._wait_s(rng)))
        now = time.time()
        bet = FlexBet(
            uid=fields.integer("bet_uid", self._vendor.next_uid()),
            pool_uid=fields.integer("pool_uid", self._vendor.next_uid()),
            user_uid=fields.text("uid"),
            amount=fields.decimal("amount"),
            currency=fields.text("currency"),
            odds=odds,
            result=fields.choice("result", RESULTS, _drawn_result(rng, odds)),
            placed_at=now,
            settle_at=now + after_s if settles else None,
        )
        fields.done()
        return bet

    def _named_bet(self, fields: Fields) -> FlexBet:
        """The bet of that uid; described in full, one that was never placed will do too."""
        uid = fields.integer("bet_uid")
        bet = self._vendor.find(uid)
        if bet is not None:
            return bet
        if "uid" not in fields:
            raise BadOrderError("bet_uid", "is not known; give uid, amount and currency with it")
        return FlexBet(
            uid=uid,
            pool_uid=self._vendor.next_uid(),
            user_uid=fields.text("uid"),
            amount=fields.decimal("amount"),
            currency=fields.text("currency"),
            odds=fields.decimal("odds", "2.00", minimum="1.01"),
            result="lost",
            placed_at=time.time(),
            settle_at=None,
        )

    def _place_own(self, target: Target, now: float) -> None:
        """In a thread of its own, since a wallet may be slow; too many waiting ones skip a turn."""
        if not self._own_bets.acquire(blocking=False):
            return
        bet = self._own_bet(target, now)
        threading.Thread(target=self._run_own_bet, args=(target, bet), daemon=True).start()

    def _run_own_bet(self, target: Target, bet: FlexBet) -> None:
        try:
            self._vendor.place(target, [bet])
        finally:
            self._own_bets.release()

    def _own_bet(self, target: Target, now: float) -> FlexBet:
        rng = self._around.world.next_draw("betflex")
        user = rng.choice(target.users)
        odds = Decimal(rng.randint(120, 600)) / 100
        return FlexBet(
            uid=self._vendor.next_uid(),
            pool_uid=self._vendor.next_uid(),
            user_uid=user.uid,
            amount=rounded(Decimal(rng.randint(100, 1000)) / 100, user.currency),
            currency=user.currency,
            odds=odds,
            result=_drawn_result(rng, odds),
            placed_at=now,
            settle_at=now + self._wait_s(rng),
        )

    def _wait_s(self, rng: Random) -> float:
        return rng.uniform(0.4, 1.0) * self._around.options.match_s


def _drawn_result(rng: Random, odds: Decimal) -> str:
    """A bet wins about as often as its odds say; one in twenty is refunded."""
    if rng.random() < 0.05:
        return "refunded"
    return "won" if rng.random() * float(odds) < 0.95 else "lost"


def _word(bet: FlexBet, payout: Decimal) -> str:
    if payout == 0:
        return "lost"
    return "refunded" if payout == bet.amount else "won"


SANDBOX = BetflexSandbox
