"""The simulated gr8: tokens, bets, quotes, returns, players, and a wallet that it calls.

It shares no code with `protocol`. Source: documents/gr8.txt, and for the wallet what GR8 Tech
publishes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from providers.gr8.sandbox import offers, replies
from providers.gr8.sandbox.asked import FieldsError, check_headers
from providers.gr8.sandbox.bets import BetBook, TakenBet, listed
from providers.gr8.sandbox.counter import Counter, RefusedError
from providers.gr8.sandbox.players import PlayerDesk
from providers.gr8.sandbox.target import read_target
from providers.gr8.sandbox.tokens import TokenDesk
from providers.gr8.sandbox.tokens import refused as token_refused
from providers.gr8.sandbox.vendor import Vendor
from providers.sandbox import wire
from providers.sandbox.contract import Surroundings
from providers.sandbox.faults import (
    CALLBACK_FAULTS,
    TRANSPORT_FAULTS,
    Fault,
    FaultPoints,
    disturbed,
)
from providers.sandbox.fields import Fields, fields_of
from providers.sandbox.messages import BadOrderError, Reply, Request, Routes, json_reply

ACCOUNT_HEADERS = ("X-Operator-Id", "X-Brand")
PLAYER_HEADERS = (*ACCOUNT_HEADERS, "X-Player-Id", "X-Player-Currency", "X-Channel")
ANSWERED = TRANSPORT_FAULTS | {"reject", "unauthorized", "rate_limited"}
RATE_LIMITED_S = 1.0
USUAL_CODE = "15"
DEMO_OPERATOR = "demo-operator"


class Gr8Sandbox:
    """One gr8; settings are `client_id`, `client_secret` and `token`, and those of a target."""

    name = "gr8"
    at_root = False
    fault_points: FaultPoints = {
        "place": ANSWERED | {"odds_changed", "overask"},
        "callback": CALLBACK_FAULTS,
        "wallet": frozenset(
            {"rollback_first", "settle_before_reply", "duplicate_callback", "vendor_rollback"}
        ),
        "token": TRANSPORT_FAULTS | {"reject"},
        "quote": ANSWERED,
        "return": ANSWERED,
        "limits": ANSWERED,
        "register": ANSWERED,
    }
    fault_words: ClassVar[Mapping[str, str]] = {
        "duplicate_callback": "The settlement, or at wallet the stake, comes three times at once.",
        "odds_changed": "Refused, for other odds.",
        "overask": "Refused for a stake above the limit that may be asked for as an overask.",
        "rate_limited": "429 with Retry-After.",
        "rollback_first": "The rollback of a stake comes before the stake.",
        "settle_before_reply": "The settlement comes before the answer to the placement.",
        "unauthorized": "Every token is forgotten, and the call is answered 401.",
        "vendor_rollback": "Seconds after the stake was taken, it is rolled back.",
    }
    reject_codes = frozenset(map(str, replies.ERROR_CODES))
    demo_settings: Mapping[str, str] = {
        "token_url": "{sandbox}/gr8/oauth/token",
        "operator_id": DEMO_OPERATOR,
        "brand": "demo-brand",
        "wallet_mode": "seamless",
    }
    demo_secrets: Mapping[str, str] = {"client_id": "slipdesk", "client_secret": "demo-secret"}
    # Other accounts have other operators, and the demo's wallet knows none of their bets.
    demo_target: Mapping[str, str] = {"operator_id": DEMO_OPERATOR}

    def __init__(self, around: Surroundings, settings: Mapping[str, Any]) -> None:
        self._around = around
        self._book = BetBook()
        self._vendor = Vendor(around, self._book)
        self._tokens = TokenDesk(settings)
        self._players = PlayerDesk()
        self._counter = Counter(around, self._book, self._players)
        if settings.get("callback_base"):
            self._vendor.targets.set(read_target({"callback_base": settings["callback_base"]}))

    @property
    def routes(self) -> Routes:
        """The provider's own wire."""
        return {
            ("POST", "/oauth/token"): self.give_token,
            ("POST", "/v1/sport/v1/bet"): self.place,
            ("POST", "/v1/sport/mts/v1/bet"): self.place_without_delay,
            ("POST", "/v1/sport/v1/bet/max-amount"): self.quote,
            ("PUT", "/v1/sport/v1/bet/return/{bet}"): self.return_bet,
            ("PUT", "/v1/sport/v1/players/{player}/limits"): self.set_limits,
            ("POST", "/v1/pam/v1/registration/iframe"): self.register,
        }

    @property
    def order_routes(self) -> Routes:
        """The orders of gr8 alone."""
        return {
            ("PUT", "/target"): self.set_target,
            ("POST", "/target"): self.set_target,
            ("GET", "/target"): self.show_target,
            ("DELETE", "/target"): self.drop_target,
            ("GET", "/offer"): self.list_offers,
            ("GET", "/bets"): self.list_bets,
            ("GET", "/players"): self.list_players,
            ("POST", "/settle"): self.order_settlement,
            ("POST", "/cancel_settle"): self.order_cancelled_settlement,
            ("POST", "/rollback"): self.order_rollback,
            ("POST", "/transaction"): self.order_transaction,
            ("POST", "/tokens/lose"): self.lose_tokens,
            ("POST", "/settings"): self.change_settings,
        }

    # --- the wire -------------------------------------------------------------------------------

    def give_token(self, request: Request) -> Reply:
        """Exchange a client's id and secret for a token (OAuth2 client credentials)."""
        fault = self._around.faults.draw(self.name, "token")
        if fault is not None and fault.fault == "reject":
            return token_refused()
        answer = self._tokens.give(request)
        return disturbed(answer, fault) if fault else answer

    def place(self, request: Request) -> Reply:
        """Take a bet or refuse it, after the delay of the line."""
        return self._answered(request, "place", PLAYER_HEADERS, self._place)

    def place_without_delay(self, request: Request) -> Reply:
        """Take a bet or refuse it, without the delay of the line."""
        return self._answered(request, "place", PLAYER_HEADERS, self._place)

    def quote(self, request: Request) -> Reply:
        """The highest stake for a bet."""
        return self._answered(request, "quote", PLAYER_HEADERS, self._quote)

    def return_bet(self, request: Request) -> Reply:
        """Void a bet; where a wallet is called, that gives the stake back."""
        headers = (*ACCOUNT_HEADERS, "Comment")
        return self._answered(request, "return", headers, self._return)

    def set_limits(self, request: Request) -> Reply:
        """Set a player's multipliers, from the query or the body."""
        headers = (*ACCOUNT_HEADERS, "Comment")
        return self._answered(
            request, "limits", headers, lambda it, fault: self._players.set_limits(it)
        )

    def register(self, request: Request) -> Reply:
        """Learn of a player."""
        headers = (*ACCOUNT_HEADERS, "Comment")
        return self._answered(
            request, "register", headers, lambda it, fault: self._players.register(it)
        )

    # --- the orders -----------------------------------------------------------------------------

    def set_target(self, request: Request) -> Reply:
        """Whose wallet to call: {"callback_base", "operator_id"?, "types"?}."""
        data = _order(request)
        self._vendor.targets.set(read_target(data))
        self._around.state.touch()
        return self.show_target(request)

    def show_target(self, request: Request) -> Reply:
        """Whose wallets are called now."""
        return json_reply({"targets": self._vendor.targets.shown()})

    def drop_target(self, request: Request) -> Reply:
        """Call no wallet any more: bets are taken and settled without one."""
        self._vendor.targets.drop()
        self._around.state.touch()
        return self.show_target(request)

    def list_offers(self, request: Request) -> Reply:
        """What can be bet on, by gr8's ids and keys, and by the ids of /_sandbox/outcomes."""
        return json_reply({"offers": list(offers.listed(self._around.world, now=time.time()))})

    def list_bets(self, request: Request) -> Reply:
        """The bets, newest first, with what the wallet answered (?bet_id= for one)."""
        bet_id = request.argument("bet_id")
        bets = [listed(self._bet(bet_id))] if bet_id else self._book.listing()
        return json_reply({"bets": bets})

    def list_players(self, request: Request) -> Reply:
        """The players that were registered, and the multipliers that were set."""
        return json_reply(self._players.dump())

    def order_settlement(self, request: Request) -> Reply:
        """Settle now: {"bet_id", "payout" | "result": "won|lost|refunded"}; may be repeated."""
        fields = fields_of(request)
        bet = self._bet(fields.text("bet_id"))
        payout = _ordered_payout(fields, bet)
        fields.done()
        return json_reply(self._vendor.settle_now(bet, payout))

    def order_cancelled_settlement(self, request: Request) -> Reply:
        """Take the last settlement back: {"bet_id"}."""
        return json_reply(self._vendor.cancel_settlement(self._only_bet(request)))

    def order_rollback(self, request: Request) -> Reply:
        """Roll the stake back: {"bet_id"}."""
        return json_reply(self._vendor.roll_back(self._only_bet(request)))

    def order_transaction(self, request: Request) -> Reply:
        """Send any wallet transaction once: {"player", "transaction": {…}, "operator_id"?}."""
        data = _order(request)
        fields = Fields(data)
        operator_id = fields.text("operator_id", "")
        targets = self._vendor.targets
        target = targets.of(operator_id) if operator_id else targets.usual()
        if target is None:
            raise BadOrderError("target", "is not set: PUT /_sandbox/gr8/target first")
        if not isinstance(data.get("transaction"), dict):
            raise BadOrderError("transaction", "is not a JSON object")
        return json_reply(self._vendor.send(target, fields.text("player"), data["transaction"]))

    def lose_tokens(self, request: Request) -> Reply:
        """Forget every token, so that the next calls are answered 401."""
        return json_reply({"lost": self._tokens.lose(), "given_out": self._tokens.given_out})

    def change_settings(self, request: Request) -> Reply:
        """How long tokens live and how high stakes may be: {"token_life_s"?, "max_bet"?}."""
        fields = fields_of(request)
        life_s = fields.seconds("token_life_s", str(self._tokens.life_s))
        most = fields.decimal("max_bet", self._counter.most)
        fields.done()
        self._tokens.life_s, self._counter.most = life_s, most
        return json_reply({"token_life_s": str(life_s), "max_bet": most})

    # --- what the sandbox asks of it ------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Settle the bets whose results are known."""
        if self._around.options.auto_settle:
            self._settle(self._book.due(now=now))
        if self._book.forget_old(now=now):
            self._around.state.touch()

    def settle_all(self, now: float) -> int:
        """Settle every accepted bet now."""
        bets = self._book.all("accepted")
        self._settle(bets)
        return len(bets)

    def dump(self) -> dict[str, Any]:
        """All bets, players and targets; tokens die with the process."""
        return {
            **self._book.dump(),
            **self._players.dump(),
            "targets": self._vendor.targets.shown(),
        }

    def load(self, kept: dict[str, Any], now: float) -> None:
        """Take up what an earlier run kept; a target given at the start goes before a kept one."""
        self._book.load(kept)
        self._players.load(kept)
        for target in kept.get("targets", []):
            if self._vendor.targets.of(target.get("operator_id", "")) is None:
                self._vendor.targets.set(read_target(target))

    # --------------------------------------------------------------------------------------------

    def _answered(
        self,
        request: Request,
        call: str,
        headers: tuple[str, ...],
        work: Callable[[Request, Fault | None], Reply],
    ) -> Reply:
        """Check token and headers, do the work, and let a fault happen to the answer."""
        if not self._tokens.is_good(request):
            return replies.unauthorized()
        fault = self._around.faults.draw(self.name, call)
        if fault is not None and fault.fault == "unauthorized":
            self._tokens.lose()
            return replies.unauthorized()
        if fault is not None and fault.fault == "rate_limited":
            return replies.too_many(fault.seconds)
        if fault is not None and not fault.taken:
            return disturbed(json_reply({}), fault)
        try:
            remarks = check_headers(request.headers, headers)
            answer = self._rejected(request, fault) or work(request, fault)
        except FieldsError as error:
            remarks = [str(error)]
            answer = replies.wrong_fields(error.errors)
        for remark in remarks:
            self._note_client_error(call, remark, request.body.decode(errors="replace"))
        return disturbed(answer, fault) if fault else answer

    def _rejected(self, request: Request, fault: Fault | None) -> Reply | None:
        if fault is None or fault.fault != "reject":
            return None
        code = int(fault.code or USUAL_CODE)
        return self._counter.refusal(code, [0], currency=request.headers.get("x-player-currency"))

    def _place(self, request: Request, fault: Fault | None) -> Reply:
        try:
            bet = self._counter.take(request, fault, self._remark)
        except RefusedError as refusal:
            return refusal.reply
        if bet is None:
            return json_reply(replies.SAMPLE_RESPONSE)
        code = self._vendor.stake(bet)
        if bet.status == "placing":
            with self._book.lock:
                bet.status = "refused" if code else "accepted"
        self._around.state.touch()
        return (
            self._counter.refusal(code, [], currency=bet.currency)
            if code
            else (replies.accepted(bet))
        )

    def _quote(self, request: Request, fault: Fault | None) -> Reply:
        try:
            return self._counter.quote(request, self._remark)
        except RefusedError as refusal:
            return refusal.reply

    def _return(self, request: Request, fault: Fault | None) -> Reply:
        bet_id = request.params["bet"]
        bet = self._counter.returnable(bet_id)
        if bet.status != "returned":
            self._vendor.give_back(bet)
        return json_reply({})

    def _settle(self, bets: list[TakenBet]) -> None:
        for bet in bets:
            payout = bet.payout(self._around.world.ordered_result)
            self._vendor.settle_by_fault(bet, payout)

    def _bet(self, bet_id: str) -> TakenBet:
        bet = self._book.find(bet_id)
        if bet is None:
            raise BadOrderError("bet_id", "is not known")
        return bet

    def _only_bet(self, request: Request) -> TakenBet:
        fields = fields_of(request)
        bet = self._bet(fields.text("bet_id"))
        fields.done()
        return bet

    def _remark(self, reason: str, body: str) -> None:
        self._note_client_error("place", reason, body)

    def _note_client_error(self, call: str, reason: str, body: str) -> None:
        self._around.journal.client_error(provider=self.name, call=call, reason=reason, body=body)


def _order(request: Request) -> dict[str, Any]:
    try:
        data = wire.loads(request.body)
    except ValueError as error:
        raise BadOrderError("body", "is not JSON") from error
    if not isinstance(data, dict):
        raise BadOrderError("body", "is not a JSON object")
    return data


def _ordered_payout(fields: Fields, bet: TakenBet) -> Decimal:
    if "payout" in fields:
        return fields.decimal("payout")
    result = fields.choice("result", ("won", "lost", "refunded"))
    return {"won": bet.potential, "refunded": bet.amount}.get(result, Decimal(0))


SANDBOX = Gr8Sandbox
