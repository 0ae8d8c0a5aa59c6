"""Clients of the simulated betflag, and the offers they place."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from providers.sandbox.server import RunningSandbox, running_sandbox

MARKET = 813016
KEY = {"X-BFkey": "any"}


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=40, seed=5, auto_settle=False) as sandbox:
        sandbox.post("/betflag/settings", {"traders": False})
        yield sandbox


@pytest.fixture
def sandbox(shared: RunningSandbox) -> Iterator[RunningSandbox]:
    """Without traders, and with an empty book that nobody has offers in."""
    yield shared
    shared.call("DELETE", "/faults")
    shared.post(
        "/betflag/settings",
        {
            "traders": False,
            "session_refusal": "status",
            "lay_amount": "stake",
            "back_takes": "banca",
            "session_s": 1200,
        },
    )
    shared.post("/betflag/settle", {"winner": 0})


class Client:
    """One account at the exchange."""

    def __init__(self, http: requests.Session, sandbox: RunningSandbox, username: str) -> None:
        self.http, self.url = http, sandbox.url + "/betflag"
        self.headers = dict(KEY)
        login = self.call("POST", "/security/session", {"Username": username, "Pwd": "right"})
        self.headers["X-BF-Session-Token"] = login["SessionToken"]

    def raw(self, method: str, path: str, body: Any = None, **how: Any) -> requests.Response:
        return self.http.request(method, self.url + path, json=body, headers=self.headers, **how)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.raw(method, path, body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def place(self, *offers: dict[str, int], **changes: Any) -> Any:
        return self.call("POST", "/offers", order(*offers, **changes))

    def own(self, market: int = MARKET) -> list[dict[str, Any]]:
        return self.get(f"/offers/all/{market}")["offerte"]["o"]

    def balance(self) -> dict[str, int]:
        return self.get("/account/balance")


names = iter(range(10_000))


@pytest.fixture
def ann(http, sandbox) -> Client:
    return Client(http, sandbox, f"ann-{next(names)}")


@pytest.fixture
def bob(http, sandbox) -> Client:
    return Client(http, sandbox, f"bob-{next(names)}")


def offer(tipo: int, quota: int, importo: int, esito: int = 1) -> dict[str, int]:
    liability = importo if tipo else -(-importo * (quota - 100) // 100)
    return {
        "tipo": tipo,
        "esito": esito,
        "quota": quota,
        "importo": importo,
        "max_esposizione": liability,
    }


def back(quota: int, importo: int, esito: int = 1) -> dict[str, int]:
    return offer(1, quota, importo, esito)


def lay(quota: int, importo: int, esito: int = 1) -> dict[str, int]:
    return offer(0, quota, importo, esito)


def order(*offers: dict[str, int], **changes: Any) -> dict[str, Any]:
    body = {
        "id_mercato": MARKET,
        "versione_mercato": 0,
        "puntata": sum(each["importo"] for each in offers),
        "ritira": 0,
        "mantieni": 0,
        "offerta": list(offers),
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def side(client: Client, name: str, depth: int = 3, market: int = MARKET) -> list[Any]:
    """Rank, odds and amount of the first selection."""
    book = client.get(f"/offers/market/{market},{depth}")["offerte"]
    return [(each["p"], each["q"], each["i"]) for each in book[name][0]["esi"][0]["off"]]


def version(client: Client) -> int:
    return client.get(f"/offers/market/{MARKET},1")["offerte"]["versione"]
