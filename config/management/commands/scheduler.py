"""`manage.py scheduler`: enqueues what is due. It does no work itself and calls no provider."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from config import heartbeat, schedules

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1


class Command(BaseCommand):
    """Runs until SIGTERM or Ctrl-C. Several may run; each schedule is enqueued once."""

    help = "Enqueue the scheduled jobs when they are due"

    def handle(self, *args: Any, **options: Any) -> None:
        """Look every second; a lost database is tried again."""
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        self.stdout.write("scheduler running")
        while not stopping.is_set():
            look_once()
            stopping.wait(LOOK_EVERY_S)


def look_once() -> list[str]:
    """Beat, enqueue what is due and say which."""
    try:
        heartbeat.beat(heartbeat.SCHEDULER)
        return schedules.enqueue_due()
    except DatabaseError as error:
        logger.warning("the database is away: %s", " ".join(str(error).split()))
        connection.close()
        return []
