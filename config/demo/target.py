"""Tells the sandbox whose wallets its betflex calls."""

import http.client
import json
import os
import time
from urllib.parse import urlsplit

_TRY_EVERY_S = 1.0


class SandboxTarget:
    """The order, and whether the sandbox that runs now has taken it."""

    def __init__(self) -> None:
        self._order: dict[str, object] | None = None
        self._told = False
        self._next_try_at = 0.0

    def set(self, callback_base: str, users: list[dict[str, str]]) -> None:
        self._order = {"callback_base": callback_base, "users": users}
        self._told = False

    def tell_again(self) -> None:
        """The sandbox was started anew."""
        self._told = False

    def tell_if_due(self) -> None:
        """Try once a second until the sandbox takes it."""
        if self._order is None or self._told or time.monotonic() < self._next_try_at:
            return
        self._next_try_at = time.monotonic() + _TRY_EVERY_S
        self._told = _put("/_sandbox/betflex/target", json.dumps(self._order))


def _put(path: str, body: str) -> bool:
    address = urlsplit(os.environ["SANDBOX_URL"])
    sandbox = http.client.HTTPConnection(address.hostname or "", address.port, timeout=2)
    try:
        sandbox.request("PUT", path, body=body, headers={"Content-Type": "application/json"})
        return sandbox.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        sandbox.close()
