"""A demo in processes of its own, started as a user starts it and watched from outside."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import requests

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
START_WITHIN_S = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Demo:
    """One data directory and, once started, the demo that runs on it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "DATA_DIR": str(data_dir),
            "PORT": str(free_port()),
            "SANDBOX_PORT": str(free_port()),
        }
        self.process: subprocess.Popen[str] | None = None

    # --- its life

    def start(self, *command: str) -> "Demo":
        """Start it and wait until it says that it is ready."""
        log = (self.data_dir.parent / f"{self.data_dir.name}.out").open("a")
        self.process = subprocess.Popen(
            command or ("make", "demo"),
            cwd=ROOT,
            env=self.env,
            stdout=log,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        wait_for(lambda: "Ctrl-C ends it." in self.output() or self._died(), START_WITHIN_S)
        assert not self._died(), self.output()
        return self

    def output(self) -> str:
        return (self.data_dir.parent / f"{self.data_dir.name}.out").read_text()

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Signal the whole group, as a terminal does; returns how long it took."""
        assert self.process
        started = time.monotonic()
        os.killpg(self.process.pid, number)
        self.process.wait(timeout=20)
        took_s = time.monotonic() - started
        output = self.data_dir.parent / f"{self.data_dir.name}.out"
        output.unlink()
        return took_s

    def end(self) -> None:
        """Stop it if it still runs, and kill what it left."""
        if self.process and self.process.poll() is None:
            self.stop()
        for process in self.processes():
            process.kill()

    def processes(self) -> list[psutil.Process]:
        """Every process that works on this data directory, the database's included."""
        return [found for found in psutil.process_iter() if self._is_ours(found)]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command as another shell would, which knows DATA_DIR only."""
        env = {name: self.env[name] for name in ("PATH", "HOME", "DATA_DIR")}
        return subprocess.run(
            [PYTHON, "manage.py", *arguments],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _died(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                return False
            return str(self.data_dir) in " ".join(process.cmdline()) or (
                process.environ().get("DATA_DIR") == str(self.data_dir)
            )
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    # --- its addresses

    @property
    def report(self) -> dict[str, Any]:
        return json.loads((self.data_dir / "demo.json").read_text())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.env['PORT']}"

    def callback_base(self, provider: str) -> str:
        return self.report["providers"][provider]["callback_base"]

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        key = self.report["partners"][0]["api_key"]
        headers = {
            "Authorization": f"Api-Key {key}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return requests.request(
            method, f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=60
        )

    def order(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Give the sandbox an order."""
        sandbox = f"http://127.0.0.1:{self.env['SANDBOX_PORT']}/_sandbox"
        reply = requests.request(method, sandbox + path, json=body, timeout=30)
        assert reply.ok, reply.text
        return json.loads(reply.text, parse_float=Decimal)

    def is_ready(self) -> bool:
        """Both the web server and the callback server say so."""
        callbacks = self.callback_base("betcalc").split("/webhooks/")[0]
        try:
            return all(
                requests.get(f"{url}/readyz", timeout=10).status_code == 200
                for url in (self.url, callbacks)
            )
        except requests.ConnectionError:
            return False

    def new_player(
        self, external_id: str, funds: str = "50.00", currency: str = "EUR"
    ) -> dict[str, Any]:
        """A player with this much available."""
        reply = self.api(
            "POST",
            "/players",
            {"external_id": external_id, "username": external_id, "currency": currency},
        )
        assert reply.status_code == 201, reply.text
        player = reply.json()
        body = {"amount": funds, "reference": "first"}
        assert self.api("POST", f"/players/{player['id']}/deposits", body).status_code == 201
        return player

    def available(self, player: dict[str, Any]) -> Decimal:
        return Decimal(self.api("GET", f"/players/{player['id']}").json()["wallet"]["available"])


def wait_for(condition: Callable[[], Any], within_s: float = 30) -> Any:
    """The condition's first true value. Fails when there is none in time."""
    end = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {within_s} s"
        time.sleep(0.2)
    return value
