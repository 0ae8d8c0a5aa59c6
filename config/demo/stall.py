"""Notices a job cluster that runs but does no work, which its process does not show."""

import time

from django.db import DatabaseError, connection

from config import heartbeat
from config.demo.processes import Child

_LOOK_EVERY_S = 30.0
_next_look_at = 0.0


def has_stalled(jobs: Child) -> bool:
    """True if the canary is overdue, although the cluster had the time to run it."""
    global _next_look_at
    now = time.monotonic()
    if now < _next_look_at or now - jobs.started_at < heartbeat.CANARY_LIFE_S:
        return False
    _next_look_at = now + _LOOK_EVERY_S
    try:
        return not heartbeat.is_alive(heartbeat.CANARY)
    except DatabaseError:
        return False
    finally:
        connection.close()
