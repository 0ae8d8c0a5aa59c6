"""The coupons that were taken: what they are, what they come to, and what was said of them."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Literal

from providers.betcalc.sandbox.coupon import AskedCoupon
from providers.sandbox.courier import Answer, Callback
from providers.sandbox.grading import Grade, Leg, coefficient, grade, to_cents
from providers.sandbox.world import World

KEEP_SETTLED_S = 3600
KEEP_AT_MOST = 20_000
KEEP_CALLBACKS = 20
# The alphabet of the document's BarCodes: x9c52i8411, 75vz48t935.
BET_CODE_ALPHABET = string.ascii_lowercase + string.digits


@dataclass
class TakenBet:
    """One coupon; `amount` in major units, times in unix seconds, `head` the newest result."""

    bet_code: str
    id: str
    remote_host: str
    amount: Decimal
    legs: list[Leg]
    request: dict[str, Any]
    taken_at: float
    settled_at: float | None = None
    head: dict[str, Any] | None = None
    acknowledged: bool = False
    callbacks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def coefficient(self) -> Decimal:
        """The accepted odds of the coupon."""
        return coefficient(self.legs)

    @property
    def potential(self) -> Decimal:
        """What it pays if everything wins."""
        return to_cents(self.amount * self.coefficient)

    @classmethod
    def load(cls, data: dict[str, Any]) -> TakenBet:
        """The coupon as it was kept in the state file."""
        settled_at = data["settled_at"]
        exact = {
            "amount": Decimal(data["amount"]),
            "legs": [Leg.load(leg) for leg in data["legs"]],
            "taken_at": float(data["taken_at"]),
            "settled_at": None if settled_at is None else float(settled_at),
        }
        return cls(**{**data, **exact})


class BetBook:
    """All coupons that are kept, by their code."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._bets: dict[str, TakenBet] = {}
        self.lock = threading.RLock()

    def take(self, asked: AskedCoupon, legs: list[Leg], *, now: float) -> TakenBet:
        """Write a coupon into the book under a new code."""
        # Codes come from real chance: a restart with the same seed must not repeat one.
        code = "".join(secrets.choice(BET_CODE_ALPHABET) for _ in range(10))
        bet = TakenBet(
            bet_code=code,
            id=str(secrets.randbelow(900_000_000) + 100_000_000),
            remote_host=asked.remote_host,
            amount=asked.amount,
            legs=legs,
            request=asked.data,
            taken_at=now,
        )
        with self.lock:
            self._bets[code] = bet
        return bet

    def settle_due(self, *, now: float, at_once: bool = False) -> list[TakenBet]:
        """Settle what is decided by now, or everything; returns the coupons it settled."""
        settled = []
        with self.lock:
            for bet in self.open():
                known_by = max(leg.known_at for leg in bet.legs) if at_once else now
                result = grade(bet.legs, now=max(now, known_by), ordered=self._world.ordered_result)
                if result is not None:
                    self.settle(bet, head_of(bet, result, now=now), now=now)
                    settled.append(bet)
        return settled

    def settle(self, bet: TakenBet, head: dict[str, Any], *, now: float) -> None:
        """Note a result that is about to be sent; it is not acknowledged yet."""
        with self.lock:
            bet.settled_at, bet.head, bet.acknowledged = now, head, False

    def note_callback(self, bet: TakenBet, callback: Callback, answer: Answer, at: float) -> None:
        """Keep one attempt to deliver a result, and its answer."""
        entry = {"at": int(at), "url": callback.url, "sent": callback.body, **answer.as_json()}
        with self.lock:
            bet.callbacks = [*bet.callbacks, entry][-KEEP_CALLBACKS:]
            bet.acknowledged = bet.acknowledged or answer.is_good

    def open(self) -> list[TakenBet]:
        """The coupons without a result."""
        return [bet for bet in self._all() if bet.settled_at is None]

    def undelivered(self) -> list[TakenBet]:
        """The coupons whose result nobody has acknowledged."""
        return [bet for bet in self._all() if bet.head is not None and not bet.acknowledged]

    def find(self, bet_code: str) -> TakenBet | None:
        """The coupon with that code."""
        return self._bets.get(bet_code)

    def newest_for(self, remote_host_part: str) -> TakenBet | None:
        """The newest coupon whose remote_host contains this."""
        matching = [bet for bet in self._all() if remote_host_part in bet.remote_host]
        return matching[-1] if matching else None

    def forget_old(self, *, now: float) -> bool:
        """Drop what was settled more than an hour ago; says whether there was any."""
        with self.lock:
            old = [
                bet.bet_code
                for bet in self._bets.values()
                if bet.settled_at is not None and now - bet.settled_at > KEEP_SETTLED_S
            ]
            surplus = len(self._bets) - len(old) - KEEP_AT_MOST
            settled = [bet.bet_code for bet in self._bets.values() if bet.settled_at is not None]
            for code in {*old, *settled[: max(surplus, 0)]}:
                del self._bets[code]
        return bool(old)

    def dump(self) -> list[dict[str, Any]]:
        """All coupons as JSON."""
        with self.lock:
            return [asdict(bet) for bet in self._bets.values()]

    def load(self, kept: Iterable[dict[str, Any]]) -> None:
        """Take up the coupons of an earlier run."""
        with self.lock:
            self._bets.update((data["bet_code"], TakenBet.load(data)) for data in kept)

    def listing(self) -> list[dict[str, Any]]:
        """All coupons as a person reads them, newest first."""
        with self.lock:
            return [listed(bet) for bet in reversed(self._bets.values())]

    def _all(self) -> list[TakenBet]:
        with self.lock:
            return list(self._bets.values())


def listed(bet: TakenBet) -> dict[str, Any]:
    """One coupon as a person reads it."""
    status: Literal["open", "settled"] = "open" if bet.settled_at is None else "settled"
    facts = asdict(bet)
    return {
        "betcode": facts.pop("bet_code"),
        "status": status,
        "coefficient": bet.coefficient,
        "potential": bet.potential,
        **facts,
    }


def head_of(bet: TakenBet, result: Grade, *, now: float) -> dict[str, Any]:
    """The entry of `Heads` for a result; void legs give 2/1 with the reduced amount."""
    amount_out = to_cents(bet.amount * result.coefficient)
    status, ext_status = {"won": (2, 0), "lost": (4, 0), "reduced": (2, 1)}[result.result]
    return head(
        bet_code=bet.bet_code,
        id=bet.id,
        status=status,
        ext_status=ext_status,
        amount_out=Decimal(0) if result.result == "lost" else amount_out,
        date_receive=str(int(now)),
    )


def other_result(bet: TakenBet, head: dict[str, Any], *, date_receive: int) -> dict[str, Any]:
    """A head that contradicts the given one: a win becomes a loss, anything else a win."""
    won = head["Status"] == 2 and head["ExtStatus"] == 0
    result = Grade("lost", Decimal(0)) if won else Grade("won", bet.coefficient)
    return head_of(bet, result, now=date_receive)


def head(
    *, bet_code: str, id: str, status: int, ext_status: int, amount_out: Decimal, date_receive: str
) -> dict[str, Any]:
    """One entry of `Heads` in the document's spelling; DateReceive in unix seconds."""
    return {
        "KeyHead": {"Id": id, "BarCode": bet_code},
        "Status": status,
        "ExtStatus": ext_status,
        "AmountOut": amount_out,
        "DateReceive": date_receive,
    }
