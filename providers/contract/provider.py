"""The provider itself: what it declares, what it can do, and what it may read of an account."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from providers.contract.answers import (
    ConnectionReport,
    Deed,
    KeepReference,
    Placement,
    Quoted,
    Rejected,
)
from providers.contract.inbound import (
    Inbound,
    Outcome,
    Parsed,
    Refused,
    Reply,
    Route,
    Settle,
)
from providers.contract.slips import BetSlip, OpenBet, PlayerProfile, SlipForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A setting or a secret that an account of this provider may have.

    `check` is one of `text`, `url`, `outgoing_url` (an address that we call, so it may not lead
    into our own network), `ip_list`, `hours`, `choice` (one of `choices`) and `pattern` (all of
    the value matches the regular expression `pattern`). `fixed_while_open` says that coupons
    were placed under it and are read by it: it cannot be changed while any of them is open.
    """

    name: str
    label: str
    help: str
    check: str = "text"
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    pattern: str = ""
    fixed_while_open: bool = False


class Capability(StrEnum):
    """What a provider can do. Each beyond the first three is a protocol below."""

    PLACE = "place"
    WALLET = "wallet"
    RESULTS = "results"
    QUOTE = "quote"
    RETURN = "return"
    LIMITS = "limits"
    REGISTER = "register"
    RESOLVE = "resolve"
    COMPLETE = "complete"
    TELLS_STAKE = "tells_stake"
    POLL = "poll"
    EXCHANGE = "exchange"


class AccountView(Protocol):
    """What a provider may read of the account it works for."""

    @property
    def id(self) -> UUID: ...
    @property
    def code(self) -> str: ...
    @property
    def base_url(self) -> str: ...
    def setting(self, name: str) -> str: ...
    def secret(self, name: str) -> str: ...
    def secret_values(self) -> tuple[str, ...]: ...


class Provider(Protocol):
    """A betting provider. `providers/registry.py` holds one of each."""

    name: str
    title: str
    capabilities: frozenset[Capability]
    slip_form: SlipForm
    knows_players_by_our_id: bool
    settings: tuple[Declared, ...]
    secrets: tuple[Declared, ...]
    routes: tuple[Route, ...]

    def check_slip(self, account: AccountView, slip: BetSlip) -> Rejected | None:
        """Refuse, before anything is sent, what this provider can never take."""

    def place(
        self, account: AccountView, slip: BetSlip, *, deadline_s: float, keep: KeepReference
    ) -> Placement:
        """Place a bet and say what became of it. Never raises for what a provider answers.

        A provider that learns the bet's id before the bet is binding calls `keep` with it first.
        """

    def test(self, account: AccountView) -> ConnectionReport:
        """Try the connection and the credentials without placing anything."""

    def warnings(self, account: AccountView) -> tuple[str, ...]:
        """What is allowed in the account's settings but probably not meant."""

    def verify(self, account: AccountView, request: Inbound) -> None:
        """Raise `NotVerified` unless the request is from the provider."""

    def parse(self, account: AccountView, request: Inbound) -> Parsed:
        """Read a request. Raises `MalformedPayload` or `WrongShape`."""

    def reply(self, request: Inbound, outcomes: Sequence[Outcome]) -> Reply:
        """The answer that the vendor expects for these outcomes, in the order of the commands."""

    def refusal(self, error: Refused) -> Reply:
        """The answer to a request that was refused before it was acted on."""


class Quotes(Protocol):
    def quote(self, account: AccountView, slip: BetSlip, *, deadline_s: float) -> Quoted:
        """The highest stake that this slip could have now. Nothing is placed."""


class Returns(Protocol):
    def return_bet(
        self, account: AccountView, bet: OpenBet, *, reason: str, deadline_s: float
    ) -> Deed:
        """Void a bet at the provider."""

    def wallet_moves_money(self, account: AccountView) -> bool:
        """Whether the provider gives the stake back by a call to the wallet that we host."""


class Limits(Protocol):
    def set_limits(
        self,
        account: AccountView,
        player: PlayerProfile,
        *,
        prematch: Decimal,
        live: Decimal,
        reason: str,
        deadline_s: float,
    ) -> Deed:
        """Set a player's limit multipliers. A repeat sets the same again."""


class Registers(Protocol):
    def register(
        self, account: AccountView, player: PlayerProfile, *, reason: str, deadline_s: float
    ) -> Deed:
        """Tell the provider of a player. A player whom it knows already is `Done`."""


class Resolves(Protocol):
    def resolve_after_s(self, account: AccountView) -> float:
        """How long after its placement a bet without a clear answer is first asked about."""

    def resolve(self, account: AccountView, bet: OpenBet, *, deadline_s: float) -> Placement:
        """Find out what became of a bet. `Rejected` only if it certainly does not exist."""


class TellsStake(Protocol):
    def told_stake(self, account: AccountView, stake: Decimal) -> Decimal:
        """The stake that the provider is told for ours, by the account's settings as they are now.

        It is kept with the coupon, and what comes later is read with it, whatever is set by then.
        """


class Completes(Protocol):
    def complete(self, account: AccountView, command: Settle, *, deadline_s: float) -> Settle:
        """Ask the provider for the amounts of an incomplete result.

        Raises `Incomplete` where it gives no clear answer now.
        """


class Polls(Protocol):
    def polls(self, account: AccountView) -> bool:
        """Whether the account's settings allow to ask for results that did not come."""

    def poll(
        self, account: AccountView, references: Sequence[str], *, deadline_s: float
    ) -> tuple[Settle, ...]:
        """The results of these bets, as far as the provider has any by now.

        Raises `Incomplete` where it gives no clear answer.
        """


class Incomplete(Exception):
    """The provider could not be asked for what a result leaves out. Try again later."""
