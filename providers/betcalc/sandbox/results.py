"""Sends the results of coupons to `{remote_host}/api/bet/result`, and the ones that are ordered.

Source: documents/betcalc.txt, the section on coupon results.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from providers.betcalc.sandbox.bets import BetBook, TakenBet, head, other_result
from providers.sandbox import wire
from providers.sandbox.contract import Surroundings
from providers.sandbox.courier import Answer, Callback
from providers.sandbox.faults import Fault
from providers.sandbox.fields import Fields
from providers.sandbox.messages import BadOrderError

RESULT_PATH = "/api/bet/result"
DUPLICATES = 3


class ResultDesk:
    """Turns results into callbacks; `lower_case` writes their names as some clients saw them."""

    def __init__(self, around: Surroundings, book: BetBook) -> None:
        self._around = around
        self._book = book
        self.lower_case = False

    def announce(self, bets: Iterable[TakenBet]) -> None:
        """Send what was just settled: one callback for each remote_host, with all its heads."""
        by_host = sorted(bets, key=_host)
        for _, group in groupby(by_host, key=_host):
            self._announce_together(list(group))

    def _announce_together(self, bets: list[TakenBet]) -> None:
        fault = self._around.faults.draw("betcalc", "callback")
        if fault is None:
            self._schedule(bets, [bet.head for bet in bets])
        elif fault.fault == "duplicate_callback":
            for _ in range(DUPLICATES):
                self._schedule(bets, [bet.head for bet in bets])
        else:
            self._announce_twice(bets, fault)

    def _announce_twice(self, bets: list[TakenBet], fault: Fault) -> None:
        """Two results that differ. The newer is the one that counts, whichever goes first."""
        now, apart_s = int(time.time()), max(int(fault.seconds), 1)
        firsts = [bet.head for bet in bets]
        if fault.fault == "callbacks_out_of_order":
            thens = self._others(bets, now - apart_s)
        else:
            thens = self._others(bets, now + apart_s)
            self._note_final(bets, thens)
        self._schedule(bets, firsts)
        self._schedule(bets, thens, delay_s=fault.seconds)

    def _others(self, bets: list[TakenBet], date_receive: int) -> list[dict[str, Any]]:
        return [other_result(bet, bet.head or {}, date_receive=date_receive) for bet in bets]

    def _note_final(self, bets: list[TakenBet], heads: list[dict[str, Any]]) -> None:
        with self._book.lock:
            for bet, final in zip(bets, heads, strict=True):
                bet.head = final

    def _schedule(
        self, bets: list[TakenBet], heads: Sequence[dict[str, Any] | None], *, delay_s: float = 0
    ) -> None:
        callback = self.callback(bets[0].remote_host, [entry for entry in heads if entry])
        self._around.courier.schedule(
            callback, delay_s=delay_s, on_answer=lambda answer: self._note(bets, callback, answer)
        )

    def _note(self, bets: Iterable[TakenBet], callback: Callback, answer: Answer) -> None:
        for bet in bets:
            self._book.note_callback(bet, callback, answer, time.time())
        self._around.state.touch()

    def callback(self, remote_host: str, heads: list[dict[str, Any]]) -> Callback:
        """The documented body, to the address that is made by appending plain text."""
        body: Any = {"remote_host": remote_host, "Heads": heads}
        if self.lower_case:
            body = _lower_case(body)
        return Callback("betcalc", remote_host + RESULT_PATH, wire.dumps(body))

    def send_ordered(self, fields: Fields) -> dict[str, Any]:
        """Send what the order says, at once; the first answer is waited for and returned."""
        copies = fields.integer("copies", 1, minimum=1)
        entries = self._ordered_entries(fields)
        fields.done()
        bets = [bet for bet, _, _ in entries if bet is not None]
        self._settle_ordered(entries)
        callback = self.callback(entries[0][1], [result for _, _, result in entries])
        for _ in range(copies - 1):
            self._repeat(bets, callback, delay_s=0)
        answer = self._around.courier.send_now(callback)
        self._note(bets, callback, answer)
        if not answer.is_good:
            self._repeat(bets, callback, delay_s=self._around.options.retry_s)
        return {
            "sent": {"url": callback.url, "body": wire.loads(callback.body)},
            "answer": answer.as_json(),
        }

    def _settle_ordered(self, entries: list[tuple[TakenBet | None, str, dict[str, Any]]]) -> None:
        """An ordered result replaces the one that the coupon would have got by itself."""
        for bet, _, result in entries:
            if bet is not None:
                self._book.settle(bet, result, now=time.time())

    def _repeat(self, bets: list[TakenBet], callback: Callback, *, delay_s: float) -> None:
        self._around.courier.schedule(
            callback, delay_s=delay_s, on_answer=lambda answer: self._note(bets, callback, answer)
        )

    def _ordered_entries(self, fields: Fields) -> list[tuple[TakenBet | None, str, dict[str, Any]]]:
        """Coupon, remote_host and head of each entry; all go to the remote_host of the first."""
        target = fields.text("remote_host", "")
        if "heads" not in fields:
            return [self._ordered_entry(fields, target)]
        entries = []
        for number, data in enumerate(fields.listed("heads")):
            one = Fields(data, name=f"heads[{number}]")
            entries.append(self._ordered_entry(one, target))
            one.done()
        return entries

    def _ordered_entry(
        self, fields: Fields, target: str
    ) -> tuple[TakenBet | None, str, dict[str, Any]]:
        bet, bet_code = self._ordered_bet(fields, target)
        status = fields.integer("status")
        ext_status = fields.integer("ext_status", 0)
        usual = bet.potential if bet is not None and status == 2 else "0"
        if bet is not None and ext_status == 1:
            usual = bet.amount
        result = head(
            bet_code=bet_code,
            id=bet.id if bet is not None else "1",
            status=status,
            ext_status=ext_status,
            amount_out=fields.decimal("amount_out", usual),
            date_receive=str(fields.integer("date_receive", int(time.time()))),
        )
        return bet, target or (bet.remote_host if bet is not None else ""), result

    def _ordered_bet(self, fields: Fields, target: str) -> tuple[TakenBet | None, str]:
        """A code that nobody knows may be sent too, if the order says where to."""
        if "betcode" in fields:
            bet_code = fields.text("betcode")
            bet = self._book.find(bet_code)
            if bet is None and not target:
                raise BadOrderError("betcode", "is not known; give remote_host to send it anyway")
            return bet, bet_code
        bet = self._book.newest_for(fields.text("remote_host_contains"))
        if bet is None:
            raise BadOrderError("remote_host_contains", "matches no coupon")
        return bet, bet.bet_code


def _host(bet: TakenBet) -> str:
    return bet.remote_host


def _lower_case(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _lower_case(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_lower_case(item) for item in value]
    return value
