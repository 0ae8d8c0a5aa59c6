"""The bodies that gr8 answers with, and the document's own sample beside them.

Source: documents/gr8.txt, "Response" and the tables of error codes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from providers.gr8.sandbox.bets import TakenBet
from providers.sandbox.messages import Reply, json_reply

MESSAGE = "Failed to place a bet"
# Codes of the table "Specific codes": these come with the index of an item.
SPECIFIC_CODES = frozenset({3, 5, 11, 12, 14, 15, 27, 29, 42, 95, 1000, 1001, 1002})
COMMON_CODES = frozenset(
    {1, 2, 3, 6, 10, 11, 15, 21, 23, 25, 27, 29, 33, 34, 36, 37, 38, 39, 40, 42, 51, 52, 53, 54}
    | {61, 63, 80, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100}
)
ERROR_CODES = SPECIFIC_CODES | COMMON_CODES
AMOUNT_CODES = frozenset({6, 21, 36, 37, 38, 61})

# The amounts of the document's example of a common error.
SAMPLE_MAX = Decimal("414.51")
SAMPLE_OVERASK = Decimal("4145.08")
SAMPLE_PARAMETER = Decimal("4.5")

SAMPLE_REQUEST: dict[str, Any] = {
    "items": [
        {
            "eventId": "SportsbookAutotesteb648b2b-ba50-475e-9af6-bf6abb4140ab",
            "odds": Decimal("2.0"),
            "sourceOutcomes": [
                {
                    "selection": "[2,[],[0],1,3,[]]",
                    "odds": Decimal("2.0"),
                    "dataVersion": 0,
                    "sourceFeature": None,
                }
            ],
        }
    ],
    "amount": Decimal("100.0"),
    "betType": "Ordinar",
    "oddsChangePolicy": "Any",
    "marketChangePolicy": "None",
    "systemSize": 0,
    "isOverask": False,
    "transactionId": "432e627b-f8d1-45ef-9ae9-03632956548b",
}
SAMPLE_RESPONSE: dict[str, Any] = {
    "betId": "f894f99e-3d67-4c6b-a84c-a9e9a3c4a884",
    "betOdd": Decimal("2.0"),
    "betDate": "2024-04-11T12:41:10.7043741Z",
    "possiblePayout": Decimal("200.0"),
    "items": [
        {
            "acceptedOdd": Decimal("2.0"),
            "sourceOutcomeSelectionKeys": ["[2,[],[0],1,3,[]]"],
        }
    ],
    "specialBetTypes": [],
}


def accepted(bet: TakenBet) -> Reply:
    """A bet that was taken."""
    moment = datetime.fromtimestamp(bet.taken_at, tz=UTC)
    return json_reply(
        {
            "betId": bet.bet_id,
            "betOdd": bet.odds,
            "betDate": moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "1Z",
            "possiblePayout": bet.potential,
            "items": [
                {"acceptedOdd": item.odds, "sourceOutcomeSelectionKeys": item.keys}
                for item in bet.items
            ],
            "specialBetTypes": ["Overask"] if bet.is_overask else [],
        }
    )


def refused_for_all(code: int, *, currency: str, most: Decimal, overask: Decimal) -> Reply:
    """A common error; those about the amount say how much would be taken."""
    common: dict[str, Any] = {"code": code}
    if code in AMOUNT_CODES:
        common = {
            "maxBetSum": most,
            "currency": currency,
            "overaskBetAmount": overask,
            "code": code,
        }
    return json_reply({"errors": {"common": common}, "message": MESSAGE}, status=400)


def refused_for_items(code: int, items: Iterable[int]) -> Reply:
    """A specific error, in the newer form and in the obsolete one beside it."""
    parameter = {"marketParameter": SAMPLE_PARAMETER} if code == 42 else {}
    listed = list(items)
    second = [
        {"itemIndex": index, "code": code, "sourceOutcomeIndex": 0, **parameter} for index in listed
    ]
    first = {str(index): {"code": code, **parameter} for index in listed}
    return json_reply(
        {"errors": {"specific": first, "specificV2": second}, "message": MESSAGE}, status=400
    )


def quoted(most: Decimal, *, vip: bool, reason: str) -> Reply:
    """The highest stake."""
    return json_reply({"maxBet": most, "isVipEnabled": vip, "reason": reason})


def not_quoted(code: int, items: Iterable[int] = ()) -> Reply:
    """422: why there is none, for the whole bet or for single items."""
    specific = [{"code": code, "itemIndex": index} for index in items]
    common = None if specific else {"code": code}
    return json_reply({"errors": {"common": common, "specific": specific or None}}, status=422)


def wrong_fields(errors: dict[str, list[str]]) -> Reply:
    """400: what is wrong with which field."""
    return json_reply({"errors": errors}, status=400)


def unauthorized() -> Reply:
    """401: there is no token, or one that is not good any more."""
    return json_reply({"message": "Unauthorized"}, status=401)


def too_many(seconds: float) -> Reply:
    """429, and when to come again."""
    return json_reply(
        {"message": "Too Many Requests"},
        status=429,
        headers=(("Retry-After", str(max(round(seconds), 0))),),
    )
