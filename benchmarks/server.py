"""The production server on a database of the benchmark's, and the SQL that it runs."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from benchmarks import environment


@contextmanager
def running(database: str, *, threads: int = 10) -> Iterator[int]:
    """The callback pool under granian, as `docs/operating.md` starts it; gives its port."""
    port = _free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1",
        "--port", str(port), "--workers", "2", "--blocking-threads", str(threads),
        "--no-access-log", "--log-level", "warning", "config.wsgi:application",
    ]  # fmt: skip
    settings = {
        **os.environ,
        "ROLE": "callbacks",
        "DATABASE_URL": environment.url(database),
        "DB_POOL_SIZE": str(threads),
    }
    server = subprocess.Popen(command, env=settings)
    try:
        _wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(10)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if server.poll() is not None:
            break
        try:
            requests.get(f"http://127.0.0.1:{port}/healthz", timeout=1).raise_for_status()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")
