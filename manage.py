#!/usr/bin/env python
"""Runs one of Slipdesk's management commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    _start_embedded_database()
    execute_from_command_line(sys.argv)


def _start_embedded_database() -> None:
    """Without DATABASE_URL, a command starts the embedded server; the last one stops it."""
    if sys.argv[1:2] in ([], ["demo"], ["help"]):
        return
    from config import embedded, environment

    environment.load()
    if not os.environ.get("DATABASE_URL"):
        embedded.start(environment.data_dir())


if __name__ == "__main__":
    main()
