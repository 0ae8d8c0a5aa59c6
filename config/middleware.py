"""Answers 503 while the database is away, so that a caller knows that nothing was stored."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from psycopg_pool import PoolTimeout

logger = logging.getLogger(__name__)

DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeout)


class DatabaseAway:
    """Turns a lost database into `503` with `Retry-After`, for every path."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DATABASE_AWAY):
            return None
        logger.error("database away: %s", error)
        return JsonResponse(
            {
                "type": "about:blank",
                "title": "Service unavailable",
                "status": 503,
                "code": "database_away",
                "detail": "Nothing was stored. Send it again.",
            },
            status=503,
            headers={"Retry-After": "5"},
            content_type="application/problem+json",
        )
