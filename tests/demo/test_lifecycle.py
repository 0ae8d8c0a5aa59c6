"""Starting, stopping and starting again; each test has a demo of its own."""

import os
import signal
import socket
import subprocess
import time

import pytest
import requests

from tests.demo.running import PYTHON, ROOT, Demo, wait_for

pytestmark = [pytest.mark.demo, pytest.mark.xdist_group("demo_lifecycle")]


def test_a_second_start_has_the_same_data_keys_and_passwords(fresh: Demo):
    fresh.start()
    first, kept = fresh.report, (fresh.data_dir / "demo.env").read_text()
    player = fresh.new_player("stays")
    took_s = fresh.stop(signal.SIGINT)
    assert took_s < 10
    assert fresh.processes() == []

    fresh.start(str(PYTHON), "manage.py", "demo")

    assert fresh.report == first
    assert (fresh.data_dir / "demo.env").read_text() == kept
    assert fresh.api("GET", f"/players/{player['id']}").json()["wallet"]["available"] == "50.00"
    assert fresh.stop(signal.SIGTERM) < 10
    assert fresh.processes() == []


def test_two_demos_side_by_side(fresh: Demo, other: Demo):
    fresh.start()
    try:
        other.start()
        assert fresh.is_ready()
        assert other.is_ready()
        assert other.report["partners"] != fresh.report["partners"]
        reply = requests.get(
            f"{other.url}/api/v1/coupons",
            headers={"Authorization": f"Api-Key {fresh.report['partners'][0]['api_key']}"},
            timeout=10,
        )
        assert reply.status_code == 401
    finally:
        other.stop()
    assert other.processes() == []
    assert fresh.is_ready()
    fresh.stop()


def test_the_addresses_follow_the_ports_of_the_next_start(fresh: Demo, other: Demo):
    fresh.start()
    first = fresh.report
    fresh.stop()
    fresh.env |= {name: other.env[name] for name in ("PORT", "SANDBOX_PORT")}
    fresh.start()

    assert fresh.report["base_url"] == fresh.url != first["base_url"]
    assert fresh.report["partners"] == first["partners"]
    assert f"SANDBOX_URL={fresh.report['sandbox_url']}" in (fresh.data_dir / "demo.env").read_text()
    assert fresh.report["sandbox_url"] in fresh.manage("provider_account", "show", "betcalc").stdout
    fresh.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_make_alone_is_signalled(fresh: Demo, number: int):
    """A terminal signals the whole group; `kill` signals make only."""
    fresh.start()
    assert fresh.process
    started = time.monotonic()
    fresh.process.send_signal(number)
    fresh.process.wait(timeout=20)

    assert time.monotonic() - started < 10
    assert fresh.processes() == []


def test_being_killed_leaves_no_process(fresh: Demo):
    fresh.start(str(PYTHON), "manage.py", "demo")
    assert fresh.process
    fresh.process.kill()
    fresh.process.wait()

    wait_for(lambda: fresh.processes() == [], 15)


@pytest.mark.parametrize("after_s", [0.7, 1.5, 2.5, 4])
def test_a_signal_during_the_start(fresh: Demo, after_s: float):
    process = subprocess.Popen(
        [PYTHON, "manage.py", "demo"],
        cwd=ROOT,
        env=fresh.env,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    time.sleep(after_s)
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.1)
    process.wait(timeout=10)

    assert fresh.processes() == []


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_port_in_use_is_named_and_nothing_is_left(fresh: Demo, name: str):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(fresh.env[name])))
        holder.listen()
        done = refused(fresh)

    assert done.stderr == (
        f"slipdesk: port {fresh.env[name]} cannot be used (address already in use); "
        f"set {name} to another one\n"
    )
    assert fresh.processes() == []


def test_another_database_needs_force(fresh: Demo):
    fresh.env["DATABASE_URL"] = "postgresql://slipdesk@db.example/slipdesk"

    done = refused(fresh)

    assert done.stderr.startswith("slipdesk: DATABASE_URL is not the embedded server's")
    assert not (fresh.data_dir / "demo.env").exists()


def test_another_database_of_a_former_start_is_named(fresh: Demo):
    demo_env = fresh.data_dir / "demo.env"
    demo_env.parent.mkdir(parents=True, exist_ok=True)
    demo_env.write_text("DATABASE_URL=postgresql://slipdesk@db.example/slipdesk\n")

    done = refused(fresh)

    assert f"DATABASE_URL is not the embedded server's ({demo_env})" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "http"), ("SANDBOX_PORT", "70000"), ("LOG_LEVEL", "loud")]
)
def test_a_malformed_setting_is_named(fresh: Demo, name: str, value: str):
    fresh.env[name] = value

    done = refused(fresh)

    assert done.stderr.startswith(f"slipdesk: {name} must be")
    assert len(done.stderr.splitlines()) == 1


def refused(demo: Demo) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [PYTHON, "manage.py", "demo"],
        cwd=ROOT,
        env=demo.env,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    return done
