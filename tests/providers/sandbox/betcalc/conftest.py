"""A client of the simulated betcalc."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from providers.sandbox import wire
from providers.sandbox.server import RunningSandbox, running_sandbox

OVER = "line#586464528|17|954|2.5#4.27"
LIVE = "live#586464528|87|4|0#1.12"
LOG_IN = "/WebServices/BCService.asmx/LogIn/"


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningSandbox]:
    """Coupons of this one settle on order alone."""
    with running_sandbox(match_seconds=20, seed=5, auto_settle=False) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared: RunningSandbox) -> Iterator[RunningSandbox]:
    yield shared
    shared.call("DELETE", "/faults")
    # What a test left open must not take the fault that the next one orders.
    shared.settle_all()
    shared.post("/betcalc/settings", {"nesting": "flat", "casing": "documented"})
    for code in ("17|954|2.5", "87|4|0"):
        shared.order_outcome("586464528", code, "random")


@pytest.fixture
def client(sandbox: RunningSandbox, http: requests.Session) -> requests.Session:
    http.post(sandbox.url + LOG_IN, json={"login": "ann", "password": "right"})
    return http


def data(remote_host: Any = "http://127.0.0.1:1/x", **changes: Any) -> dict[str, Any]:
    body = {
        "list_bets": [OVER],
        "realAmount": "2",
        "currency": "USD",
        "lang": "en",
        "remote_host": remote_host,
        "rate_mode": "reject",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def place(
    client: requests.Session, sandbox: RunningSandbox, timeout: Any = 10, **changes: Any
) -> Any:
    answer = client.post(
        sandbox.url + "/betcalc/bet/place/", json={"data": data(**changes)}, timeout=timeout
    )
    assert answer.status_code == 200
    return wire.loads(answer.content)


def error(answer: dict[str, Any]) -> tuple[int, int, str]:
    return answer["errorCode"], answer["fullErrorCode"], answer["errorMessage"]


def bet(sandbox: RunningSandbox, code: str) -> dict[str, Any]:
    return sandbox.get(f"/betcalc/bets?betcode={code}")["bets"][0]
