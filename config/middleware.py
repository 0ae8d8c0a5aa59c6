"""Answers 503 while the database is away, so that a caller knows what became of the request."""

import logging
import sys
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error as page_of_server_error
from psycopg import InterfaceError as DriverInterfaceError
from psycopg import OperationalError as DriverOperationalError

logger = logging.getLogger(__name__)

# A pool's time-out is one of the driver's operational errors.
DATABASE_AWAY = (OperationalError, InterfaceError, DriverOperationalError, DriverInterfaceError)
RETRY_AFTER_S = 5
_ADMIN = "/admin/"
_NOTHING_STORED = "Nothing was stored. Send it again."
_PERHAPS_STORED = (
    "The database went away in the middle. Send the same again: what was stored is recognised."
)


class DatabaseAway:
    """Turns a lost database into `503` with `Retry-After`, for every path.

    Views come here through `process_exception`; other middleware's errors reach `server_error`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        writes = _Writes()
        request.writes = writes  # type: ignore[attr-defined]
        with connection.execute_wrapper(writes):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return answer(request, error) if isinstance(error, DATABASE_AWAY) else None


class _Writes:
    """Notes whether a statement that may have changed something has succeeded."""

    def __init__(self) -> None:
        self.seen = False

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        result = execute(sql, params, many, context)
        self.seen = self.seen or not sql.lstrip()[:9].upper().startswith(("SELECT", "SAVEPOINT"))
        return result


def answer(request: HttpRequest, error: BaseException) -> HttpResponse:
    """503 as a problem document, or as a page for staff.

    It claims that nothing was stored only where that is certain.
    """
    writes = getattr(request, "writes", None)
    detail = _PERHAPS_STORED if writes is None or writes.seen else _NOTHING_STORED
    logger.error("database away: %s", " ".join(str(error).split()))
    if request.path_info.startswith(_ADMIN):
        page = render_to_string("503.html", {"detail": detail})
        return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER_S)})
    return JsonResponse(
        {
            "type": "about:blank",
            "title": "Service unavailable",
            "status": 503,
            "code": "database_away",
            "detail": detail,
        },
        status=503,
        headers={"Retry-After": str(RETRY_AFTER_S)},
        content_type="application/problem+json",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """The handler of errors that nothing else caught, such as one raised in a middleware."""
    error = sys.exception()
    if isinstance(error, DATABASE_AWAY):
        return answer(request, error)
    return page_of_server_error(request)
