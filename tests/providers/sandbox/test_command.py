"""`manage.py sandbox` as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parents[3]
RUN = (
    "import sys, django; from django.core.management import execute_from_command_line;"
    "execute_from_command_line(['manage.py', 'sandbox', *sys.argv[1:]])"
)


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[tuple[Any, str]]:
    """The command and its first line; it is killed if the test leaves it running."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": "postgresql://u@127.0.0.1:1/none", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_on_a_signal(tmp_path, number) -> None:
    state = tmp_path / "state.json"
    with started("--port", "0", "--state", str(state), "--seed", "3") as (process, line):
        said, _, url = line.rpartition(" ")
        assert said == "sandbox   listening on"
        assert requests.get(url + "/_sandbox/health", timeout=5).json() == {"status": "ok"}
        process.send_signal(number)
        started_at = time.monotonic()
        rest, _ = process.communicate(timeout=10)
    assert time.monotonic() - started_at < 8
    assert (process.returncode, rest) == (0, "")
    assert state.exists()


def test_the_environment_gives_port_and_credentials() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = {"SANDBOX_PORT": str(port), "BETCALC_LOGIN": "ann", "BETCALC_PASSWORD": "pw"}
    with started("--betflex-callback-base", "http://127.0.0.1:1", **given) as (_, line):
        assert line.endswith(f"http://127.0.0.1:{port}")
        url = line.split()[-1]
        login = url + "/WebServices/BCService.asmx/LogIn/"
        other = requests.post(login, json={"login": "ann", "password": "no"}, timeout=5).json()
        right = requests.post(login, json={"login": "ann", "password": "pw"}, timeout=5).json()
        target = requests.get(url + "/_sandbox/betflex/target", timeout=5).json()["target"]
    assert (other, right) == ({"d": {}}, {"d": {"UserId": "36557"}})
    assert target["callback_base"] == "http://127.0.0.1:1"


def test_a_held_connection_does_not_delay_the_end() -> None:
    with started("--port", "0", "--verbose") as (process, line):
        url = line.split()[-1]
        order = {"provider": "betcalc", "fault": "timeout", "call": "login"}
        requests.post(url + "/_sandbox/faults", json=order, timeout=5)
        with pytest.raises(requests.ReadTimeout):
            requests.post(url + "/WebServices/BCService.asmx/LogIn/", json={}, timeout=0.3)
        process.terminate()
        started_at = time.monotonic()
        rest, _ = process.communicate(timeout=10)
    assert time.monotonic() - started_at < 8
    assert "sandbox   in  POST /WebServices/BCService.asmx/LogIn/ -> close" in rest


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CommandError, match="cannot listen on"):
            call_command("sandbox", "--port", str(taken.getsockname()[1]))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "99999"], "port"),
        (["--match-seconds", "60"], "50"),
        (["--betflex-user", "7"], "UID:CURRENCY"),
        (["--betflex-callback-base", "nowhere"], "callback-base"),
        (["--betflex-callback-base", "http://a", "--betflex-bets-per-minute", "x"], "per-minute"),
    ],
)
def test_wrong_options_are_refused_by_name(arguments, words) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("sandbox", *arguments)


def test_an_unreadable_state_file_stops_it(tmp_path) -> None:
    state = tmp_path / "state.json"
    state.write_text("{")
    with pytest.raises(CommandError, match=r"state\.json"):
        call_command("sandbox", "--port", "0", "--state", str(state))
