"""Signatures, both ways: hex HMAC-SHA256 over the unix time and the body without spaces.

Source: superbet's page, "Signing" and "PAM webhook that we host".
"""

import hashlib
import hmac
from datetime import datetime

from providers import wire
from providers.contract import Inbound, NotVerified

_LONGEST_TIMESTAMP = 12


def signature(*, secret: str, timestamp: str, body: bytes = b"") -> str:
    """What both sides compute. A request without a body signs the timestamp alone.

    The spaces that leave are those of the body's text, the ones inside values included.
    """
    return _hmac(secret, timestamp.encode() + body.replace(b" ", b""))


def headers(*, operator: str, secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The three headers of every request; `body` is what is sent, byte for byte."""
    timestamp = str(int(now.timestamp()))
    return {
        "timestamp": timestamp,
        "operator-name": operator,
        "signature": signature(secret=secret, timestamp=timestamp, body=body),
    }


def check(request: Inbound, *, secret: str, max_skew_s: int) -> None:
    """Raises `NotVerified` unless the message is signed with our secret, and just now.

    The signature may cover the body without its spaces, or as it was received.
    """
    if not secret:
        raise NotVerified("the account has no signing_secret, so nothing can be verified")
    timestamp = request.headers.get("timestamp", "").strip()
    given = request.headers.get("signature", "").strip().lower().encode()
    _check_time(timestamp, request.received_at, max_skew_s)
    expected = (
        signature(secret=secret, timestamp=timestamp, body=request.body),
        _hmac(secret, timestamp.encode() + request.body),
    )
    matching = [hmac.compare_digest(given, each.encode()) for each in expected]
    if not any(matching):
        raise NotVerified("the signature is missing or wrong")


def signed_at(request: Inbound) -> datetime | None:
    """When a message was signed: its own date, which a copy of it that comes later has too."""
    return wire.Fields(request.headers).unix_seconds("timestamp")


def _check_time(timestamp: str, received_at: datetime, max_skew_s: int) -> None:
    digits = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP
    if not digits:
        raise NotVerified("the timestamp is missing or not in unix seconds")
    if abs(received_at.timestamp() - int(timestamp)) > max_skew_s:
        raise NotVerified(f"the timestamp is more than {max_skew_s} s away from our clock")


def _hmac(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
