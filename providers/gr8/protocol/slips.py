"""Bets as gr8 takes them, and the headers of every call.

Source: `documents/gr8.txt`, "Bet placement", "Bet placement (without line delay)" and "Getting max
amount of bet". Amounts and odds are JSON numbers with the digits of the decimal.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

from providers.contract import BetSlip, CouponType, OddsPolicy, Rejected, Selection

PLACE_PATH = "/v1/sport/v1/bet"
PLACE_WITHOUT_DELAY_PATH = "/v1/sport/mts/v1/bet"
QUOTE_PATH = "/v1/sport/v1/bet/max-amount"

CHANNELS = ("WEB", "MOBILE_WEB")

_LEAST_ODDS = Decimal("1.01")
_MOST_SELECTIONS = 99
_SYSTEM_SIZES = range(2, 12)
_LONGEST_COMMENT = 300
_PRINTABLE_BUT_PERCENT = " !\"#$&'()*+,/:;<=>?@[\\]^`{|}"

_TYPES = {
    CouponType.SINGLE: "Ordinar",
    CouponType.EXPRESS: "Express",
    CouponType.SYSTEM: "System",
}
_ODDS_POLICIES = {OddsPolicy.NONE: "None", OddsPolicy.RISE: "Rise", OddsPolicy.ANY: "Any"}
_MARKET_POLICIES = {"none": "None", "update": "Update"}


def place_path(slip: BetSlip) -> str:
    """With `without_delay` the operator applies the delay of live bets itself."""
    return PLACE_WITHOUT_DELAY_PATH if slip.options.get("without_delay") else PLACE_PATH


def bet_body(slip: BetSlip) -> dict[str, Any]:
    """The request of a placement. The bet's id is ours, so that a repeat is recognised."""
    return {
        **_bet(slip),
        "oddsChangePolicy": _ODDS_POLICIES[slip.odds_policy],
        "transactionId": str(slip.coupon_id),
        "useExternalBetId": True,
    }


def quote_body(slip: BetSlip) -> dict[str, Any]:
    """The request for the highest stake. It names no bet, and knows no policy `None`."""
    policy = OddsPolicy.RISE if slip.odds_policy is OddsPolicy.NONE else slip.odds_policy
    return {**_bet(slip), "oddsChangePolicy": _ODDS_POLICIES[policy]}


def account_headers(*, authorization: str, operator_id: str, brand: str) -> dict[str, str]:
    """The headers of every call."""
    return {
        "Authorization": authorization,
        "Content-Type": "application/json",
        "X-Operator-Id": operator_id,
        "X-Brand": brand,
    }


def player_headers(*, player_id: UUID, currency: str, channel: str) -> dict[str, str]:
    """What the calls about a bet have beside those of the account."""
    return {"X-Player-Id": str(player_id), "X-Player-Currency": currency, "X-Channel": channel}


def comment_header(reason: str) -> dict[str, str]:
    """Why somebody asks for something, in a form that every header can carry.

    What is not printable ASCII is percent-encoded as UTF-8, and so is the percent sign.
    """
    text = " ".join(reason.split())[:_LONGEST_COMMENT] or "no reason given"
    return {"Comment": quote(text, safe=_PRINTABLE_BUT_PERCENT)}


def check_slip(slip: BetSlip) -> Rejected | None:
    """Refuse what the document does not allow, before anything is sent."""
    return _wrong_stake(slip) or _wrong_type(slip) or _wrong_selections(slip)


def _bet(slip: BetSlip) -> dict[str, Any]:
    body = {
        "items": [_item(selection) for selection in slip.selections],
        "amount": slip.stake,
        "betType": _TYPES[slip.type],
        "marketChangePolicy": _MARKET_POLICIES[str(slip.options.get("market_policy", "none"))],
        "systemSize": slip.system_size if slip.type is CouponType.SYSTEM else 0,
        "isOverask": bool(slip.options.get("overask", False)),
    }
    relative = slip.options.get("amount_limit_relative")
    return body if relative is None else {**body, "amountLimitRelative": relative}


def _item(selection: Selection) -> dict[str, Any]:
    """One outcome, or the outcomes of a bet builder with odds of its own."""
    outcomes = selection.legs or (selection,)
    return {
        "eventId": selection.event_id,
        "odds": selection.asked_odds,
        "sourceOutcomes": [
            _outcome(
                each.selection,
                selection.asked_odds if each.odds is None else each.odds,
                data_version=each.data_version,
                source_feature=each.source_feature,
            )
            for each in outcomes
        ],
    }


def _outcome(
    selection: str, odds: Decimal, *, data_version: int | None, source_feature: str
) -> dict[str, Any]:
    outcome: dict[str, Any] = {"selection": selection, "odds": odds}
    if data_version is not None:
        outcome["dataVersion"] = data_version
    if source_feature:
        outcome["sourceFeature"] = source_feature
    return outcome


def _wrong_stake(slip: BetSlip) -> Rejected | None:
    if slip.stake <= 0 or not _has_cents(slip.stake):
        return _refused("the stake is above 0 and has at most two decimals", "stake")
    return None


def _wrong_type(slip: BetSlip) -> Rejected | None:
    count = len(slip.selections)
    if slip.type is CouponType.SINGLE and count != 1:
        return _refused("a single has one selection", "items")
    if not 1 <= count <= _MOST_SELECTIONS or (slip.type is not CouponType.SINGLE and count < 2):
        return _refused(f"a combination has 2 to {_MOST_SELECTIONS} selections", "items")
    if slip.type is not CouponType.SYSTEM:
        return None
    if slip.system_size not in _SYSTEM_SIZES or (slip.system_size or 0) >= count:
        return _refused(
            "a system's size is from 2 to 11 and below the number of selections", "system_size"
        )
    return None


def _wrong_selections(slip: BetSlip) -> Rejected | None:
    for index, selection in enumerate(slip.selections):
        outcomes: Mapping[str, Decimal | None] = {
            f"items[{index}].odds": selection.odds,
            **{f"items[{index}].legs[{n}].odds": leg.odds for n, leg in enumerate(selection.legs)},
        }
        for field, odds in outcomes.items():
            if odds is None or odds < _LEAST_ODDS or not _has_cents(odds):
                return _refused(f"odds are at least {_LEAST_ODDS}, with two decimals", field)
        if not selection.event_id or not (selection.selection or selection.legs):
            return _refused("a selection names its event and its outcome", f"items[{index}]")
    return None


def _has_cents(number: Decimal) -> bool:
    return number.is_finite() and number == round(number, 2)


def _refused(message: str, field: str) -> Rejected:
    return Rejected(code="wrong_bet_data", message=f"{field}: {message}", fields=(field,))
