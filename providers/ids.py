"""Keys that hold the moment of their making."""

from datetime import datetime
from uuid import UUID


def first_at(moment: datetime) -> UUID:
    """The lowest UUIDv7 of a moment, so that a primary key's index answers for the time."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62)
