"""Whose engine this is: the operator, the secret both sides sign with, and the webhook."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from providers.sandbox.fields import Fields
from providers.sandbox.messages import BadOrderError, Request

USUAL_OPERATOR = "site"
USUAL_SECRET = "sandbox-signing-secret"  # noqa: S105
LONGEST_SKEW_S = 300


@dataclass(frozen=True)
class Target:
    """`callback_base` is the webhook's whole address; without it no bet can be made."""

    operator: str = USUAL_OPERATOR
    signing_secret: str = USUAL_SECRET
    callback_base: str = ""

    def signature(self, timestamp: str, body: bytes) -> str:
        """The timestamp and the body without its spaces, as the engine computes it."""
        signed = timestamp.encode() + b"".join(body.split(b" "))
        return hmac.new(self.signing_secret.encode(), signed, hashlib.sha256).hexdigest()

    def headers(self, body: str, *, wrong: bool = False) -> dict[str, str]:
        """What a message to the webhook carries, signed at this moment."""
        timestamp = str(int(time.time()))
        signature = self.signature(timestamp, body.encode())
        return {"timestamp": timestamp, "signature": signature[::-1] if wrong else signature}

    def shown(self) -> dict[str, Any]:
        """The target without its secret."""
        return {**asdict(self), "signing_secret": bool(self.signing_secret)}

    def fault_of(self, request: Request) -> str:
        """In words, what is wrong with the signature of a request; empty if nothing is."""
        timestamp = request.headers.get("timestamp", "")
        if not timestamp.isdecimal():
            return "the timestamp is missing"
        if abs(time.time() - int(timestamp)) > LONGEST_SKEW_S:
            return "the timestamp is too far away"
        signed = b"" if request.method == "GET" else request.body
        expected = self.signature(timestamp, signed)
        if not hmac.compare_digest(
            request.headers.get("signature", "").encode(), expected.encode()
        ):
            return "the signature is wrong"
        return ""


def read_target(data: Mapping[str, Any], former: Target) -> Target:
    """Read an order; what it leaves out stays. Raises BadOrderError."""
    fields = Fields(dict(data))
    target = Target(
        operator=fields.text("operator", former.operator),
        signing_secret=fields.text("signing_secret", former.signing_secret),
        callback_base=_address(fields.text("callback_base", former.callback_base)),
    )
    fields.done()
    return target


def _address(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise BadOrderError("callback_base", "is not an http address")
    return value
