"""Bodies as only a real connection can send them, against the server that production runs."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from bets.models import Coupon, WalletTransaction
from bets.services import partners
from providers import services as providers
from tests.bets.conftest import money
from tests.factories.bets import a_held_coupon
from tests.factories.providers import make_account
from tests.webhooks.conftest import bets_body, head, heads_body
from wallets.verification import verify
from webhooks.models import Delivery
from webhooks.reading import BODY_LIMIT

ROOT = Path(__file__).resolve().parent.parent.parent
START_WITHIN_S = 30

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def port(transactional_db: None) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ("-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port))
    server = subprocess.Popen(
        [sys.executable, *command, "--blocking-threads", "4", "config.wsgi:application"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "ROLE": "callbacks",
            "DB_POOL_SIZE": "4",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_up(port)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=20)


def database_url() -> str:
    of_test = connection.settings_dict
    host = of_test["OPTIONS"].get("host") or of_test["HOST"]
    return f"postgresql://{of_test['USER']}@/{of_test['NAME']}?host={host}"


def wait_until_up(port: int) -> None:
    end = time.monotonic() + START_WITHIN_S
    while b"200 OK" not in ask(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.1)


def ask(port: int, *parts: bytes, hang_up: bool = False) -> bytes:
    """Send bytes as they are and give the first of the answer; none from a dead port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
            try:
                for part in parts:
                    peer.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                pass  # The server may answer and close before it has read everything.
            return b"" if hang_up else peer.recv(4096)
    except OSError:
        return b""


def insist(port: int, path: str, body: bytes) -> tuple[bytes, bytes]:
    """Status and body of the whole answer; what was not done in time is sent again."""
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
            peer.sendall(start_of(path, f"Content-Length: {len(body)}") + body)
            answer = b"".join(iter(lambda: peer.recv(65536), b""))
        if b"error.general" not in answer:
            break
    return answer.split(b" ")[1], answer.partition(b"\r\n\r\n")[2]


def start_of(path: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode()


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def the_only_delivery() -> Delivery:
    end = time.monotonic() + 10
    while not Delivery.objects.exists() and time.monotonic() < end:
        time.sleep(0.05)
    return Delivery.objects.get()


def test_a_chunked_body_is_read(port, call_betflex, player):
    body = json.dumps(bets_body((1, 7, "10.00"))).encode()
    start = start_of(f"{call_betflex.base}/bets", "Transfer-Encoding: chunked")
    answer = ask(port, start, chunk(body[:20]), chunk(body[20:]), chunk(b""))
    assert b" 200 " in answer
    assert bytes(the_only_delivery().body) == body


def test_a_chunked_body_over_the_limit_is_413(port, call_betflex):
    start = start_of(f"{call_betflex.base}/bets", "Transfer-Encoding: chunked")
    pieces = [chunk(b" " * 65536)] * (BODY_LIMIT // 65536 + 1)
    assert b" 413 " in ask(port, start, *pieces, chunk(b""))
    assert the_only_delivery().error_code == "too_large"


def test_a_body_that_only_says_it_is_too_large_is_413(port, call_betflex):
    start = start_of(f"{call_betflex.base}/bets", f"Content-Length: {50 * BODY_LIMIT}")
    assert b" 413 " in ask(port, start, b"{}")
    assert the_only_delivery().error_code == "too_large"


def test_a_caller_who_hangs_up_in_the_middle_moves_nothing(port, call_betflex, player):
    body = json.dumps(bets_body((1, 7, "10.00"))).encode()
    start = start_of(f"{call_betflex.base}/bets", f"Content-Length: {len(body) + 10}")
    ask(port, start, body, hang_up=True)
    answer = ask(port, start_of(f"{call_betflex.base}/bets", "Content-Length: 2"), b"{}")
    assert b" 400 " in answer
    assert set(Delivery.objects.values_list("status", flat=True)) == {"refused"}


def test_a_result_is_stored_when_200_is_said(port, call_betcalc):
    body = json.dumps(heads_body(head("x"))).encode()
    path = f"{call_betcalc.base}/api/bet/result"
    assert b" 200 " in ask(port, start_of(path, f"Content-Length: {len(body)}"), body)
    assert Delivery.objects.get().status == "received"


def wallet_call(coupon: Coupon, kind: str, reason: str, amount: str = "10") -> bytes:
    """A transaction in gr8's own words."""
    names = {"withdrawal": coupon.pk, "deposit": f"{coupon.pk}_settlement_0"}
    body = {
        "id": str(names.get(kind, f"{coupon.pk}_rollback")),
        "currency": "EUR",
        "platform": "sport",
        "type": kind,
        "createdAt": "2026-11-21T12:00:00Z",
        "context": {
            "product": "sportsbook",
            "reason": reason,
            "betId": str(coupon.pk),
            "parentId": str(coupon.pk) if kind == "rollback" else "",
        },
        "amountBreakdown": {"cash": amount, "locked": "0", "bonus": "0"},
    }
    return json.dumps(body).encode()


def test_eight_servers_of_a_vendor_repeat_each_transaction_and_the_money_moves_once(
    port, partner, player
):
    account = make_account("gr8", settings={"wallet_mode": "seamless"})
    partners.grant_access(partner=partner, account=account)
    coupon = a_held_coupon(player, account)
    base = providers.callback_base(account=account).removeprefix("http://testserver")
    path = f"{base}/api/v2/wallet/{player.pk}/transactions"
    steps = (
        ("withdrawal", "bet", "10", ("90.00", "0.00", "0.00")),
        ("deposit", "settle", "25", ("115.00", "0.00", "0.00")),
        ("rollback", "sport rollback", "10", ("100.00", "0.00", "0.00")),
    )
    for kind, reason, amount, left in steps:
        body = wallet_call(coupon, kind, reason, amount)
        with ThreadPoolExecutor(8) as pool:
            answers = set(pool.map(lambda _, body=body: insist(port, path, body), range(8)))
        assert [status for status, _ in answers] == [b"200"]
        assert money(player) == left
    assert WalletTransaction.objects.count() == 3
    assert Delivery.objects.filter(status="processed").count() == 24
    assert verify() == []
