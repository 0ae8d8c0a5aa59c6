"""A server and a database of the benchmark's own, apart from any demo or test."""

import os
from pathlib import Path

import psycopg
from psycopg import sql

from config import embedded

DATA_DIR = Path(os.environ.get("BENCH_DATA_DIR", "var/bench")).resolve()
SETTINGS = {
    "DATA_DIR": str(DATA_DIR),
    "SECRET_KEY": "bench-only-" + "k" * 50,
    "HASH_KEY": "bench-only-" + "h" * 32,
    "ENCRYPTION_KEYS": "YmVuY2gtb25seS1mZXJuZXQta2V5LTMyLWJ5dGVzISE=",
    "ALLOWED_HOSTS": "127.0.0.1",
    "HTTPS": "0",
    "ALLOW_PRIVATE_PROVIDERS": "1",
    "LOG_LEVEL": "WARNING",
}


def prepare() -> None:
    """Start the server and make its settings those of this process and its children."""
    os.environ.pop("DATABASE_URL", None)
    os.environ.update(SETTINGS)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    embedded.start(DATA_DIR)


def url(database: str) -> str:
    return embedded.database_url(DATA_DIR, database)


def create(database: str, *, template: str | None = None) -> None:
    """Make a fresh database, empty or a copy of another."""
    with psycopg.connect(url("postgres"), autocommit=True) as connection:
        drop(database)
        query = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database))
        if template:
            query += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        connection.execute(query)


def drop(database: str) -> None:
    with psycopg.connect(url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
        )
