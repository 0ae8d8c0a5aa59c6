"""An operator of the simulated superbet: a client that signs, and a webhook that writes down."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
import requests

from providers.sandbox.server import RunningSandbox, running_sandbox

SECRET = "12345ABCDE"
ASKED = {
    "operator": "site",
    "token": "sGhx12skwrXsukbZmWh7bkCC9YPEzYQKtKSe9EfCth3Q",
    "price": 1000,
    "currency": "USD",
    "atag": "atag_value",
    "source": "desktop",
    "type": "superbet",
    "event": 100001,
    "bets": [101],
}
PLAYER = (200, json.dumps({"player_id": "token_i", "balance": 5000, "currency": "USD"}))
YES = (200, "{}")
NO = (400, '{"code": 101, "message": "User not found"}')


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=20, seed=5, auto_settle=False) as sandbox:
        yield sandbox


@pytest.fixture
def pam(sandbox, recorder):
    target = {"callback_base": recorder.url + "/pam", "signing_secret": SECRET}
    sandbox.call("PUT", "/superbet/target", target)
    recorder.answers += [PLAYER, YES]
    return recorder


class Engine:
    """A client that signs as the document says."""

    def __init__(self, sandbox: RunningSandbox, http: requests.Session) -> None:
        self._sandbox = sandbox
        self._http = http

    def call(self, method: str, path: str, body: dict | None = None, **headers: str):
        content = b"" if body is None else json.dumps(body).encode()
        timestamp = headers.pop("timestamp", str(int(time.time())))
        usual = {
            "timestamp": timestamp,
            "operator-name": "site",
            "signature": signed(timestamp, b"" if method == "GET" else content),
        }
        url = f"{self._sandbox.url}/superbet/be{path}"
        answer = self._http.request(method, url, data=content, headers={**usual, **headers})
        return answer.status_code, json.loads(answer.text, parse_float=Decimal)

    def reserve(self, **changes):
        return self.call("POST", "/tickets/reserve", {**ASKED, **changes})

    def reserved(self, **changes) -> dict:
        status, ticket = self.reserve(**changes)
        assert status == 200, ticket
        return ticket

    def sold(self, **changes) -> dict:
        return self.call("POST", f"/tickets/{self.reserved(**changes)['id']}/paid")[1]


def signed(timestamp: str, body: bytes) -> str:
    message = timestamp.encode() + body.replace(b" ", b"")
    return hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()


@pytest.fixture
def engine(sandbox, http) -> Engine:
    return Engine(sandbox, http)


def actions(pam) -> list[str]:
    return [call.json["action"] for call in pam.received]


def sent(pam, action: str) -> list[dict]:
    return [call.json["data"] for call in pam.received if call.json["action"] == action]
