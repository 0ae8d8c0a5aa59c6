"""The vendor's side of a hosted wallet: take the stake, pay, take back, roll back, and insist.

Source: what GR8 Tech publishes of the seamless wallet; the README of the folder sums it up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from providers.gr8.sandbox.bets import BetBook, TakenBet
from providers.gr8.sandbox.target import Target, Targets
from providers.sandbox import wire
from providers.sandbox.contract import Surroundings
from providers.sandbox.courier import Answer, Callback

TIMEOUT_S = 2.0
DUPLICATES = 3
LONGEST_WAIT_S = 10.0
# A deposit that is refused again and again is given up; a rollback never is.
MOST_ATTEMPTS = 60
ROLLBACK_ENDS = ("decline.parent.notfound", "decline.parent.failed")


@dataclass(frozen=True)
class Transaction:
    """One wallet transaction; `moment` in unix seconds."""

    id: str
    type: str
    reason: str
    amount: Decimal
    parent_id: str = ""
    moment: float = 0


class Vendor:
    """Calls the wallets of the targets."""

    def __init__(self, around: Surroundings, book: BetBook) -> None:
        self._around = around
        self._book = book
        self.targets = Targets()

    # --- the life of a bet ----------------------------------------------------------------------

    def stake(self, bet: TakenBet) -> int:
        """Take the stake. 0 if it was taken or no wallet is called, else an error code."""
        target = self.targets.of(bet.operator_id)
        if target is None:
            return 0
        fault = self._around.faults.draw("gr8", "wallet")
        name = "" if fault is None else fault.fault
        if name == "rollback_first":
            self._tell(bet, _rollback(bet))
        if name == "duplicate_callback":
            for _ in range(DUPLICATES - 1):
                self._tell_later(bet, _stake(bet), insist=False)
        code = self._outcome(bet, self._tell(bet, _stake(bet)))
        if not code and name == "settle_before_reply":
            self._set_status(bet, "accepted")
            self.settle_now(bet, bet.payout(self._around.world.ordered_result))
        if not code and name == "vendor_rollback":
            wait_s = 0.0 if fault is None else fault.seconds
            self._tell_later(bet, _rollback(bet), delay_s=wait_s, then="returned")
        return code

    def settle(self, bet: TakenBet, payout: Decimal) -> None:
        """Pay what a bet won, 0 for nothing, until the wallet has taken it."""
        transaction = self._settlement(bet, payout)
        if transaction is not None:
            self._tell_later(bet, transaction)

    def settle_now(self, bet: TakenBet, payout: Decimal) -> dict[str, Any]:
        """Pay, and wait for the first answer; what is refused is sent again later."""
        transaction = self._settlement(bet, payout)
        return self._report(bet, transaction)

    def settle_by_fault(self, bet: TakenBet, payout: Decimal) -> None:
        """Settle as the faults on order want it."""
        fault = self._around.faults.draw("gr8", "callback")
        if fault is None:
            self.settle(bet, payout)
        elif fault.fault == "duplicate_callback":
            transaction = self._settlement(bet, payout)
            for _ in range(DUPLICATES if transaction else 0):
                self._tell_later(bet, transaction or _stake(bet))
        else:
            other = Decimal(0) if payout else bet.potential
            first = self._settlement(bet, payout)
            second = self._settlement(bet, other, moment=time.time() + max(fault.seconds, 1))
            early, late = (first, second)
            if fault.fault == "callbacks_out_of_order":
                early, late = late, early
            for transaction, wait_s in ((early, 0.0), (late, fault.seconds)):
                if transaction is not None:
                    self._tell_later(bet, transaction, delay_s=wait_s)

    def cancel_settlement(self, bet: TakenBet) -> dict[str, Any]:
        """Take back what the last settlement paid; the bet is open again."""
        number = max(bet.settlements - 1, 0)
        taken_back = Transaction(
            id=f"{bet.bet_id}_cancel_settlement_{number}",
            type="withdrawal",
            reason="cancel settle",
            amount=bet.paid,
            parent_id=f"{bet.bet_id}_settlement_{number}",
            moment=time.time(),
        )
        with self._book.lock:
            bet.paid = Decimal(0)
        self._set_status(bet, "accepted")
        return self._report(bet, taken_back)

    def roll_back(self, bet: TakenBet) -> dict[str, Any]:
        """Give the stake back, and wait for the first answer."""
        self._set_status(bet, "returned")
        return self._report(bet, _rollback(bet))

    def give_back(self, bet: TakenBet) -> None:
        """As `roll_back`, in the background: what was paid goes back first."""
        if bet.status == "settled" and bet.paid:
            self.cancel_settlement(bet)
        self._set_status(bet, "returned")
        self._tell_later(bet, _rollback(bet))

    def send(self, target: Target, player_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send any transaction once, as it is."""
        callback = _callback(target, f"/{player_id}/transactions", wire.dumps(body))
        answer = self._around.courier.send_now(callback)
        return {"sent": {"url": callback.url, "body": body}, "answer": answer.as_json()}

    # --- single calls ---------------------------------------------------------------------------

    def _outcome(self, bet: TakenBet, answer: Answer) -> int:
        """What the answer to a withdrawal means for the placement; unclear ones are undone."""
        if answer.status == 200:
            return 0
        declined = _error_code(answer)
        if answer.status == 400 and declined.startswith(("decline.", "limit.")):
            codes = {"decline.lowbalance": 2, "decline.player.blocked": 63, "limit.exceeded": 100}
            return codes.get(declined, 15)
        self._tell_later(bet, _rollback(bet))
        return 15 if answer.status == 400 else 33

    def _settlement(
        self, bet: TakenBet, payout: Decimal, *, moment: float = 0
    ) -> Transaction | None:
        """The next settlement, written into the book; None if no wallet is called."""
        with self._book.lock:
            number = bet.settlements
            bet.settlements += 1
            bet.paid, bet.settled_at = payout, time.time()
        self._set_status(bet, "settled")
        if self.targets.of(bet.operator_id) is None:
            return None
        return Transaction(
            id=f"{bet.bet_id}_settlement_{number}",
            type="deposit",
            reason="settle",
            amount=payout,
            moment=moment or time.time(),
        )

    def _report(self, bet: TakenBet, transaction: Transaction | None) -> dict[str, Any]:
        target = self.targets.of(bet.operator_id)
        if transaction is None or target is None:
            return {"sent": None, "answer": None}
        answer = self._tell(bet, transaction)
        if not _is_final(transaction, answer):
            self._tell_later(bet, transaction, delay_s=self._around.options.retry_s)
        body = _body(bet, transaction, types=target.types)
        return {"sent": {"url": _address(target, bet), "body": body}, "answer": answer.as_json()}

    def _tell(self, bet: TakenBet, transaction: Transaction) -> Answer:
        """Send it once and ask for the balance afterwards, as gr8 always does."""
        target = self.targets.of(bet.operator_id)
        if target is None:
            return Answer(0, error="no target")
        body = wire.dumps(_body(bet, transaction, types=target.types))
        callback = _callback(target, f"/{bet.player_id}/transactions", body)
        answer = self._around.courier.send_now(callback)
        self._note(bet, transaction, answer)
        self._ask_balance(target, bet)
        return answer

    def _tell_later(
        self,
        bet: TakenBet,
        transaction: Transaction,
        *,
        delay_s: float = 0,
        insist: bool = True,
        then: str = "",
        attempt: int = 1,
    ) -> None:
        """Send it after a while, and again until it is taken or finally refused."""
        target = self.targets.of(bet.operator_id)
        if target is None:
            return
        body = wire.dumps(_body(bet, transaction, types=target.types))

        def on_answer(answer: Answer) -> None:
            self._note(bet, transaction, answer)
            self._ask_balance(target, bet)
            if then:
                self._set_status(bet, then)
            given_up = attempt >= MOST_ATTEMPTS and transaction.type != "rollback"
            if not insist or given_up or _is_final(transaction, answer):
                return
            wait_s = min(self._around.options.retry_s * 2 ** min(attempt - 1, 10), LONGEST_WAIT_S)
            self._tell_later(bet, transaction, delay_s=wait_s, attempt=attempt + 1)

        self._around.courier.schedule(
            _callback(target, f"/{bet.player_id}/transactions", body),
            on_answer=on_answer,
            delay_s=delay_s,
            until_good=False,
        )

    def _ask_balance(self, target: Target, bet: TakenBet) -> None:
        path = f"/{bet.player_id}/balances?currencies={bet.currency}"
        self._around.courier.send_now(_callback(target, path, "", method="GET"))

    def _note(self, bet: TakenBet, transaction: Transaction, answer: Answer) -> None:
        entry = {"at": int(time.time()), "transaction": transaction.id, "type": transaction.type}
        self._book.note(bet, {**entry, "reason": transaction.reason, **answer.as_json()})
        self._around.state.touch()

    def _set_status(self, bet: TakenBet, status: str) -> None:
        with self._book.lock:
            bet.status = status
        self._around.state.touch()


def _stake(bet: TakenBet) -> Transaction:
    return Transaction(id=bet.bet_id, type="withdrawal", reason="bet", amount=bet.amount)


def _rollback(bet: TakenBet) -> Transaction:
    return Transaction(
        id=f"{bet.bet_id}_rollback",
        type="rollback",
        reason="sport rollback",
        amount=bet.amount,
        parent_id=bet.bet_id,
    )


def _body(bet: TakenBet, transaction: Transaction, *, types: str) -> dict[str, Any]:
    """The published body; a repeat is the same, whenever it is sent."""
    seconds = transaction.moment or bet.taken_at
    moment = datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    context: dict[str, Any] = {
        "channel": bet.channel,
        "product": "sportsbook",
        "reason": transaction.reason,
        "betId": bet.bet_id,
    }
    if transaction.parent_id:
        context["parentId"] = transaction.parent_id
    if transaction.reason == "bet":
        context["language"] = "en"
    parts = {"cash": transaction.amount, "locked": Decimal(0), "bonus": Decimal(0)}
    write: Callable[[Decimal], Any] = (lambda part: part) if types == "numbers" else _text
    return {
        "id": transaction.id,
        "currency": bet.currency,
        "platform": "sport",
        "type": transaction.type,
        "createdAt": moment,
        "initiatedAt": moment,
        "context": context,
        "amountBreakdown": {name: write(part) for name, part in parts.items()},
    }


def _text(amount: Decimal) -> str:
    """As `13.9`, without zeros at the end."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _address(target: Target, bet: TakenBet) -> str:
    return f"{target.callback_base}/api/v2/wallet/{bet.player_id}/transactions"


def _callback(target: Target, path: str, body: str, *, method: str = "POST") -> Callback:
    return Callback(
        "gr8",
        f"{target.callback_base}/api/v2/wallet{path}",
        body,
        headers=lambda: {"X-Operator-Id": target.operator_id, "X-Brand": "sandbox"},
        method=method,
        timeout_s=TIMEOUT_S,
    )


def _is_final(transaction: Transaction, answer: Answer) -> bool:
    """Whether there is no use in sending it again."""
    if answer.status == 200:
        return True
    return transaction.type == "rollback" and _error_code(answer) in ROLLBACK_ENDS


def _error_code(answer: Answer) -> str:
    try:
        content = wire.loads(answer.body)
    except ValueError:
        return ""
    error = content.get("error") if isinstance(content, dict) else None
    return str(error.get("code", "")) if isinstance(error, dict) else ""
