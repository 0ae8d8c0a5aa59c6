"""Jobs of the inbox."""

from django.utils import timezone

from webhooks.services import processing


def drain() -> int:
    """Process what was acknowledged and waits. Woken by each delivery, and by a schedule."""
    return processing.drain(now=timezone.now())
