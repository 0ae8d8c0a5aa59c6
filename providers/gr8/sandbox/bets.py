"""The bets that were taken: what they are, how they end, and what was said of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from itertools import combinations
from math import comb, prod
from typing import Any

from providers.sandbox.grading import to_cents
from providers.sandbox.world import Offer, Result

KEEP_FINAL_S = 3600
KEEP_AT_MOST = 20_000
KEEP_EXCHANGES = 30
FINAL = ("refused", "settled", "returned")
Ordered = Callable[[str, str], Result | None]


@dataclass
class TakenOutcome:
    """One outcome of an item: what the world calls it, when it is known and how it ends."""

    match_id: str
    code: str
    known_at: float
    result: Result

    @classmethod
    def taken(cls, offer: Offer) -> TakenOutcome:
        """The outcome that this offer is."""
        return cls(offer.match_id, offer.code, offer.ends_at, offer.result)


@dataclass
class TakenItem:
    """One item at its accepted odds; a bet builder has several outcomes."""

    odds: Decimal
    keys: list[str]
    outcomes: list[TakenOutcome]

    @property
    def known_at(self) -> float:
        """When its last outcome is known."""
        return max(outcome.known_at for outcome in self.outcomes)

    def factor(self, ordered: Ordered) -> Decimal:
        """What a stake on it alone is multiplied with: 0 for lost, 1 for void."""
        results = {
            ordered(outcome.match_id, outcome.code) or outcome.result for outcome in self.outcomes
        }
        if "lost" in results:
            return Decimal(0)
        return Decimal(1) if "void" in results else self.odds

    @classmethod
    def load(cls, data: dict[str, Any]) -> TakenItem:
        """The item as it was kept."""
        outcomes = [
            TakenOutcome(**{**one, "known_at": float(one["known_at"])}) for one in data["outcomes"]
        ]
        return cls(Decimal(data["odds"]), list(data["keys"]), outcomes)


@dataclass
class TakenBet:
    """One bet; amounts in major units, times in unix seconds.

    `status` goes placing → accepted → settled | returned, or placing → refused. `settlements`
    counts the results that were told, `paid` is what the last one pays.
    """

    bet_id: str
    transaction_id: str
    player_id: str
    operator_id: str
    currency: str
    amount: Decimal
    bet_type: str
    system_size: int
    is_overask: bool
    channel: str
    items: list[TakenItem]
    request: dict[str, Any]
    taken_at: float
    status: str = "placing"
    settlements: int = 0
    paid: Decimal = Decimal(0)
    settled_at: float | None = None
    exchanges: list[dict[str, Any]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many items one combination has."""
        return self.system_size if self.bet_type == "System" else len(self.items)

    @property
    def potential(self) -> Decimal:
        """What it pays if everything wins."""
        return self._pays([item.odds for item in self.items])

    @property
    def odds(self) -> Decimal:
        """The accepted odds of the bet as a whole."""
        if self.bet_type == "System":
            return to_cents(self.potential / self.amount)
        return to_cents(prod((item.odds for item in self.items), start=Decimal(1)))

    @property
    def known_at(self) -> float:
        """When its last item is known."""
        return max(item.known_at for item in self.items)

    def payout(self, ordered: Ordered) -> Decimal:
        """What it pays by the results of its items."""
        return self._pays([item.factor(ordered) for item in self.items])

    def _pays(self, factors: list[Decimal]) -> Decimal:
        combined = sum(
            (prod(chosen, start=Decimal(1)) for chosen in combinations(factors, self.size)),
            Decimal(0),
        )
        return to_cents(self.amount * combined / comb(len(factors), self.size))

    @classmethod
    def load(cls, data: dict[str, Any]) -> TakenBet:
        """The bet as it was kept in the state file."""
        exact: dict[str, Any] = {name: Decimal(data[name]) for name in ("amount", "paid")}
        exact["items"] = [TakenItem.load(item) for item in data["items"]]
        exact["taken_at"] = float(data["taken_at"])
        exact["settled_at"] = None if data["settled_at"] is None else float(data["settled_at"])
        return cls(**{**data, **exact})


class BetBook:
    """All bets that are kept, by their id."""

    def __init__(self) -> None:
        self._bets: dict[str, TakenBet] = {}
        self._transactions: set[str] = set()
        self.lock = threading.RLock()

    def open(self, bet: TakenBet) -> bool:
        """Write a bet into the book; False if its transaction was there before."""
        with self.lock:
            if bet.transaction_id in self._transactions or bet.bet_id in self._bets:
                return False
            self._bets[bet.bet_id] = bet
            self._transactions |= {bet.transaction_id} - {""}
            return True

    def find(self, bet_id: str) -> TakenBet | None:
        """The bet with that id."""
        return self._bets.get(bet_id.lower())

    def all(self, *statuses: str) -> list[TakenBet]:
        """The bets in these states, oldest first; all of them if none is named."""
        with self.lock:
            return [bet for bet in self._bets.values() if not statuses or bet.status in statuses]

    def due(self, *, now: float) -> list[TakenBet]:
        """The accepted bets whose items are all known."""
        return [bet for bet in self.all("accepted") if bet.known_at <= now]

    def note(self, bet: TakenBet, entry: dict[str, Any]) -> None:
        """Keep one exchange with the wallet."""
        with self.lock:
            bet.exchanges = [*bet.exchanges, entry][-KEEP_EXCHANGES:]

    def forget_old(self, *, now: float) -> bool:
        """Drop what has been final for more than an hour; says whether there was any."""
        with self.lock:
            old = [bet for bet in self.all(*FINAL) if now - bet.taken_at > KEEP_FINAL_S]
            surplus = len(self._bets) - len(old) - KEEP_AT_MOST
            for bet in [*old, *self.all(*FINAL)[: max(surplus, 0)]]:
                self._bets.pop(bet.bet_id, None)
        return bool(old)

    def listing(self) -> list[dict[str, Any]]:
        """All bets as a person reads them, newest first."""
        with self.lock:
            return [listed(bet) for bet in reversed(self._bets.values())]

    def dump(self) -> dict[str, Any]:
        """All bets and known transactions as JSON."""
        with self.lock:
            bets = [asdict(bet) for bet in self._bets.values()]
            return {"bets": bets, "transactions": sorted(self._transactions)}

    def load(self, kept: dict[str, Any]) -> None:
        """Take up the bets of an earlier run."""
        bets: Iterable[TakenBet] = map(TakenBet.load, kept.get("bets", []))
        with self.lock:
            self._bets.update((bet.bet_id, bet) for bet in bets)
            self._transactions |= set(kept.get("transactions", []))


def listed(bet: TakenBet) -> dict[str, Any]:
    """One bet as a person reads it."""
    return {**asdict(bet), "odds": bet.odds, "potential": bet.potential}
