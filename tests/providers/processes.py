"""Real processes on the test's database, that begin at one moment."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from django.db import connection

from config import embedded
from tests.environment import DATA_DIR

_ROOT = Path(__file__).parents[2]
_HEAD = """
import sys, django
django.setup()
from django.db import connection
connection.ensure_connection()
print("ready", flush=True)
sys.stdin.readline()
"""


def run_together(
    script: str, *arguments: str, number: int, meanwhile: Callable[[], object] = bool
) -> list[str]:
    """What each of `number` processes printed. They are started, and then all let go.

    `meanwhile` is called in this process at the same moment.
    """
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": embedded.database_url(DATA_DIR, connection.settings_dict["NAME"]),
    }
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _HEAD + script, *arguments],
            cwd=_ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(number)
    ]
    try:
        for worker in workers:
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        meanwhile()
        return [worker.communicate(timeout=60)[0].strip() for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
