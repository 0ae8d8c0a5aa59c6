"""What a provider's server asks of us, and what it is answered.

A request is verified and parsed into commands (`Debit`, `Settle`, ...), which the inbox carries
out, and whose outcomes the provider turns into the reply that its vendor expects.

Amounts are in major units of the currency beside them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

# The longest identifiers that are kept. A longer one on the wire is nobody's.
LONGEST_REFERENCE = 100
LONGEST_GAME = 40
LONGEST_PLAYER_UID = 64


class Processing(StrEnum):
    """Whether the vendor waits for the verdict, or only for the receipt."""

    ANSWER = "answer"
    STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An inbound path below the account's callback address.

    A segment of `path` in braces stands for any one segment, as `/wallet/{player}/balances`; the
    path `/` is the callback address itself. `key_allowed` says that a coupon's own key may stand
    between the token and the path. `answer_within_s` bounds what the database may take before
    the vendor gets a definite error instead.
    """

    path: str
    processing: Processing
    method: str = "POST"
    key_allowed: bool = False
    answer_within_s: Decimal | None = None

    def match(self, path: str) -> Mapping[str, str] | None:
        """The segments that stand for the names in braces, `None` for another path."""
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A provider's request as received. Header names are in lower case.

    `path` is below the callback address and the coupon's key; `params` are its named segments.
    """

    path: str
    method: str
    headers: Mapping[str, str]
    query: str
    body: bytes
    remote_ip: str
    coupon_key: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
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

    Debits of one request are atomic: all or none. Of the amount, `excise` is a tax that the
    provider names and `stake_at_risk` what is left to bet with. `binds_hold` says that the bet may
    be the one that we are placing at this moment without knowing its id: the player's only open
    coupon of this amount here, whose hold is taken instead of taking the stake twice. Of several it
    is the one whose id is `coupon_id`, where the provider repeats it, or the only one with these
    `slip_options`, where it repeats some.
    """

    reference: str
    game: str
    player_uid: str
    amount: Decimal
    currency: str
    potential_payout: Decimal | None = None
    group_reference: str = ""
    content: Mapping[str, str] = field(default_factory=dict)
    provider_code: str = ""
    stake_at_risk: Decimal | None = None
    excise: Decimal | None = None
    binds_hold: bool = False
    coupon_id: UUID | None = None
    slip_options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """A result.

    `payout` is the amount in the currency of the coupon that is credited in all. Another
    `payout_rule` is for a provider that may have been told another stake than ours: then the stake
    times the accepted odds is credited, or the provider's amount scaled to ours (`sent_payout` for
    the stake that it was told); told ours, `sent_payout` itself. The told stake is the one kept
    with the coupon and, for a coupon that has none, `sent_stake`.
    `dated_at` orders results where the provider dates them.
    A refund without a payout returns the stake; one that names a `sent_stake` which is not ours is
    left to staff. `withholding` is a tax that was kept back from the
    winnings: the player gets `payout`, the tax is booked beside it. `incomplete` says that the
    request names no amounts: the provider has to be asked (`Completes`) before it is applied.
    `flag` asks for a member of staff and moves nothing.
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
    withholding: Decimal | None = None
    incomplete: bool = False
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
    """Withdraw a result; another follows. `dated_at` orders it among results."""

    reference: str
    game: str = ""
    reason: str = ""
    dated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """The provider keeps a bet for a player who has not paid for it yet: no money moves."""

    reference: str
    player_uid: str
    amount: Decimal
    currency: str
    game: str = ""


class MoveKind(StrEnum):
    STAKE = "stake"
    PAYOUT = "payout"
    CLAWBACK = "clawback"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletMove:
    """A transaction of a seamless wallet: the vendor moves a player's money, for a bet.

    The same `id` with the same `content` gets the same answer. A `stake` takes the amount, or the
    hold of the coupon that has this bet reference; a `payout` and a `clawback` are a result of it;
    a `rollback` undoes the stake transaction `parent_id` (or of the bet, where that is empty).
    """

    id: str
    kind: MoveKind
    reference: str
    player_uid: str
    amount: Decimal
    currency: str
    parent_id: str = ""
    dated_at: datetime | None = None
    game: str = ""
    content: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify:
    """Who is the player behind a token that we gave out?

    `language` is the answer's where the player has none of their own.
    """

    token: str
    reference: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How much may a player spend? Empty `currencies` asks for the player's own."""

    player_uid: str
    currencies: tuple[str, ...] = ()
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What became of the transaction `reference` of this player?"""

    reference: str
    player_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfamiliar:
    """A message that the contract does not know: acknowledged, kept and shown to staff."""

    reference: str
    detail: str


Question = Identify | Balance | Lookup
Command = Debit | Settle | Cancel | Rollback | Reserve | WalletMove | Question | Unfamiliar


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
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerFacts:
    """A player as the vendor may know one; `available` is in major units of `currency`."""

    player_uid: str
    currency: str
    available: Decimal
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFacts:
    """A stored wallet transaction. `available` is the balance right after it was carried out."""

    id: str
    kind: MoveKind
    reference: str
    amount: Decimal
    currency: str
    created_at: datetime
    available: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The effect of one command, with the coupon it touched and the reason of a refusal.

    `player` answers `Identify` and `Balance`, `move` a `WalletMove` and a `Lookup`. The codes:

    - of any command that names a player or money: `unknown_user` (a token that stands for nobody
      too), `player_blocked`, `account_inactive`, `currency_mismatch`, `invalid_amount`,
      `insufficient_funds`; a ledger's own code, such as `account_closed`
    - of a `Debit`: `conflicting_request`, `ambiguous`, `coupon_closed`, `cancelled`
    - of a `WalletMove`: `conflict` (same id, other content), `unknown_bet`, `player_differs`,
      `amount_differs`, `coupon_closed`, `already_staked` (another stake for a bet that has one),
      `rolled_back` (a stake that was rolled back before it came), and of a rollback
      `parent_not_found` and `parent_failed`
    - of a `Lookup`: `unknown_transaction`, or the code that the transaction was refused with
    - of a report: `unknown_bet`
    """

    effect: Effect
    reference: str
    coupon_id: UUID | None = None
    code: str = ""
    message: str = ""
    player: PlayerFacts | None = None
    move: MoveFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What an inbound request asks for, and what in it the contract does not know.

    `unknown_values` name values of known fields, as `action=ticket_update`. `processing` is given
    where one route carries messages that are handled differently.
    """

    commands: tuple[Command, ...]
    unknown_fields: tuple[str, ...] = ()
    unknown_values: tuple[str, ...] = ()
    processing: Processing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    body: bytes
    content_type: str = "application/json"
