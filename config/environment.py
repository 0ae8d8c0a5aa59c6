"""Reads the settings from the environment and says in one line what is wrong with them."""

import os
import sys
from pathlib import Path
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

import environ
from cryptography.fernet import Fernet

BASE_DIR = Path(__file__).resolve().parent.parent
ROLES = ("web", "callbacks", "jobs", "command")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class SettingsError(Exception):
    """A setting is missing or malformed; the message names it."""


def data_dir() -> Path:
    """Where the embedded server, the demo's keys and its state live."""
    return (BASE_DIR / os.environ.get("DATA_DIR", "var")).resolve()


def load() -> environ.Env:
    """The environment, with `$DATA_DIR/demo.env` filling in what it does not set."""
    demo_env = data_dir() / "demo.env"
    if demo_env.exists():
        if not os.access(demo_env, os.R_OK):
            raise SettingsError(f"DATA_DIR: {demo_env} may not be read by this user")
        environ.Env.read_env(demo_env, overwrite=False)
    return environ.Env()


def refuse(message: str) -> NoReturn:
    """Stop the process with one line."""
    sys.exit(f"slipdesk: {message}")


def secret(env: environ.Env, name: str, *, min_length: int) -> str:
    value = str(env.str(name, default=""))
    if len(value) < min_length:
        raise SettingsError(f"{name} is required and has at least {min_length} characters")
    return value


def fernet_keys(env: environ.Env, name: str) -> list[str]:
    """Keys that encrypt credentials: the first encrypts, all decrypt."""
    keys = [key for key in env.list(name, default=[]) if key]
    if not keys:
        raise SettingsError(f"{name} is required: one or more Fernet keys, separated by commas")
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise SettingsError(
                f"{name} holds a key that is not 32 bytes in url-safe base64"
            ) from None
    return keys


def flag(env: environ.Env, name: str, *, default: bool) -> bool:
    text = str(env.str(name, default=str(int(default)))).strip().lower()
    if text not in {"0", "1", "true", "false"}:
        raise SettingsError(f"{name} must be 0 or 1, not {text!r}")
    return text in {"1", "true"}


def number(env: environ.Env, name: str, *, default: int, low: int, high: int) -> int:
    text = str(env.str(name, default=str(default)))
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


def choice(env: environ.Env, name: str, *, default: str, of: tuple[str, ...]) -> str:
    value = str(env.str(name, default=default))
    if value not in of:
        raise SettingsError(f"{name} must be one of {', '.join(of)}, not {value!r}")
    return value


def http_url(env: environ.Env, name: str, *, default: str) -> str:
    """An http address without a trailing slash; an empty default makes it optional."""
    value = str(env.str(name, default=default)).rstrip("/")
    if not value and not default:
        return ""
    parts = _split(name, value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"{name} must be an http or https address, not {value!r}")
    return value


def host_names(env: environ.Env, name: str) -> list[str]:
    hosts = [str(host).strip() for host in env.list(name, default=[])]
    if not any(hosts) or any("/" in host for host in hosts):
        raise SettingsError(f"{name} is required: host names, separated by commas")
    return [host for host in hosts if host]


def database_url(env: environ.Env, name: str) -> str:
    """The address of a PostgreSQL database, empty if there is none."""
    value = str(env.str(name, default=""))
    if not value:
        return ""
    # The address may hold a password, so it is not shown.
    parts = _split(name, value, shown=False)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise SettingsError(f"{name} must look like postgresql://user:password@host:5432/database")
    return value


def _split(name: str, value: str, *, shown: bool = True) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise SettingsError(f"{name} is malformed: {value if shown else error}") from None
    return parts
