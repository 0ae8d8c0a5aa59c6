"""What the document itself shows: its own request is answered with its own sample.

Source: documents/superbet.txt, "Sample request to reserve superbet ticket" and "Sample response".
The two are not of one ticket, so the answer is no ticket of the book.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from providers.sandbox import wire

REQUEST: dict[str, Any] = {
    "operator": "site",
    "token": "sGhx12skwrXsukbZmWh7bkCC9YPEzYQKtKSe9EfCth3Q",
    "price": 2000,
    "currency": "KES",
    "atag": "affiliate-1",
    "source": "mobile",
    "type": "superbet",
    "event": 100001,
    "bets": [101, 102, 103, 104, 105, 106],
}
RESPONSE: dict[str, Any] = {
    "id": "66902734beba20ff2df5c79f",
    "code": "DEC4C0",
    "price": 1000,
    "stake": 889,
    "gross_payout": 0,
    "net_payout": 0,
    "wht_amount": 0,
    "wht": Decimal("10.0"),
    "ext_amount": 111,
    "ext": Decimal("12.5"),
    "ext_type": "inclusive",
    "currency": "USD",
    "status": "reserved",
    "result": "pending",
    "approved": True,
    "source": "desktop",
    "type": "superbet",
    "atag": "atag_value",
    "user_id": "token_i",
    "created": "2024-07-11T18:40:52.995000",
    "operator_time_created": "2024-07-11T20:40:52.995000",
    "updated": "2024-07-11T18:40:53.013000",
    "operator_time_updated": "2024-07-11T20:40:53.013000",
}


def asks_for_it(body: bytes) -> bool:
    """Whether a request is the document's own, however it is spaced."""
    try:
        return bool(wire.loads(body) == REQUEST)
    except ValueError:
        return False
