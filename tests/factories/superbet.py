"""Tickets, messages and accounts of superbet for tests."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from providers.contract import BetSlip, Inbound, OpenBet, Selection
from providers.models import ProviderAccount
from tests.factories.providers import NOW, make_account, make_inbound, make_slip

SECRET = "12345ABCDE"
TICKET = "66902734beba20ff2df5c79f"
TOKEN = "sGhx12skwrXsukbZmWh7bkCC9YPEzYQKtKSe9EfCth3Q"


def make_superbet(base_url: str = "http://127.0.0.1:9", **settings: str) -> ProviderAccount:
    return make_account(
        "superbet",
        base_url=base_url,
        settings={"operator": "site", **settings},
        secrets={"signing_secret": SECRET},
    )


def make_ticket_slip(*bets: str, **changes: Any) -> BetSlip:
    """A slip that the document's sample answer fits: 10.00 USD of the player `token_i`."""
    selections = [
        Selection(event_id="", selection=bet, odds=None, is_live=False) for bet in bets or ("101",)
    ]
    values: dict[str, Any] = {
        "stake": Decimal("10.00"),
        "player_uid": "token_i",
        "player_token": TOKEN,
        "options": {"event": 100001},
    }
    return make_slip(*selections, **{**values, **changes})


def make_open_ticket(reference: str = TICKET, **changes: Any) -> OpenBet:
    values: dict[str, Any] = {
        "coupon_id": UUID(int=5),
        "reference": reference,
        "player_id": UUID(int=1),
        "player_uid": "token_i",
        "stake": Decimal("10.00"),
        "currency": "USD",
        "placed_at": datetime.now(UTC) - timedelta(seconds=20),
    }
    return OpenBet(**{**values, **changes})


def make_message(action: str, data: Any = None, **changes: Any) -> Inbound:
    """A message to our webhook, not signed."""
    message = {"action": action} if data is None else {"action": action, "data": data}
    return make_inbound("/", json.dumps(message).encode(), **changes)


def sign(body: bytes, *, secret: str = SECRET, at: datetime = NOW, spaces: bool = False) -> dict:
    """The headers of a signed message; `spaces` leaves those of the body in what is signed."""
    timestamp = str(int(at.timestamp()))
    signed = timestamp.encode() + (body if spaces else body.replace(b" ", b""))
    return {
        "timestamp": timestamp,
        "signature": hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(),
    }
