"""The bodies of /bets, /winners and /bets/cancel, as documented or with the types that drift.

Sources: documents/betflex.txt; /bets/cancel and the header from the vendor's sibling games.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

TYPES = ("documented", "strings", "numbers")
TOKEN_LIFE_S = 60
OTHER_EXPONENTS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "KWD": 3, "BHD": 3, "JOD": 3, "TND": 3}
USER_IP = "192.0.2.17"


@dataclass
class FlexBet:
    """One bet slip; amounts in major units, times in unix seconds.

    `status` goes placing → accepted → settled | cancelled, or placing → refused.
    """

    uid: int
    pool_uid: int
    user_uid: str
    amount: Decimal
    currency: str
    odds: Decimal
    result: str
    placed_at: float
    settle_at: float | None
    status: str = "placing"
    payout: Decimal | None = None
    acknowledged: bool = False
    exchanges: list[dict[str, Any]] = field(default_factory=list)

    @property
    def overdraw(self) -> Decimal:
        """The potential payout."""
        return rounded(self.amount * self.odds, self.currency)

    def due_payout(self, result: str) -> Decimal:
        """What a result pays: won, lost or refunded."""
        return {"won": self.overdraw, "refunded": self.amount}.get(result, Decimal(0))

    @classmethod
    def load(cls, data: dict[str, Any]) -> FlexBet:
        """The bet as it was kept in the state file."""
        exact: dict[str, Any] = {name: Decimal(data[name]) for name in ("amount", "odds")}
        exact["payout"] = None if data["payout"] is None else Decimal(data["payout"])
        exact["placed_at"] = float(data["placed_at"])
        exact["settle_at"] = None if data["settle_at"] is None else float(data["settle_at"])
        return cls(**{**data, **exact})


class BodyWriter:
    """Writes bodies; `types` says whether numbers and strings are as the document has them."""

    def __init__(self, *, types: str, client: str) -> None:
        self._types = types
        self._client = client

    def bets(self, bets: Iterable[FlexBet]) -> dict[str, Any]:
        """The body of /bets."""
        return {"bets": [self._placed(bet) for bet in bets]}

    def winners(self, bet: FlexBet) -> dict[str, Any]:
        """The body of /winners for one settled bet."""
        return self._settled(bet, payout=bet.payout or Decimal(0), word=bet.result)

    def cancel(self, bet: FlexBet) -> dict[str, Any]:
        """The body of /bets/cancel: the shape of /winners, with a pool status."""
        body = self._settled(bet, payout=Decimal(0), word="cancelled")
        body["pools"][0]["pool"]["status"] = "cancelled"
        return body

    def _placed(self, bet: FlexBet) -> dict[str, Any]:
        return {
            "user": {
                "client": self._client,
                "uid": self._number(bet.user_uid),
                "ip": USER_IP,
            },
            "pool": {
                "client": self._client,
                "currency": bet.currency,
                "game": "betflex",
                "uid": self._number(bet.pool_uid),
                "overdraw": self._text(bet.overdraw),
            },
            "bet": {"uid": self._number(bet.uid), "amount": self._text(bet.amount)},
        }

    def _settled(self, bet: FlexBet, *, payout: Decimal, word: str) -> dict[str, Any]:
        payout = rounded(payout, bet.currency)
        pool = {
            "client": self._client,
            "game": "betflex",
            "uid": self._number(bet.pool_uid),
            "currency": bet.currency,
            "overdraw": self._text(payout),
            "cost": self._text(bet.amount),
            "guaranteed": True,
        }
        user = {
            "client": self._client,
            "uid": self._text(bet.user_uid),
            "name": f"player {bet.user_uid}",
        }
        settled = {
            "uid": self._number(bet.uid),
            "currency": bet.currency,
            "amount": self._text(bet.amount),
            "odds": self._number(bet.odds),
            "rake": self._number(0),
            "payout": self._text(payout),
            "base_payout": self._number(payout),
            "result": word,
            "extra": {"settled_by": "sandbox", "legs": 1},
        }
        return {"pools": [{"pool": pool, "bets": [{"user": user, "bet": settled}]}]}

    def _number(self, value: Decimal | int | str) -> Decimal | int | str:
        """What the document calls a Number; a player's id that is none stays a string."""
        return str(value) if self._types == "strings" else _as_number(value)

    def _text(self, value: Decimal | str) -> Decimal | int | str:
        """What the document calls a String."""
        return _as_number(value) if self._types == "numbers" else str(value)


def _as_number(value: Decimal | int | str) -> Decimal | int | str:
    if isinstance(value, str) and re.fullmatch(r"[1-9]\d{0,14}", value, re.ASCII):
        return int(value)
    return value


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Half-up to the decimals of the currency."""
    exponent = OTHER_EXPONENTS.get(currency, 2)
    return amount.quantize(Decimal(1).scaleb(-exponent), rounding=ROUND_HALF_UP)


def bearer_token(*, key: str, client: str, issuer: str, now: int) -> str:
    """A JWT signed with HS256 that lives for a minute."""
    claims: dict[str, Any] = {"sub": client, "iat": now, "exp": now + TOKEN_LIFE_S}
    if issuer:
        claims["iss"] = issuer
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    signature = hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_encoded(signature)}"


def _part(value: dict[str, Any]) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
