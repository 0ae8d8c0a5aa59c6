#!/usr/bin/env python
"""Runs one of Slipdesk's management commands."""

import os
import signal
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config import embedded, environment

    try:
        _prepare(sys.argv)
    except (environment.SettingsError, embedded.EmbeddedServerError) as error:
        environment.refuse(str(error))
    execute_from_command_line(sys.argv)


def _prepare(arguments: list[str]) -> None:
    """Choose the demo's settings, or make sure that any other command finds its database."""
    from config.demo import preparation

    command = arguments[1] if len(arguments) > 1 else "help"
    if command == "demo":
        # Until the demo looks after its signals itself, Ctrl-C just ends it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        preparation.prepare(force="--force" in arguments)
    elif command not in {"help", "sandbox"}:
        _start_embedded_database()


def _start_embedded_database() -> None:
    """A command whose database is the embedded server starts it; the last one stops it.

    Processes of the demo have the address in their environment and leave the server to the demo.
    """
    from config import embedded, environment

    if os.environ.get("DATABASE_URL"):
        return
    env = environment.load()
    data_dir = environment.data_dir()
    url = environment.database_url(env, "DATABASE_URL")
    if not url or (embedded.is_embedded(url) and not embedded.has_process(data_dir)):
        embedded.start(data_dir)


if __name__ == "__main__":
    main()
