"""What became of something that we asked a provider to do.

Amounts are in major units of the coupon's currency; odds are decimal odds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider took the bet.

    `odds` are the accepted total odds and `item_odds` those of each selection, `None` where the
    provider does not say. `potential_payout` is in the coupon's currency. `provider_code` is what
    the provider calls the bet towards people. Of the stake, `excise` is a tax that the provider
    names, and `stake_at_risk` what is left to bet with.
    """

    reference: str
    odds: Decimal | None = None
    item_odds: tuple[Decimal | None, ...] = ()
    potential_payout: Decimal | None = None
    notes: tuple[str, ...] = ()
    provider_code: str = ""
    stake_at_risk: Decimal | None = None
    excise: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedOdds:
    item: int
    requested: Decimal
    current: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The provider said no, in so many words. `fields` are those of ours that it names."""

    code: str
    message: str
    provider_code: str = ""
    changed: tuple[ChangedOdds, ...] = ()
    max_stake: Decimal | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """Nothing was asked of the provider that it could act on, so no bet exists there.

    `retry_after_s` is how long it asks us to wait, where it says so.
    """

    code: str
    message: str
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The bet may or may not exist at the provider. Never re-sent, never released on a guess.

    `final` says that asking the provider again will not help: a member of staff has to.
    `decided_in_s` says that it will, after so many seconds at the latest, as when a reservation
    expires: it is asked again until then, and once more.
    """

    reason: str
    final: bool = False
    decided_in_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The provider did what it was asked. `note` is for staff."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The highest stake that the provider would take for a slip. `reason` says what limits it."""

    max_stake: Decimal
    vip: bool
    reason: str = ""


Placement = Accepted | Rejected | NotSent | Unknown
Deed = Done | Rejected | NotSent | Unknown
Quoted = Quote | Rejected | NotSent | Unknown

KeepReference = Callable[[str], bool]
"""Stores the bet's id at the provider before anything binding is sent there.

False if the coupon waits for no answer any more, or the provider has cancelled the bet meanwhile:
then nothing may be sent.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReport:
    """What a connection test saw, in one line."""

    ok: bool
    detail: str
