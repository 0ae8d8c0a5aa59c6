"""Filters of lists that are ordered by a key with a time in it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

_PERIODS = {
    "hour": ("Past hour", timedelta(hours=1)),
    "day": ("Past 24 hours", timedelta(days=1)),
    "week": ("Past 7 days", timedelta(days=7)),
    "month": ("Past 30 days", timedelta(days=30)),
}


def first_id(moment: datetime) -> UUID:
    """The lowest UUIDv7 of a moment, so that the primary key's index answers for the time."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62)


class Recent(SimpleListFilter):
    """Rows created not longer ago than this; for keys that are UUIDv7."""

    title = "time"
    parameter_name = "since"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, label) for key, (label, _) in _PERIODS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        period = _PERIODS.get(self.value() or "")
        if period is None:
            return queryset
        return queryset.filter(pk__gte=first_id(timezone.now() - period[1]))
