"""Signs of life that every process can read: a lease that whoever is alive keeps renewing."""

import logging
import threading
import time
from typing import Any

from django.db import DatabaseError, connection

from providers import leases

logger = logging.getLogger(__name__)

JOBS = "alive:jobs"
SCHEDULER = "alive:scheduler"
CANARY = "alive:canary"
BEAT_S = 3
LIFE_S = 10
CANARY_LIFE_S = 300
_IS_ALIVE = "SELECT 1 FROM providers_lease WHERE name = %s AND expires_at > clock_timestamp()"


def beat(name: str, *, seconds: float = LIFE_S) -> None:
    """Be alive for the next `seconds`. All processes of a kind share one sign of life."""
    leases.take(name=name, owner=name, seconds=seconds)


def is_alive(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_IS_ALIVE, [name])
        return cursor.fetchone() is not None


def start_for_worker(**_: Any) -> None:
    """Beat for the job cluster as long as this worker process lives."""
    threading.Thread(target=_beat_for_ever, name="heartbeat", daemon=True).start()


def _beat_for_ever() -> None:
    while True:
        try:
            beat(JOBS)
        except DatabaseError as error:
            logger.warning("no heartbeat: %s", " ".join(str(error).split()))
            connection.close()
        time.sleep(BEAT_S)
