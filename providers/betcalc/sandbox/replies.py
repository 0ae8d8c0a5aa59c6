"""The bodies that /bet/place/ answers with, flat as documented or nested as clients saw them.

Source: documents/betcalc.txt, "Response" and the table of errors.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from math import prod
from typing import Any

from providers.betcalc.sandbox.bets import TakenBet
from providers.betcalc.sandbox.coupon import ERROR_CODES, AskedBet
from providers.sandbox.world import Offer


def accepted(
    bet: TakenBet, asked: list[AskedBet], offers: list[Offer], *, nested: bool
) -> dict[str, Any]:
    """A coupon that was taken."""
    is_live = any(offer.is_live for offer in offers)
    if nested:
        return {
            "errorCode": 0,
            "fullErrorCode": "0",
            "betCode": bet.bet_code,
            "d": {"BetHeadDetail": _head_detail(bet, asked, is_live=is_live)},
        }
    starts_at = datetime.fromtimestamp(offers[0].starts_at, tz=UTC)
    return {
        "betCode": bet.bet_code,
        "errorCode": 0,
        "fullErrorCode": 0,
        "errorMessage": "",
        "AmountOut": bet.potential,
        "CountEvents": len(bet.legs),
        "Coef": bet.coefficient,
        "IsLive": is_live,
        "LinesId": ",".join(leg.match_id for leg in bet.legs),
        "EventDate": starts_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def refused(message: str, *, nested: bool) -> dict[str, Any]:
    """One of the documented errors, by its message."""
    full_code = ERROR_CODES[message]
    body: dict[str, Any] = {
        "errorCode": 1,
        "fullErrorCode": full_code,
        "errorMessage": message,
    }
    if nested:
        detail = {"ErrorCode": 1, "FullErrorCode": str(full_code)}
        body = {**body, "fullErrorCode": str(full_code), "d": {"BetHeadDetail": detail}}
    return body


def changed(pairs: list[tuple[AskedBet, Offer]]) -> dict[str, Any]:
    """The odds are no longer what the coupon says: `rb` theirs, `rg` ours as a string."""
    return {
        "errorCode": 1,
        "fullErrorCode": 2,
        "errorMessage": "Odds have changed",
        "rate_mode": "reject",
        "changed": [
            {
                "gid": bet.match_id,
                "rb": bet.odds,
                "rg": format(offer.odds, "f"),
                "rt": int(offer.odds > bet.odds),
            }
            for bet, offer in pairs
            if bet.odds != offer.odds
        ],
    }


def _head_detail(bet: TakenBet, asked: list[AskedBet], *, is_live: bool) -> dict[str, Any]:
    """The nested form; CoefOrig is what the client asked for."""
    return {
        "BetCode": bet.bet_code,
        "Status": 1,
        "Coef": bet.coefficient,
        "CoefOrig": prod((wanted.odds for wanted in asked), start=Decimal(1)),
        "IsLive": is_live,
        "ErrorCode": 0,
        "FullErrorCode": "0",
        "PosWin": bet.potential,
    }
