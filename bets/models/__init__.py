from bets.models.coupons import (
    BetItem,
    Coupon,
    CouponStatus,
    ItemResult,
    Origin,
    Result,
    TimelineEvent,
    TimelineKind,
)
from bets.models.exchange import (
    LIVE,
    UNANSWERED,
    ExchangeAccount,
    ExchangeBatch,
    ExchangeMarket,
    ExchangeOrder,
    ExchangeOrderEvent,
    OrderEventKind,
    OrderStatus,
)
from bets.models.fields import ODDS_LIMIT
from bets.models.flags import Flag, FlagKind
from bets.models.idempotency import IdempotencyKey
from bets.models.limits import ErrandState, LimitChange, Registration
from bets.models.partners import ApiKey, Partner, PartnerAccess
from bets.models.players import Player, PlayerStatus, ProviderIdentity
from bets.models.settlements import Disposition, PendingResult, Settlement, Tombstone
from bets.models.tokens import PlayerToken
from bets.models.wallet_moves import WalletTransaction

__all__ = [
    "LIVE",
    "ODDS_LIMIT",
    "UNANSWERED",
    "ApiKey",
    "BetItem",
    "Coupon",
    "CouponStatus",
    "Disposition",
    "ErrandState",
    "ExchangeAccount",
    "ExchangeBatch",
    "ExchangeMarket",
    "ExchangeOrder",
    "ExchangeOrderEvent",
    "Flag",
    "FlagKind",
    "IdempotencyKey",
    "ItemResult",
    "LimitChange",
    "OrderEventKind",
    "OrderStatus",
    "Origin",
    "Partner",
    "PartnerAccess",
    "PendingResult",
    "Player",
    "PlayerStatus",
    "PlayerToken",
    "ProviderIdentity",
    "Registration",
    "Result",
    "Settlement",
    "TimelineEvent",
    "TimelineKind",
    "Tombstone",
    "WalletTransaction",
]
