"""Chooses the demo's keys, ports and addresses before Django reads its settings.

They are kept in `$DATA_DIR/demo.env`, so that every command with the same DATA_DIR finds them. Keys
are chosen once; ports may change with each start, and the addresses follow them.
"""

import fcntl
import os
import secrets
import socket
from io import TextIOWrapper
from pathlib import Path

import environ
from cryptography.fernet import Fernet

from config import embedded, environment
from config.demo import files
from config.environment import SettingsError

HOST = "127.0.0.1"
_SWITCHES = {"DEMO": "1", "HTTPS": "0", "ALLOW_PRIVATE_PROVIDERS": "1"}

_lock: TextIOWrapper | None = None


def prepare(*, force: bool) -> None:
    """Put the demo's settings into the environment of this process and its children.

    Nothing is written yet, except that this process owns the data directory from here on.
    Raises `SettingsError`.
    """
    data_dir = environment.data_dir()
    try:
        _own(data_dir)
    except OSError as error:
        raise SettingsError(f"DATA_DIR {data_dir} is not usable: {error.strerror}") from None
    saved = files.read_env(data_dir)
    os.environ.update(_settings(data_dir, saved=saved, force=force))


def write(data_dir: Path) -> None:
    """Keep what was prepared in `demo.env`."""
    names = (*_keys({}), *_SWITCHES, *_ADDRESSES, *_PORTS, "ALLOWED_HOSTS", "DATABASE_URL")
    files.write_env(data_dir, {name: os.environ[name] for name in names})


def _own(data_dir: Path) -> None:
    global _lock
    data_dir.mkdir(parents=True, exist_ok=True)
    _lock = (data_dir / "demo.lock").open("w")
    try:
        fcntl.flock(_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SettingsError(f"a demo runs on DATA_DIR {data_dir} already") from None


def _settings(data_dir: Path, *, saved: dict[str, str], force: bool) -> dict[str, str]:
    ports = _ports(saved)
    return {
        **_keys(saved),
        **_SWITCHES,
        **ports,
        **_addresses(ports),
        "ALLOWED_HOSTS": os.environ.get("ALLOWED_HOSTS")
        or saved.get("ALLOWED_HOSTS")
        or f"{HOST},localhost,[::1]",
        "DATABASE_URL": _database_url(data_dir, saved=saved, force=force),
        "DATA_DIR": str(data_dir),
        "ROLE": "command",
    }


def _keys(saved: dict[str, str]) -> dict[str, str]:
    """The kept keys go first: what they encrypted could not be read with others."""
    fresh = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "HASH_KEY": secrets.token_urlsafe(36),
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    }
    return {name: saved.get(name) or os.environ.get(name) or key for name, key in fresh.items()}


# --- the database -------------------------------------------------------------------------------


def _database_url(data_dir: Path, *, saved: dict[str, str], force: bool) -> str:
    """The embedded server's address, or with `force` any other that is asked for."""
    ours = embedded.database_url(data_dir)
    asked = os.environ.get("DATABASE_URL") or saved.get("DATABASE_URL") or ours
    moved = asked == saved.get("DATABASE_URL") and embedded.is_embedded(asked)
    if asked == ours or moved:
        return ours
    if not force:
        # A start with --force keeps the address, and the next one may have forgotten about it.
        kept = "" if os.environ.get("DATABASE_URL") else f" ({data_dir / files.ENV})"
        raise SettingsError(
            f"DATABASE_URL is not the embedded server's{kept}; the demo writes into that database "
            "only with --force (make demo ARGS=--force)"
        )
    return asked


# --- ports and addresses ------------------------------------------------------------------------

_PORTS = ("PORT", "SANDBOX_PORT", "CALLBACK_PORT")
_ADDRESSES = ("PUBLIC_URL", "SANDBOX_URL", "CALLBACK_URL")


def _ports(saved: dict[str, str]) -> dict[str, str]:
    """Raises `SettingsError` for a port that is in use, naming it and its setting."""
    ports = {
        "PORT": _asked_port("PORT", saved, default=8000),
        "SANDBOX_PORT": _asked_port("SANDBOX_PORT", saved, default=8001),
    }
    if ports["PORT"] == ports["SANDBOX_PORT"]:
        raise SettingsError(f"PORT and SANDBOX_PORT are both {ports['PORT']}")
    for name, port in ports.items():
        _check_free(name, port)
    ports["CALLBACK_PORT"] = _callback_port(saved, taken=set(ports.values()))
    return {name: str(port) for name, port in ports.items()}


def _asked_port(name: str, saved: dict[str, str], *, default: int) -> int:
    if name not in os.environ and saved.get(name, "").isdecimal():
        return int(saved[name])
    return environment.number(environ.Env(), name, default=default, low=1, high=65535)


def _callback_port(saved: dict[str, str], *, taken: set[int]) -> int:
    """The one that is asked for; else the former one, since open coupons name it; else any."""
    asked = environment.number(environ.Env(), "CALLBACK_PORT", default=0, low=0, high=65535)
    if asked:
        if asked in taken:
            raise SettingsError(f"CALLBACK_PORT {asked} is PORT or SANDBOX_PORT already")
        _check_free("CALLBACK_PORT", asked)
        return asked
    former = int(saved.get("CALLBACK_PORT", "0"))
    if former and former not in taken and _why_taken(former) is None:
        return former
    return _any_port()


def _check_free(name: str, port: int) -> None:
    reason = _why_taken(port)
    if reason:
        raise SettingsError(f"port {port} cannot be used ({reason}); set {name} to another one")


def _why_taken(port: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError as error:
            return (error.strerror or str(error)).lower()
    return None


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _addresses(ports: dict[str, str]) -> dict[str, str]:
    return {
        "PUBLIC_URL": f"http://{HOST}:{ports['PORT']}",
        "SANDBOX_URL": f"http://{HOST}:{ports['SANDBOX_PORT']}",
        "CALLBACK_URL": f"http://{HOST}:{ports['CALLBACK_PORT']}",
    }
