"""All that the rest of Slipdesk knows of a betting provider, in both directions.

Outgoing: neutral values (a `BetSlip` in, a `Placement` out). Inbound: a provider's request is
verified and parsed into commands (`Debit`, `Settle`, `Cancel`, ...), which the inbox carries out,
and whose outcomes the provider turns into the reply that its vendor expects.

Amounts are `Decimal` in major units of the currency beside them; odds are decimal odds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, Protocol
from uuid import UUID

# The longest identifiers that are kept. A longer one on the wire is nobody's.
LONGEST_REFERENCE = 100
LONGEST_GAME = 40
LONGEST_PLAYER_UID = 64


class CouponType(StrEnum):
    SINGLE = "single"
    EXPRESS = "express"
    SYSTEM = "system"


class OddsPolicy(StrEnum):
    """Which change of odds the player accepts without being asked again."""

    NONE = "none"
    RISE = "rise"
    ANY = "any"


# --- outgoing -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    event_id: str
    selection: str
    odds: Decimal
    is_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BetSlip:
    """A coupon as a provider needs it. `callback_url` is this coupon's own address."""

    coupon_id: UUID
    player_id: UUID
    player_uid: str
    type: CouponType
    system_size: int | None
    stake: Decimal
    currency: str
    odds_policy: OddsPolicy
    selections: tuple[Selection, ...]
    callback_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider took the bet.

    `odds` are the accepted total odds and `item_odds` those of each selection, `None` where the
    provider does not say. `potential_payout` is in the coupon's currency.
    """

    reference: str
    odds: Decimal | None = None
    item_odds: tuple[Decimal | None, ...] = ()
    potential_payout: Decimal | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedOdds:
    item: int
    requested: Decimal
    current: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The provider said no, in so many words."""

    code: str
    message: str
    provider_code: str = ""
    changed: tuple[ChangedOdds, ...] = ()
    max_stake: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """The request certainly did not reach the provider, so no bet exists there."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The bet may or may not exist at the provider. Never re-sent, never released on a guess."""

    reason: str


Placement = Accepted | Rejected | NotSent | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReport:
    """What a connection test saw, in one line."""

    ok: bool
    detail: str


# --- inbound ------------------------------------------------------------------------------------


class Processing(StrEnum):
    """Whether the vendor waits for the verdict, or only for the receipt."""

    ANSWER = "answer"
    STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An inbound path below the account's callback address.

    `key_allowed` says that a coupon's own key may stand between the token and the path.
    """

    path: str
    processing: Processing
    method: str = "POST"
    key_allowed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A provider's request as received. Header names are in lower case."""

    path: str
    method: str
    headers: Mapping[str, str]
    query: str
    body: bytes
    remote_ip: str
    coupon_key: str = ""
    received_at: datetime


class Refused(Exception):
    """An inbound request is not acted on. `status` and `code` go into the answer."""

    def __init__(self, *, status: int, code: str, message: str, field_name: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field_name = field_name


class NotVerified(Refused):
    """The signature, the token or the address is wrong."""

    def __init__(self, message: str, *, code: str = "not_verified", status: int = 401) -> None:
        super().__init__(status=status, code=code, message=message)


class MalformedPayload(Refused):
    """The body is not JSON at all."""

    def __init__(self, message: str) -> None:
        super().__init__(status=400, code="malformed_json", message=message)


class WrongShape(Refused):
    """The body is JSON of another shape; `field_name` says where, as `Heads[0].Status`."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(
            status=400,
            code="wrong_shape",
            message=f"{field_name}: {message}",
            field_name=field_name,
        )


class Verdict(StrEnum):
    """What a result says of a coupon."""

    WON = "won"
    LOST = "lost"
    REFUNDED = "refunded"
    PARTLY_REFUNDED = "partly_refunded"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Debit:
    """Take a stake for a bet that the provider has accepted (a wallet that we host).

    Debits of one request are atomic: all or none.
    """

    reference: str
    game: str
    player_uid: str
    amount: Decimal
    currency: str
    potential_payout: Decimal | None = None
    group_reference: str = ""
    content: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """A result.

    `payout` is the amount in the currency of the coupon that is credited in all. `None` leaves it
    to `payout_rule`: the stake times the accepted odds, or the provider's amount scaled to ours
    (`sent_payout` for `sent_stake`). `dated_at` orders results where the provider dates them.
    A refund without a payout returns the stake. `flag` asks for a member of staff and moves
    nothing.
    """

    reference: str
    game: str = ""
    verdict: Verdict
    payout: Decimal | None = None
    payout_rule: Literal["payout", "stake_times_odds", "scaled"] = "payout"
    sent_payout: Decimal | None = None
    sent_stake: Decimal | None = None
    currency: str = ""
    dated_at: datetime | None = None
    coupon_key: str = ""
    player_uid: str = ""
    raw_result: str = ""
    flag: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Refund a bet in full and for good. For an unknown bet it leaves a tombstone."""

    reference: str
    game: str = ""
    reason: str = ""
    player_uid: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """Withdraw a result; another follows."""

    reference: str
    game: str = ""
    reason: str = ""


Command = Debit | Settle | Cancel | Rollback


class Effect(StrEnum):
    """What became of one command."""

    APPLIED = "applied"
    REPEATED = "repeated"
    SUPERSEDED = "superseded"
    KEPT = "kept"
    ORPHAN = "orphan"
    FLAGGED = "flagged"
    TOMBSTONE = "tombstone"
    REFUSED = "refused"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The effect of one command, with the coupon it touched and the reason of a refusal."""

    effect: Effect
    reference: str
    coupon_id: UUID | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What an inbound request asks for, and what in it the contract does not know."""

    commands: tuple[Command, ...]
    unknown_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    body: bytes
    content_type: str = "application/json"


# --- the provider itself ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A setting or a secret that an account of this provider may have.

    `check` is one of `text`, `url`, `outgoing_url` (an address that we call, so it may not lead
    into our own network), `ip_list`, `hours`, `choice` (one of `choices`) and `pattern` (all of
    the value matches the regular expression `pattern`).
    """

    name: str
    label: str
    help: str
    check: str = "text"
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    pattern: str = ""


class Capability(StrEnum):
    PLACE = "place"
    WALLET = "wallet"
    RESULTS = "results"


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
    settings: tuple[Declared, ...]
    secrets: tuple[Declared, ...]
    routes: tuple[Route, ...]

    def check_slip(self, account: AccountView, slip: BetSlip) -> Rejected | None:
        """Refuse, before anything is sent, what this provider can never take."""

    def place(self, account: AccountView, slip: BetSlip, *, deadline_s: float) -> Placement:
        """Place a bet and say what became of it. Never raises for what a provider answers."""

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
