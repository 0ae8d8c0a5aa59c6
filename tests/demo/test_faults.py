"""What becomes of a running demo when one of its processes, or the database, goes away."""

import os
import signal
import subprocess

import pytest
import requests

from config import embedded
from tests.demo.running import Demo, wait_for

pytestmark = [pytest.mark.demo, pytest.mark.xdist_group("demo")]


@pytest.mark.parametrize("name", ["web", "callbacks", "jobs", "scheduler", "sandbox"])
def test_a_process_that_dies_is_started_again(demo: Demo, name: str):
    before = starts(demo, name)
    os.kill(before[-1], signal.SIGKILL)

    wait_for(lambda: len(starts(demo, name)) == len(before) + 1)
    assert f"{name:<10} ended with signal 9, starts again in" in demo.output()
    wait_for(demo.is_ready)


def test_without_the_database_callers_are_told_that_nothing_was_stored(demo: Demo):
    bets = f"{demo.callback_base('betflex')}/bets"
    player = demo.api("GET", "/coupons")
    assert player.status_code == 200

    embedded.stop(demo.data_dir)
    try:
        replies = [
            requests.post(bets, json={"bets": []}, timeout=20),
            demo.api("GET", "/coupons"),
        ]
        ready = requests.get(f"{demo.url}/readyz", timeout=20)
        alive = requests.get(f"{demo.url}/healthz", timeout=20)
    finally:
        start_postgres(demo)

    for reply in replies:
        assert reply.status_code == 503
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert reply.json()["code"] == "database_away"
        assert "Nothing was stored" in reply.json()["detail"]
    assert ready.status_code == 503
    assert alive.status_code == 200
    wait_for(lambda: demo.api("GET", "/coupons").status_code == 200, 5)
    wait_for(demo.is_ready, 40)


def test_a_database_that_crashed_is_started_again(demo: Demo):
    pid = int((demo.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)

    wait_for(lambda: "postgres   crashed, starts again" in demo.output())
    wait_for(demo.is_ready, 40)


def starts(demo: Demo, name: str) -> list[int]:
    """The process ids of all starts so far."""
    lines = [line for line in demo.output().splitlines() if line.startswith(name)]
    return [
        int(line.split("process ")[1].split(":")[0]) for line in lines if "started, process" in line
    ]


def start_postgres(demo: Demo) -> None:
    """As its own keeper would: with the program that belongs to it, and not by us."""
    pgdata = demo.data_dir / "postgres"
    socket_dir = embedded.database_url(demo.data_dir).partition("?host=")[2]
    owner = pgdata.stat().st_uid if os.geteuid() == 0 else None
    options = f'-h "" -k {socket_dir}'
    command = [embedded.binary("pg_ctl"), "start", "-w", "-D", pgdata, "-l", pgdata / "log"]
    subprocess.run(
        [*command, "-o", options], check=True, user=owner, cwd="/", stdout=subprocess.DEVNULL
    )
