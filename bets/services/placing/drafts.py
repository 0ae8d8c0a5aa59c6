"""The rows of a coupon as they are first stored, made from what a partner asks for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bets import combinations
from bets.models import BetItem, Coupon, CouponStatus, Origin, Player
from bets.services.placing.slips import PlacementRequest
from providers.contract import Leg, OptionValue
from providers.models import ProviderAccount
from wallets.currencies import exponent


def coupon_of(
    *, player: Player, account: ProviderAccount, request: PlacementRequest, now: datetime
) -> Coupon:
    """A pending coupon that is not stored yet."""
    odds, size = _requested_odds(request), request.system_size
    return Coupon(
        player=player,
        partner_id=player.partner_id,
        account=account,
        origin=Origin.PLACED,
        type=request.type,
        system_size=request.system_size,
        currency=request.currency,
        stake=request.stake,
        odds=None if odds is None else combinations.total_odds(odds=odds, system_size=size),
        potential_payout=None
        if odds is None
        else combinations.potential_payout(
            stake=request.stake,
            odds=odds,
            system_size=size,
            decimals=exponent(request.currency),
        ),
        odds_policy=request.odds_policy,
        status=CouponStatus.PENDING,
        placed_at=now,
    )


def items_of(*, coupon: Coupon, request: PlacementRequest) -> list[BetItem]:
    """Its items in their order, not stored yet."""
    return [
        BetItem(
            coupon=coupon,
            position=position,
            event_id=item.event_id,
            selection=item.selection,
            requested_odds=item.odds,
            legs=_stored_legs(item.legs),
            is_live=item.is_live,
        )
        for position, item in enumerate(request.items)
    ]


def stored_options(options: Mapping[str, OptionValue]) -> dict[str, Any]:
    """Options as JSON keeps them exactly: a decimal as text."""
    return {
        name: f"{value:f}" if isinstance(value, Decimal) else value
        for name, value in options.items()
    }


def _requested_odds(request: PlacementRequest) -> list[Decimal] | None:
    odds = [item.odds for item in request.items if item.odds is not None]
    return odds if len(odds) == len(request.items) else None


def _stored_legs(legs: Sequence[Leg]) -> list[dict[str, Any]]:
    """The outcomes of a bet builder as they are stored; odds are text."""
    return [
        {
            "selection": leg.selection,
            "odds": f"{leg.odds:f}",
            "data_version": leg.data_version,
            "source_feature": leg.source_feature,
        }
        for leg in legs
    ]
