"""How a request becomes a row: no secret in it, and nothing that the database cannot hold."""

import re
from collections.abc import Sequence
from typing import Any

from bets import insertion
from providers.contract import Inbound, Outcome
from providers.models import ProviderAccount
from webhooks.models import Delivery, DeliveryEffect

REMOVED = "[removed]"
_SECRET_HEADER = re.compile(
    r"authori[sz]ation|cookie|token|secret|signature|password|api-?key|bfkey|session|credential"
)
_SHORTEST_SECRET = 8
# A string under a name that ends in token, however it is escaped and wherever it is broken off.
_TOKEN = re.compile(rb'("[a-z_-]*token"\s*:\s*")((?:[^"\\]|\\.)*)', re.IGNORECASE)


def delivery(
    account: ProviderAccount, request: Inbound, *, secret: str = "", **facts: Any
) -> Delivery:
    """A row of the request as it came.

    `secret`, the token of the callback address, is starred out wherever it stands: betcalc sends
    our own address back in the body, and whoever may read deliveries must not learn from it how
    to send one. A token in the body stands for a player for some minutes: it is starred out too.
    """
    stars = "*" * len(secret)
    hidden = secret if len(secret) >= _SHORTEST_SECRET else ""

    def text(value: str, longest: int | None = None) -> str:
        return storable(value.replace(hidden, stars) if hidden else value)[:longest]

    body = request.body.replace(hidden.encode(), stars.encode()) if hidden else request.body
    return Delivery(
        account=account,
        route=text(request.path, 200),
        method=text(request.method, 16),
        coupon_key=text(request.coupon_key, 64),
        query=text(request.query),
        headers={
            text(name): REMOVED if _SECRET_HEADER.search(name) else text(value)
            for name, value in request.headers.items()
        },
        body=_without_tokens(body),
        remote_ip=request.remote_ip[:45],
        received_at=request.received_at,
        **facts,
    )


def processed(delivery: Delivery, outcomes: Sequence[Outcome]) -> None:
    """Store a delivery that is new together with what its commands did."""
    insertion.insert([delivery], effects(delivery, list(enumerate(outcomes))))


def _without_tokens(body: bytes) -> bytes:
    """The body in the same length, which is how much of it came."""
    if b'oken"' not in body and b'OKEN"' not in body:
        return body
    return _TOKEN.sub(lambda found: found[1] + b"*" * len(found[2]), body)


def effects(of: Delivery, outcomes: Sequence[tuple[int, Outcome]]) -> list[DeliveryEffect]:
    """Outcomes, each with the position of its command, as rows of the delivery."""
    return [
        DeliveryEffect(
            delivery=of,
            position=position,
            coupon_id=outcome.coupon_id,
            reference=outcome.reference[:100],
            effect=outcome.effect,
            code=outcome.code,
            message=outcome.message,
        )
        for position, outcome in outcomes
    ]


def storable(text: str) -> str:
    """A text column refuses NUL characters and halves of characters; the body keeps them."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
