"""The vendor's side of a bet slip: place it, settle it, cancel it, and remember what was said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from providers.betflex.sandbox.bodies import FlexBet
from providers.betflex.sandbox.target import Target
from providers.sandbox import wire
from providers.sandbox.contract import Surroundings
from providers.sandbox.courier import Answer, Callback

KEEP_FINAL_S = 3600
KEEP_EXCHANGES = 20
DUPLICATES = 3
FINAL = ("refused", "settled", "cancelled")


class Vendor:
    """All bet slips that are kept, and the calls about them."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._bets: dict[int, FlexBet] = {}
        self._last_uid = 0
        self.target: Target | None = None
        self.lock = threading.RLock()

    def next_uid(self) -> int:
        """A number that no earlier run has given out: microseconds, never the same twice."""
        with self.lock:
            self._last_uid = max(self._last_uid + 1, time.time_ns() // 1000)
            return self._last_uid

    def place(self, target: Target, bets: list[FlexBet]) -> dict[str, Any]:
        """Ask the wallet for the stakes of these bets in one call, and act on its answer."""
        with self.lock:
            for bet in bets:
                # A uid that is ordered again must not overwrite the bet that has it.
                self._bets.setdefault(bet.uid, bet)
        fault = self._around.faults.draw("betflex", "bets")
        if fault is not None and fault.fault == "callbacks_out_of_order":
            for bet in bets:
                self._send(target, "/bets/cancel", target.writer.cancel(bet), [bet])
        body = target.writer.bets(bets)
        if fault is not None and fault.fault == "duplicate_callback":
            for _ in range(DUPLICATES - 1):
                self._send_later(target, "/bets", body, bets, until_good=False)
        said = self._send(target, "/bets", body, bets)
        for bet in bets:
            self._conclude(target, bet, said)
        return _report(target.callback_base + "/bets", body, said)

    def settle(self, target: Target, bet: FlexBet, *, result: str, payout: Decimal) -> None:
        """Settle through /winners, until the wallet has taken it."""
        self._set_result(bet, result, payout)
        fault = self._around.faults.draw("betflex", "winners")
        copies = DUPLICATES if fault and fault.fault == "duplicate_callback" else 1
        for _ in range(copies):
            self._send_later(target, "/winners", target.writer.winners(bet), [bet])
        if fault is not None and fault.fault == "changed_result_later":
            changed = "lost" if payout > 0 else "won"
            self._set_result(bet, changed, bet.due_payout(changed))
            body = target.writer.winners(bet)
            self._send_later(target, "/winners", body, [bet], delay_s=fault.seconds)

    def settle_now(
        self, target: Target, bet: FlexBet, *, result: str, payout: Decimal
    ) -> dict[str, Any]:
        """Settle and wait for the first answer; what is refused is sent again later."""
        self._set_result(bet, result, payout)
        return self._insist(target, "/winners", target.writer.winners(bet), bet)

    def cancel_now(self, target: Target, bet: FlexBet) -> dict[str, Any]:
        """Cancel and wait for the first answer; what is refused is sent again later."""
        self._set_status(bet, "cancelled")
        return self._insist(target, "/bets/cancel", target.writer.cancel(bet), bet)

    def due(self, *, now: float) -> list[FlexBet]:
        """The accepted bets whose settlement is due."""
        return [
            bet
            for bet in self.all("accepted")
            if bet.settle_at is not None and bet.settle_at <= now
        ]

    def all(self, *statuses: str) -> list[FlexBet]:
        """The bets in these states, oldest first; all of them if none is named."""
        with self.lock:
            return [bet for bet in self._bets.values() if not statuses or bet.status in statuses]

    def find(self, uid: int) -> FlexBet | None:
        """The bet with that uid."""
        return self._bets.get(uid)

    def forget_old(self, *, now: float) -> None:
        """Drop what has been final for more than an hour."""
        with self.lock:
            for bet in self.all(*FINAL):
                if now - bet.placed_at > KEEP_FINAL_S:
                    del self._bets[bet.uid]

    def dump(self) -> list[dict[str, Any]]:
        """All bets as JSON."""
        with self.lock:
            return [asdict(bet) for bet in self._bets.values()]

    def load(self, kept: list[dict[str, Any]]) -> None:
        """Take up the bets of an earlier run, and insist on what was not acknowledged."""
        with self.lock:
            self._bets.update((bet.uid, bet) for bet in map(FlexBet.load, kept))
        if (target := self.target) is None:
            return
        for bet in self.all("settled"):
            if not bet.acknowledged:
                self._send_later(target, "/winners", target.writer.winners(bet), [bet])
        for bet in self.all("placing", "cancelled"):
            if not bet.acknowledged:
                self._withdraw(target, bet)

    def _conclude(self, target: Target, bet: FlexBet, said: Answer) -> None:
        """Yes, no, or nothing that can be read: then the slip is cancelled, to be safe."""
        if said.status == 200 and not _names_error(said.body):
            self._set_status(bet, "accepted")
        elif _is_refusal(said):
            self._set_status(bet, "refused")
        else:
            self._withdraw(target, bet)

    def _withdraw(self, target: Target, bet: FlexBet) -> None:
        self._set_status(bet, "cancelled")
        self._send_later(target, "/bets/cancel", target.writer.cancel(bet), [bet])

    def _set_status(self, bet: FlexBet, status: str) -> None:
        with self.lock:
            bet.status, bet.acknowledged = status, status == "refused"
        self._around.state.touch()

    def _set_result(self, bet: FlexBet, result: str, payout: Decimal) -> None:
        with self.lock:
            bet.result, bet.payout = result, payout
        self._set_status(bet, "settled")

    def _insist(
        self, target: Target, path: str, body: dict[str, Any], bet: FlexBet
    ) -> dict[str, Any]:
        said = self._send(target, path, body, [bet])
        if not said.is_good:
            wait_s = self._around.options.retry_s
            self._send_later(target, path, body, [bet], delay_s=wait_s)
        return _report(target.callback_base + path, body, said)

    def _send(self, target: Target, path: str, body: dict[str, Any], bets: list[FlexBet]) -> Answer:
        callback = _callback(target, path, body)
        said = self._around.courier.send_now(callback)
        self._noting(callback, bets)(said)
        return said

    def _send_later(
        self,
        target: Target,
        path: str,
        body: dict[str, Any],
        bets: list[FlexBet],
        *,
        delay_s: float = 0,
        until_good: bool = True,
    ) -> None:
        callback = _callback(target, path, body)
        self._around.courier.schedule(
            callback,
            on_answer=self._noting(callback, bets),
            delay_s=delay_s,
            until_good=until_good,
        )

    def _noting(self, callback: Callback, bets: list[FlexBet]) -> Callable[[Answer], None]:
        def note(said: Answer) -> None:
            entry = {"at": int(time.time()), "url": callback.url, **said.as_json()}
            with self.lock:
                for bet in bets:
                    bet.exchanges = [*bet.exchanges, entry][-KEEP_EXCHANGES:]
                    final = bet.status in FINAL
                    bet.acknowledged = bet.acknowledged or (final and said.is_good)
            self._around.state.touch()

        return note


def _callback(target: Target, path: str, body: dict[str, Any]) -> Callback:
    url = target.callback_base + path
    return Callback("betflex", url, wire.dumps(body), headers=target.headers)


def _names_error(body: str) -> bool:
    """200 with an `error` key is a refusal all the same."""
    try:
        content = wire.loads(body)
    except ValueError:
        return False
    return isinstance(content, dict) and "error" in content


def _is_refusal(said: Answer) -> bool:
    """A no from the wallet, or a call that never reached one."""
    if "NewConnectionError" in said.error or "not a loopback address" in said.error:
        return True
    return 400 <= said.status < 500 or said.status == 200


def _report(url: str, body: dict[str, Any], said: Answer) -> dict[str, Any]:
    return {"sent": {"url": url, "body": body}, "answer": said.as_json()}
