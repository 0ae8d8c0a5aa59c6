"""`/healthz`: the process is up. `/readyz`: everything that it needs is up as well.

They answer before the host name is judged, since a load balancer asks by address.
"""

import http.client
from collections.abc import Callable
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse

from config import heartbeat

_SANDBOX_TIMEOUT_S = 1


class NotReady(Exception):
    """A check failed; the message says what is missing."""


class Probes:
    """Answers the two probes and passes everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path_info == "/readyz":
            return readyz()
        return self.get_response(request)


def readyz() -> HttpResponse:
    """200 if every check passes, else 503; the body says `ok` or what is wrong, check by check."""
    results = {"database": _result(_database)}
    if results["database"] == "ok":
        results |= {name: _result(check) for name, check in _further_checks().items()}
    ready = all(result == "ok" for result in results.values())
    body = {"status": "ready" if ready else "not ready", "checks": results}
    return JsonResponse(body, status=200 if ready else 503, headers={"Cache-Control": "no-store"})


def _further_checks() -> dict[str, Callable[[], None]]:
    checks = {"migrations": _migrations, "jobs": _jobs, "scheduler": _scheduler}
    return checks | ({"sandbox": _sandbox} if settings.SANDBOX_URL else {})


def _result(check: Callable[[], None]) -> str:
    try:
        check()
    except NotReady as error:
        return str(error)
    except Exception as error:
        return f"failed: {type(error).__name__}"
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        missing = _known_migrations() - {(app, name) for app, name in cursor.fetchall()}
    if missing:
        raise NotReady(f"{len(missing)} not applied")


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """What this version's code brings along."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _jobs() -> None:
    if not heartbeat.is_alive(heartbeat.JOBS):
        raise NotReady("no job cluster")
    if not heartbeat.is_alive(heartbeat.CANARY):
        raise NotReady("the job cluster does no work")


def _scheduler() -> None:
    if not heartbeat.is_alive(heartbeat.SCHEDULER):
        raise NotReady("no scheduler")


def _sandbox() -> None:
    parts = urlsplit(settings.SANDBOX_URL)
    sandbox = http.client.HTTPConnection(
        parts.hostname or "", parts.port or 80, timeout=_SANDBOX_TIMEOUT_S
    )
    try:
        sandbox.request("GET", f"{parts.path}/_sandbox/health")
        if sandbox.getresponse().status != 200:
            raise NotReady("the sandbox is ill")
    except OSError:
        raise NotReady("no sandbox") from None
    finally:
        sandbox.close()
