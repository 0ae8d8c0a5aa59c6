"""A betting exchange: people bet with each other, against offers that lie in a market's book.

Amounts are in major units of the account's currency; odds are decimal odds. `side` is `back`
(the selection wins) or `lay` (it does not). The liability of a back is its stake, that of a lay
its stake times the odds less one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from providers.contract.answers import Deed, NotSent, Rejected, Unknown
from providers.contract.provider import AccountView


class Side(StrEnum):
    BACK = "back"
    LAY = "lay"


class Menu(StrEnum):
    """Which events are listed."""

    ALL = "all"
    LIVE = "live"
    UPCOMING_LIVE = "upcoming_live"


class OfferStatus(StrEnum):
    OPEN = "open"
    PARTLY_MATCHED = "partly_matched"
    MATCHED = "matched"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`starts_at` has its zone; `sport` and `competition` are names."""

    id: str
    name: str
    sport: str
    competition: str
    starts_at: datetime | None
    markets: tuple["Market", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    id: str
    name: str
    event_id: str = ""
    version: int | None = None
    selections: tuple["MarketSelection", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSelection:
    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What can be taken at these odds."""

    odds: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSelection:
    """Best price first. `back` is what somebody who backs can take."""

    id: str
    label: str
    back: tuple[Price, ...]
    lay: tuple[Price, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """`status` is `open`, `suspended` or the provider's own code; `live_delay_s` in seconds."""

    market_id: str
    version: int
    status: str
    selections: tuple[BookSelection, ...]
    live_delay_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOffer:
    selection_id: str
    side: Side
    odds: Decimal
    stake: Decimal

    @property
    def liability(self) -> Decimal:
        return self.stake if self.side is Side.BACK else self.stake * (self.odds - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferSlip:
    """Offers for one market, placed together. A `market_version` of 0 means any.

    `keep_in_play`: they stay when the market goes live. `keep_on_suspension`: they stay when a
    live market is suspended.
    """

    market_id: str
    market_version: int
    keep_in_play: bool
    keep_on_suspension: bool
    offers: tuple[NewOffer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedOffer:
    """An offer that the exchange took, in the order of the slip; `matched` is part of its stake."""

    reference: str
    matched: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    offers: tuple[PlacedOffer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnOffer:
    """One of the account's own offers as the exchange has it now."""

    reference: str
    selection_id: str
    side: Side
    odds: Decimal
    stake: Decimal
    matched: Decimal
    status: OfferStatus
    average_matched_odds: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A part of an own offer that met another's."""

    reference: str
    selection_id: str
    side: Side
    odds: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What the account can lose on a market, in all and by the selection that would win.

    A result is positive where the account would win.
    """

    market_id: str
    worst: Decimal
    results: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Funds:
    currency: str
    balance: Decimal
    free: Decimal
    locked: Decimal
    fun: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The person in whose name the account is: personal data, shown by permission, never logged."""

    facts: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The references of the offers whose unmatched part is gone."""

    references: tuple[str, ...]


OfferPlacement = Placed | Rejected | NotSent | Unknown
OfferCancellation = Cancelled | Rejected | NotSent | Unknown


class ReadRefused(Exception):
    """A question was not answered. `code` is neutral, `message` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Exchange(Protocol):
    """What a provider with `Capability.EXCHANGE` does. The reads raise `ReadRefused`."""

    def events(
        self, account: AccountView, menu: Menu, *, deadline_s: float
    ) -> tuple[Event, ...]: ...

    def event_markets(self, account: AccountView, event_id: str, *, deadline_s: float) -> Event: ...

    def book(
        self, account: AccountView, market_id: str, *, depth: int, deadline_s: float
    ) -> Book: ...

    def exposure(self, account: AccountView, market_id: str, *, deadline_s: float) -> Exposure: ...

    def own_offers(
        self, account: AccountView, market_id: str, *, deadline_s: float
    ) -> tuple[OwnOffer, ...]:
        """All of the account's offers on a market, whatever their state."""

    def open_offers(
        self, account: AccountView, market_id: str, *, deadline_s: float
    ) -> tuple[OwnOffer, ...]: ...

    def matches(
        self, account: AccountView, market_id: str, *, deadline_s: float
    ) -> tuple[Match, ...]: ...

    def check_offers(self, account: AccountView, slip: OfferSlip) -> Rejected | None:
        """Refuse, before anything is sent, what the account's settings do not allow."""

    def place_offers(
        self, account: AccountView, slip: OfferSlip, *, deadline_s: float
    ) -> OfferPlacement: ...

    def cancel_offers(
        self,
        account: AccountView,
        market_id: str,
        references: Sequence[str],
        *,
        deadline_s: float,
    ) -> OfferCancellation: ...

    def cancel_unmatched(
        self, account: AccountView, market_id: str, *, deadline_s: float
    ) -> OfferCancellation:
        """Cancel every unmatched offer of the account on a market, whoever asked for it."""

    def funds(self, account: AccountView, *, deadline_s: float) -> Funds: ...

    def commission_percent(self, account: AccountView, *, deadline_s: float) -> Decimal: ...

    def holder(self, account: AccountView, *, deadline_s: float) -> Holder: ...

    def keep_alive(self, account: AccountView, *, deadline_s: float) -> Deed: ...

    def log_out(self, account: AccountView, *, deadline_s: float) -> Deed: ...
