"""`manage.py demo`: database, demo data and every process together, until Ctrl-C."""

import logging
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections

from config.demo import data, files, report
from config.demo.supervisor import NotStarted, StopRequested, Supervisor, fail, say
from config.embedded import EmbeddedServerError


class Command(BaseCommand):
    """Exits with 0 after a signal, with 1 if something did not start."""

    help = "Run the whole of it with demo data until Ctrl-C"
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--force", action="store_true", help="use a DATABASE_URL that is not the embedded one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, watch, stop; whatever happens, nothing is left running."""
        logging.getLogger().setLevel(logging.WARNING)
        supervisor = Supervisor(settings.DATA_DIR)
        failed = True
        try:
            _start(supervisor, settings.DATA_DIR)
            supervisor.watch()
            failed = False
        except StopRequested:
            failed = False
        except (EmbeddedServerError, NotStarted, DatabaseError) as error:
            failed = not supervisor.stopping
            if failed:
                fail(" ".join(str(error).split()))
        finally:
            supervisor.stop()
        sys.exit(1 if failed else 0)


def _start(supervisor: Supervisor, data_dir: Path) -> None:
    supervisor.start_postgres()
    with supervisor.interruptible():
        call_command("migrate", verbosity=0, interactive=False)
        say("database", "migrated")
        made = data.create(former=files.read_report(data_dir))
        connections.close_all()
        say("demo data", data.in_words(made))
        supervisor.send_callbacks_to(
            {name: each.target for name, each in made.providers.items() if each.target}
        )
        supervisor.start_processes()
    written = report.written(data_dir, made)
    report.show(written)
