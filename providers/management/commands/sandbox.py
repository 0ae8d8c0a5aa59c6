"""`manage.py sandbox`: the providers, simulated, on one port."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from providers.sandbox.contract import Options, configurable
from providers.sandbox.messages import BadOrderError
from providers.sandbox.registry import PROVIDERS
from providers.sandbox.server import Sandbox
from providers.sandbox.state import StateError
from providers.sandbox.world import LONGEST_MATCH_S

USUAL_PORT = 8001
USUAL_MATCH_S = 40


class Command(BaseCommand):
    """Serves until Ctrl-C or SIGTERM; needs no database."""

    help = "Serve simulated betting providers over HTTP (orders: see GET /_sandbox/)"
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Address, pace and credentials."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=_port, default=None, help="default: SANDBOX_PORT, 8001")
        parser.add_argument("--state", type=Path, help="keeps what is not settled over a restart")
        parser.add_argument("--match-seconds", type=_match_seconds, default=USUAL_MATCH_S)
        parser.add_argument("--seed", type=int, help="repeats a run; default: another each time")
        parser.add_argument("--verbose", action="store_true", help="one line for each exchange")
        parser.add_argument("--allow-remote", action="store_true", help="call non-loopback targets")
        for provider in PROVIDERS:
            if own := configurable(provider):
                own.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until a signal comes."""
        sandbox = self._bound(options)
        self._stop_on_signals(sandbox)
        try:
            sandbox.start()
        except (StateError, BadOrderError, LookupError, TypeError) as error:
            raise CommandError(f"the state in {options['state']} is not usable: {error}") from error
        self.stdout.write(f"sandbox   listening on {sandbox.url}")
        self.stdout.flush()
        sandbox.serve()

    def _bound(self, options: dict[str, Any]) -> Sandbox:
        port = options["port"] if options["port"] is not None else _port_of_environment()
        try:
            return Sandbox(_options(options), host=options["host"], port=port)
        except OSError as error:
            raise CommandError(f"cannot listen on {options['host']}:{port}: {error}") from error
        except BadOrderError as error:
            raise CommandError(f"--{str(error).replace('_', '-')}") from error

    def _stop_on_signals(self, sandbox: Sandbox) -> None:
        # The server's loop runs in this thread and must be told to stop from another one.
        def stop(*_: Any) -> None:
            threading.Thread(target=sandbox.stop).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)


def _options(options: dict[str, Any]) -> Options:
    seed = options["seed"]
    return Options(
        match_s=options["match_seconds"],
        seed=secrets.randbelow(2**31) if seed is None else seed,
        allow_remote=options["allow_remote"],
        verbose=options["verbose"],
        state_path=options["state"],
        provider_settings={
            provider.name: own.settings_of(options)
            for provider in PROVIDERS
            if (own := configurable(provider))
        },
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def _port_of_environment() -> int:
    try:
        return _port(os.environ.get("SANDBOX_PORT") or str(USUAL_PORT))
    except ArgumentTypeError as error:
        raise CommandError(f"SANDBOX_PORT: {error}") from error


def _match_seconds(text: str) -> float:
    """Short enough that whatever is taken is settled within a minute."""
    try:
        seconds = float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds") from error
    if not 0.5 <= seconds <= LONGEST_MATCH_S:
        raise ArgumentTypeError(f"{text} is not between 0.5 and {LONGEST_MATCH_S}")
    return seconds
