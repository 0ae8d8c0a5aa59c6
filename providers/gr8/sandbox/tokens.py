"""The tokens that the simulated gr8 gives out, by OAuth2 client credentials (RFC 6749, 4.4)."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from providers.sandbox.messages import Reply, Request, json_reply

LIFE_S = 3600.0
FORM_TYPE = "application/x-www-form-urlencoded"


class TokenDesk:
    """Gives out tokens and knows which are good; settings are those of the account, or empty.

    Without settings any client may come, unless its secret is `wrong`.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._client_id = str(settings.get("client_id", ""))
        self._client_secret = str(settings.get("client_secret", ""))
        self._fixed = str(settings.get("token", "")) or "sandbox-token"
        self._good_until: dict[str, float] = {}
        self._lock = threading.Lock()
        self.life_s = LIFE_S
        self.given_out = 0

    def give(self, request: Request) -> Reply:
        """A new token for a client whose secret is right."""
        form = parse_qs(request.body.decode(errors="replace"))
        if request.headers.get("content-type", "").partition(";")[0] != FORM_TYPE:
            return json_reply({"error": "invalid_request"}, status=400)
        if form.get("grant_type") != ["client_credentials"]:
            return json_reply({"error": "unsupported_grant_type"}, status=400)
        if not self._is_client(form.get("client_id", [""])[0], form.get("client_secret", [""])[0]):
            return refused()
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._good_until[token] = time.time() + self.life_s
            self.given_out += 1
        return json_reply(
            {"access_token": token, "token_type": "Bearer", "expires_in": int(self.life_s)}
        )

    def is_good(self, request: Request) -> bool:
        """Whether the request has a token that still works."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return False
        return token == self._fixed or self._good_until.get(token, 0) > time.time()

    def lose(self) -> int:
        """Forget all tokens, as a restart does; says how many there were."""
        with self._lock:
            lost = len(self._good_until)
            self._good_until.clear()
        return lost

    def _is_client(self, client_id: str, client_secret: str) -> bool:
        if self._client_id or self._client_secret:
            return (client_id, client_secret) == (self._client_id, self._client_secret)
        return bool(client_id) and bool(client_secret) and client_secret != "wrong"  # noqa: S105


def refused() -> Reply:
    """The client or its secret is wrong."""
    return json_reply({"error": "invalid_client"}, status=401)
