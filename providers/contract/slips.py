"""A coupon as a provider needs it, and what a provider's slips consist of.

Amounts are in major units of the currency beside them; odds are decimal odds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID


class CouponType(StrEnum):
    SINGLE = "single"
    EXPRESS = "express"
    SYSTEM = "system"


class OddsPolicy(StrEnum):
    """Which change of odds the player accepts without being asked again."""

    NONE = "none"
    RISE = "rise"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One outcome of a bet builder, whose odds together are the builder's own."""

    selection: str
    odds: Decimal
    data_version: int | None = None
    source_feature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is bet on: one outcome, or the outcomes of a bet builder in `legs`.

    `event_id` is empty and `odds` is `None` where the provider's slips have none (`SlipForm`).
    A bet builder has no `selection` of its own.
    """

    event_id: str
    selection: str
    odds: Decimal | None
    is_live: bool
    legs: tuple[Leg, ...] = ()
    data_version: int | None = None
    source_feature: str = ""

    @property
    def asked_odds(self) -> Decimal:
        """The odds, where the provider's slips have them. Raises `ValueError` otherwise."""
        if self.odds is None:
            raise ValueError("the selection has no odds")
        return self.odds


OptionValue = str | bool | int | Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BetSlip:
    """A coupon as a provider needs it. `callback_url` is this coupon's own address.

    `options` are those that the provider declares in its `SlipForm`, judged by it already.
    `player_token` is given where the form asks for one. `told_stake` is what the provider is told
    instead of the stake, where it is one that is told so (`Capability.TELLS_STAKE`).
    """

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
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    player_token: str = ""
    told_stake: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipOption:
    """An option of a provider's slips, as the partner API takes it in `options`.

    A `flag` is true or false, a `choice` one of `choices`, a `text` at most `longest` characters,
    a `whole` number and a `number` between `least` and `most`, the latter with `decimals`.
    """

    name: str
    kind: Literal["flag", "choice", "text", "whole", "number"]
    help: str
    required: bool = False
    choices: tuple[str, ...] = ()
    longest: int = 100
    least: Decimal = Decimal(0)
    most: Decimal = Decimal(2**53)
    decimals: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipForm:
    """What the slips of a provider consist of.

    `reference_is_ours`: the bet's id at the provider is our coupon id, so it is known before the
    call. `needs_player_token`: the provider identifies the player by a short-lived token of ours.
    `items_have_source`: items and legs may have `data_version` and `source_feature`.
    """

    items_have_event: bool = True
    items_have_odds: bool = True
    bet_builder: bool = False
    items_have_source: bool = False
    types: frozenset[CouponType] = frozenset(CouponType)
    odds_policies: frozenset[OddsPolicy] = frozenset(OddsPolicy)
    options: tuple[SlipOption, ...] = ()
    reference_is_ours: bool = False
    needs_player_token: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBet:
    """A coupon whose fate is unknown, as its provider is asked about it.

    `reference` is the bet's id at the provider, empty where none is known.
    """

    coupon_id: UUID
    reference: str
    player_id: UUID
    player_uid: str
    stake: Decimal
    currency: str
    placed_at: datetime
    callback_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerProfile:
    """A player as providers are told of one. `external_id` is the partner's name for them."""

    player_id: UUID
    player_uid: str
    external_id: str
    username: str
    currency: str
