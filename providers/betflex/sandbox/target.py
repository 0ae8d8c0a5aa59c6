"""Whom the simulated betflex bets for, and where their wallets are."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from providers.betflex.sandbox.bodies import TYPES, BodyWriter, bearer_token
from providers.sandbox.fields import Fields
from providers.sandbox.messages import BadOrderError

MOST_BETS_PER_MINUTE = 6000


@dataclass(frozen=True)
class User:
    """A player whose wallet is called: the uid that the wallet knows, and the currency."""

    uid: str
    currency: str


@dataclass(frozen=True)
class Target:
    """`callback_base` is what `/bets` is appended to; without users no bets come by themselves."""

    callback_base: str
    users: tuple[User, ...] = ()
    jwt_key: str = ""
    jwt_issuer: str = ""
    bets_per_minute: Decimal = Decimal(4)
    types: str = "documented"
    client: str = "fanteam"

    @property
    def writer(self) -> BodyWriter:
        """What writes the bodies for this target."""
        return BodyWriter(types=self.types, client=self.client)

    def headers(self) -> dict[str, str]:
        """A fresh `Authorization: Bearer customer <jwt>`, if there is a key."""
        if not self.jwt_key:
            return {}
        token = bearer_token(
            key=self.jwt_key, client=self.client, issuer=self.jwt_issuer, now=int(time.time())
        )
        return {"Authorization": f"Bearer customer {token}"}

    def shown(self) -> dict[str, Any]:
        """The target without its key."""
        return {**asdict(self), "jwt_key": bool(self.jwt_key)}


def read_target(data: Mapping[str, Any]) -> Target:
    """Read an order for a target. Raises BadOrderError naming the field that is wrong."""
    fields = Fields(dict(data))
    target = Target(
        callback_base=_callback_base(fields.text("callback_base")),
        users=tuple(_user(entry, n) for n, entry in enumerate(fields.listed("users", []))),
        jwt_key=fields.text("jwt_key", ""),
        jwt_issuer=fields.text("jwt_issuer", ""),
        bets_per_minute=_pace(fields),
        types=fields.choice("types", TYPES, "documented"),
        client=fields.text("client", "fanteam"),
    )
    fields.done()
    return target


def read_user(text: str) -> dict[str, str]:
    """A user from the command line. Raises ArgumentTypeError."""
    uid, _, currency = text.rpartition(":")
    if not uid or not currency:
        raise ArgumentTypeError(f"{text!r} is not of the form UID:CURRENCY")
    return {"uid": uid, "currency": currency}


def _callback_base(value: str) -> str:
    if urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname:
        raise BadOrderError("callback_base", "is not an http address")
    return value.rstrip("/")


def _user(entry: Any, number: int) -> User:
    fields = Fields(entry, name=f"users[{number}]")
    user = User(uid=fields.text("uid"), currency=fields.text("currency"))
    fields.done()
    return user


def _pace(fields: Fields) -> Decimal:
    pace = fields.decimal("bets_per_minute", 4)
    if pace > MOST_BETS_PER_MINUTE:
        raise BadOrderError("bets_per_minute", f"is more than {MOST_BETS_PER_MINUTE}")
    return pace
