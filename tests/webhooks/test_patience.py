"""A database that is cut off: its network takes every byte and gives none back."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from django.db import connection
from psycopg import OperationalError

from bets.services import partners
from providers import services as providers
from tests.factories.bets import a_player
from tests.factories.providers import make_account
from webhooks.patience import (
    LONGEST_S,
    DatabaseSilent,
    ImpatientConnection,
    NoTimeLeft,
    patience,
)

ROOT = Path(__file__).resolve().parent.parent.parent
UP_WITHIN_S = 30
THREADS, MANY = 4, 32
# Less than the longest wait of a process, and more than a loaded machine adds to a vendor's 2 s.
GIVEN_UP_AFTER_S = LONGEST_S - 2

pytestmark = pytest.mark.django_db(transaction=True)


class Cable:
    """Between a server and the test's PostgreSQL. It can be cut, or taken out of the wall."""

    def __init__(self) -> None:
        self._flows = threading.Event()
        self._flows.set()
        self._sockets: list[socket.socket] = []
        self._listen(0)
        self.port = self._listener.getsockname()[1]

    def cut(self) -> None:
        """Both ends are still there, and no byte gets through."""
        self._flows.clear()

    def mend(self) -> None:
        self._flows.set()

    def pull_out(self) -> None:
        """Connections end, and no new one is accepted."""
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def plug_in(self) -> None:
        self._listen(self.port)

    def _listen(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(database_socket())
            self._sockets += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def database_socket() -> str:
    of_test = connection.settings_dict
    host = of_test["OPTIONS"].get("host") or of_test["HOST"]
    return f"{host}/.s.PGSQL.5432"


@pytest.fixture
def cable() -> Iterator[Cable]:
    cable = Cable()
    yield cable
    cable.mend()
    cable.pull_out()


@pytest.fixture
def base(cable: Cable, transactional_db: None) -> Iterator[str]:
    """The server of callbacks, as production runs it, with the cable to its database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    of_test = connection.settings_dict
    command = ("-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port))
    server = subprocess.Popen(
        [sys.executable, *command, "--blocking-threads", str(THREADS), "config.wsgi:application"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": f"postgresql://{of_test['USER']}@127.0.0.1:{cable.port}/{of_test['NAME']}",
            "ROLE": "callbacks",
            "DB_POOL_SIZE": str(THREADS),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture
def balance(base: str) -> str:
    """A question of the wallet's vendor, which has been answered once."""
    account = make_account(
        "gr8", settings={"wallet_mode": "seamless"}, secrets={"token": "Bearer abc"}
    )
    player = a_player(balance="10.00")
    partners.grant_access(partner=player.partner, account=account)
    path = providers.callback_base(account=account).removeprefix("http://testserver")
    address = f"{base}{path}/api/v2/wallet/{player.pk}/balances"
    serves_again(address)
    return address


def ask(address: str) -> requests.Response:
    return requests.get(address, timeout=GIVEN_UP_AFTER_S)


def serves_again(address: str) -> None:
    end = time.monotonic() + UP_WITHIN_S
    while True:
        with suppress(requests.RequestException):
            if ask(address).status_code == 200:
                return
        assert time.monotonic() < end, "it does not serve again"
        time.sleep(0.1)


def refused(address: str) -> str:
    """The code of a definite answer: it fails where none comes in time."""
    answer = ask(address)
    assert answer.status_code == 503
    return answer.json()["code"]


def test_a_database_that_says_nothing_is_given_up_in_time_and_asked_again(cable, balance):
    cable.cut()

    # More than there are connections and threads: the idle ones, and those that are opened anew.
    for _ in range(6):
        assert refused(balance) == "database_away"

    cable.mend()
    serves_again(balance)


def test_many_that_come_at_once_do_not_wait_behind_each_other(cable, balance):
    cable.cut()

    with ThreadPoolExecutor(MANY) as pool:
        codes = list(pool.map(refused, [balance] * MANY))

    assert set(codes) == {"database_away"}
    cable.mend()
    serves_again(balance)


def test_a_database_that_accepts_no_connection_is_given_up_in_time(cable, balance):
    cable.pull_out()

    for _ in range(3):
        assert refused(balance) == "database_away"

    cable.plug_in()
    serves_again(balance)


def send_slowly(address: str, *, seconds: float) -> int:
    """A vendor's call whose body takes so long to arrive; the status of the answer."""
    target, body = urlsplit(address), b"no JSON"
    head = (
        f"POST {target.path} HTTP/1.1\r\nHost: {target.netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((target.hostname, target.port), GIVEN_UP_AFTER_S) as sender:
        sender.sendall(head.encode())
        for n in range(len(body)):
            time.sleep(seconds / len(body))
            sender.sendall(body[n : n + 1])
        return int(sender.recv(100).split()[1])


def test_a_slow_sender_is_not_taken_for_a_silent_database(balance):
    status = send_slowly(balance.replace("/balances", "/transactions"), seconds=2.5)

    assert ask(balance).status_code == 200
    assert status == 400


@pytest.fixture
def impatient() -> Iterator[ImpatientConnection]:
    of_test = connection.settings_dict
    where = database_socket().rpartition("/")[0]
    opened = ImpatientConnection.connect(
        host=where, user=of_test["USER"], dbname=of_test["NAME"], autocommit=True
    )
    with opened:
        yield opened


def test_who_comes_too_late_says_nothing_of_the_database(impatient):
    with pytest.raises(NoTimeLeft) as refused, patience(0):
        impatient.execute("SELECT pg_sleep(1)")
    assert not isinstance(refused.value, DatabaseSilent)
    assert impatient.closed


def test_who_had_time_and_got_no_answer_does(impatient):
    with pytest.raises(DatabaseSilent), patience(0.6):
        impatient.execute("SELECT pg_sleep(5)")
    assert impatient.closed


def test_what_a_server_refuses_in_time_is_what_it_says(impatient):
    impatient.execute("SET statement_timeout = 20")
    with pytest.raises(OperationalError) as refused, patience(5):
        impatient.execute("SELECT pg_sleep(5)")
    assert not isinstance(refused.value, NoTimeLeft)
    assert not impatient.closed
