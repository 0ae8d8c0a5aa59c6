"""Coupons, in and out."""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from rest_framework.exceptions import ErrorDetail, ValidationError

from bets import combinations
from bets.models import ODDS_LIMIT, BetItem, Coupon
from bets.serializers import shown
from bets.serializers.fields import (
    AmountField,
    CurrencyField,
    EventField,
    IdField,
    NameField,
    ObjectField,
    OddsField,
    OneOfField,
    StrictSerializer,
    TextField,
    TrueOrFalseField,
    WholeNumberField,
)
from bets.services.placing.slips import PlacementRequest
from providers.contract import CouponType, Leg, OddsPolicy, Selection
from wallets.currencies import MAX_AMOUNT, check_amount, exponent
from wallets.errors import ExcessDecimals, InvalidAmount, UnknownCurrency


class NewLeg(StrictSerializer):
    selection = TextField(max_length=200)
    odds = OddsField()
    data_version = WholeNumberField(required=False, allow_null=True, default=None)
    source_feature = TextField(required=False, max_length=100, default="")


class NewItem(StrictSerializer):
    """Which of the fields an item has, depends on the provider: `slips.judge` says it."""

    event_id = EventField(required=False, max_length=100, default="")
    selection = TextField(required=False, max_length=200, default="")
    odds = OddsField(required=False, default=None)
    is_live = TrueOrFalseField(required=False, default=False)
    legs = NewLeg(  # type: ignore[call-arg]
        many=True, required=False, min_length=2, max_length=combinations.MAX_ITEMS, default=()
    )
    data_version = WholeNumberField(required=False, allow_null=True, default=None)
    source_feature = TextField(required=False, max_length=100, default="")


class NewCoupon(StrictSerializer):
    player = IdField()
    provider_account = NameField(max_length=50)
    type = OneOfField(choices=[each.value for each in CouponType])
    system_size = WholeNumberField(required=False, allow_null=True, default=None)
    stake = AmountField()
    currency = CurrencyField()
    odds_policy = OneOfField(
        choices=[each.value for each in OddsPolicy], required=False, default="none"
    )
    items = NewItem(  # type: ignore[call-arg]
        many=True, min_length=1, max_length=combinations.MAX_ITEMS
    )
    options = ObjectField(required=False, default=dict)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        errors = [_stake_error(attrs), _items_error(attrs), _system_error(attrs)]
        found = {field: [detail] for field, detail in filter(None, errors)}
        if not found:
            found = {field: [detail] for field, detail in filter(None, [_size_error(attrs)])}
        if found:
            raise ValidationError(found)
        return attrs

    def placement_request(self) -> PlacementRequest:
        """What was asked for, once it is known to be in order."""
        data = self.validated_data
        return PlacementRequest(
            player_id=UUID(str(data["player"])),
            provider_account=data["provider_account"],
            type=CouponType(data["type"]),
            system_size=data["system_size"],
            stake=data["stake"],
            currency=data["currency"],
            odds_policy=OddsPolicy(data["odds_policy"]),
            items=tuple(_selection(item) for item in data["items"]),
            options=data["options"],
        )


def _selection(item: Mapping[str, Any]) -> Selection:
    return Selection(**{**item, "legs": tuple(Leg(**leg) for leg in item["legs"])})


class NewReturn(StrictSerializer):
    reason = TextField(max_length=500)


FieldProblem = tuple[str, ErrorDetail] | None


def _stake_error(data: Mapping[str, Any]) -> FieldProblem:
    currency = data["currency"]
    try:
        check_amount(data["stake"], currency)
    except UnknownCurrency:
        return "currency", ErrorDetail("The currency is not known.", "unknown_currency")
    except ExcessDecimals:
        message = f"{currency} has {exponent(currency)} decimals."
        return "stake", ErrorDetail(message, "excess_decimals")
    except InvalidAmount:
        return "stake", ErrorDetail("The amount is too large.", "too_large")
    return None


def _items_error(data: Mapping[str, Any]) -> FieldProblem:
    count = len(data["items"])
    if data["type"] == CouponType.SINGLE and count != 1:
        return "items", ErrorDetail("A single has one item.", "wrong_number_of_items")
    if data["type"] == CouponType.EXPRESS and count < 2:
        return "items", ErrorDetail("An express has two items or more.", "wrong_number_of_items")
    if data["type"] == CouponType.SYSTEM and count < 3:
        return "items", ErrorDetail("A system has three items or more.", "wrong_number_of_items")
    return None


def _system_error(data: Mapping[str, Any]) -> FieldProblem:
    size, is_system = data["system_size"], data["type"] == CouponType.SYSTEM
    if not is_system and size is not None:
        message = "Only a system has a size."
    elif is_system and size is None:
        return "system_size", ErrorDetail("A system needs a size.", "required")
    elif is_system and not 2 <= size < max(len(data["items"]), 3):
        message = "The size is at least 2 and below the number of items."
    else:
        return None
    return "system_size", ErrorDetail(message, "wrong_system_size")


def _size_error(data: Mapping[str, Any]) -> FieldProblem:
    """Refuse what no column could hold: total odds and potential payout have their limits."""
    if any(item["odds"] is None for item in data["items"]):
        return None
    terms: dict[str, Any] = {
        "odds": [item["odds"] for item in data["items"]],
        "system_size": data["system_size"],
    }
    total = combinations.potential_payout(stake=Decimal(1), decimals=6, **terms)
    if total >= ODDS_LIMIT:
        return "items", ErrorDetail("The total odds are too high.", "odds_too_high")
    decimals = exponent(data["currency"])
    if combinations.potential_payout(stake=data["stake"], decimals=decimals, **terms) > MAX_AMOUNT:
        return "stake", ErrorDetail("The potential payout is too large.", "too_large")
    return None


def request_digest(document: Any) -> str:
    """The same for bodies that differ in white space or in the order of names only."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def coupon_body(coupon: Coupon) -> dict[str, Any]:
    """A coupon as partners see it. Reads `items` and `account`, which lists fetch beforehand."""
    return {
        "id": str(coupon.pk),
        "code": coupon.code,
        "player": str(coupon.player_id),
        "provider_account": coupon.account.code,
        "type": coupon.type,
        "system_size": coupon.system_size,
        "status": coupon.status,
        "result": coupon.result or None,
        "stake": shown.amount(coupon.stake, coupon.currency),
        "odds": shown.odds(coupon.odds),
        "odds_policy": coupon.odds_policy,
        "potential_payout": shown.amount(coupon.potential_payout, coupon.currency),
        "payout": shown.amount(coupon.payout, coupon.currency),
        "currency": coupon.currency,
        "stake_at_risk": shown.amount(coupon.stake_at_risk, coupon.currency),
        "excise": shown.amount(coupon.excise, coupon.currency),
        "withholding": shown.amount(coupon.withholding, coupon.currency),
        "provider_reference": coupon.provider_reference,
        "provider_code": coupon.provider_code or None,
        "options": coupon.options,
        "rejection": _rejection_body(coupon),
        "items": [_item_body(item) for item in coupon.items.all()],
        "placed_at": shown.moment(coupon.placed_at),
        "accepted_at": shown.moment(coupon.accepted_at),
        "settled_at": shown.moment(coupon.settled_at),
    }


def coupon_json(coupon: Coupon) -> bytes:
    """The reply's bytes, which are stored beside the idempotency key."""
    return json.dumps(coupon_body(coupon), ensure_ascii=False, separators=(",", ":")).encode()


def _item_body(item: BetItem) -> dict[str, Any]:
    return {
        "event_id": item.event_id or None,
        "selection": item.selection or None,
        "odds": shown.odds(item.requested_odds),
        "accepted_odds": shown.odds(item.accepted_odds),
        "is_live": item.is_live,
        "legs": [_leg_body(leg) for leg in item.legs] or None,
        "result": item.result or None,
    }


def _leg_body(leg: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "selection": leg["selection"],
        "odds": shown.odds(_decimal(leg["odds"])),
    }


def _rejection_body(coupon: Coupon) -> dict[str, Any] | None:
    stored = coupon.rejection
    if stored is None:
        return None
    return {
        "code": stored["code"],
        "message": stored["message"],
        "provider_code": stored.get("provider_code") or None,
        "changed": [
            {
                "item": change["item"],
                "requested": shown.odds(_decimal(change["requested"])),
                "current": shown.odds(_decimal(change["current"])),
            }
            for change in stored.get("changed", [])
        ],
        "max_stake": shown.amount(_decimal(stored.get("max_stake")), coupon.currency),
    }


def _decimal(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None
