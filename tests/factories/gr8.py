"""A partner of the sandbox's gr8: its bets, and a wallet that writes down what it is asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from providers.sandbox import wire

PLAYER = "33dd1450-e250-4fb4-896c-0d987d4fde9f"
HEADERS = {
    "Authorization": "Bearer sandbox-token",
    "X-Operator-Id": "op",
    "X-Brand": "brand",
    "X-Player-Id": PLAYER,
    "X-Player-Currency": "USD",
    "X-Channel": "WEB",
    "Comment": "test",
}
EVENT = "SportsbookAutotesteb648b2b-ba50-475e-9af6-bf6abb4140ab"
KEY = "[2,[],[0],1,3,[]]"


class Wallet:
    """A hosted wallet that says yes, unless `declines` has an answer for a transaction's type."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[tuple[str, str, Any]] = []
        self.declines: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        self.lock = threading.Lock()

    def answer(self, method: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        with self.lock:
            self.calls.append((method, path, body))
            waiting = self.declines.get(body["type"], []) if body else []
            return waiting.pop(0) if waiting else (200, {"id": "x"})

    def transactions(self, type_: str = "") -> list[dict[str, Any]]:
        with self.lock:
            return [body for _, _, body in self.calls if body and type_ in ("", body["type"])]

    @property
    def order(self) -> list[str]:
        return [f"{one['type']} {one['context']['reason']}" for one in self.transactions()]


@contextmanager
def hosting() -> Iterator[Wallet]:
    wallet = Wallet()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_any(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = wire.loads(content) if content else None
            status, answer = wallet.answer(self.command, self.path, body)
            written = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_POST = do_any  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    wallet.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield wallet
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def bet(**changes):
    outcome = {"selection": KEY, "odds": 2}
    return {
        "items": [{"eventId": EVENT, "odds": 2, "sourceOutcomes": [outcome]}],
        "amount": 10,
        "betType": "Ordinar",
        "oddsChangePolicy": "Any",
        "marketChangePolicy": "None",
        "systemSize": 0,
        "transactionId": str(uuid4()),
        "useExternalBetId": True,
        **changes,
    }


def place(sandbox, http, **changes):
    path = sandbox.url + "/gr8/v1/sport/v1/bet"
    return http.post(path, json=bet(**changes), headers=HEADERS)


def taken(sandbox, http, **changes) -> str:
    answer = place(sandbox, http, **changes)
    assert answer.status_code == 200, answer.text
    return answer.json()["betId"]


def status_of(sandbox, bet_id) -> str:
    return sandbox.get(f"/gr8/bets?bet_id={bet_id}")["bets"][0]["status"]
