"""What the admin's sidebar lists, and the badge that tells the demo from production."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def environment(request: HttpRequest) -> list[str] | None:
    return ["Demo", "warning"] if settings.DEMO else None


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    return []
