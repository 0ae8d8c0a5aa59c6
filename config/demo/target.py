"""Tells the sandbox whom those of its providers call that call us."""

import http.client
import json
import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_TRY_EVERY_S = 1.0
# Some providers are told our address with each bet, and take no such order.
_DONE = (200, 404)


class SandboxTargets:
    """The order for each provider, and which of them the running sandbox has taken."""

    def __init__(self) -> None:
        self._orders: Mapping[str, Mapping[str, Any]] = {}
        self._told: set[str] = set()
        self._next_try_at = 0.0

    def set(self, orders: Mapping[str, Mapping[str, Any]]) -> None:
        """The orders by the name of the provider."""
        self._orders = orders
        self._told = set()

    def tell_again(self) -> None:
        """The sandbox was started anew."""
        self._told = set()

    def tell_if_due(self) -> None:
        """Try once a second until the sandbox has taken all of them."""
        missing = self._orders.keys() - self._told
        if not missing or time.monotonic() < self._next_try_at:
            return
        self._next_try_at = time.monotonic() + _TRY_EVERY_S
        for name in sorted(missing):
            if _put(f"/_sandbox/{name}/target", json.dumps(self._orders[name])) in _DONE:
                self._told.add(name)


def _put(path: str, body: str) -> int:
    """The status of the answer, 0 if there is none."""
    address = urlsplit(os.environ["SANDBOX_URL"])
    sandbox = http.client.HTTPConnection(address.hostname or "", address.port, timeout=2)
    try:
        sandbox.request("PUT", path, body=body, headers={"Content-Type": "application/json"})
        return sandbox.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        sandbox.close()
