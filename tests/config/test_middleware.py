"""A connection that the server ends in the middle of a request."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from providers.models import Lease


def end_own_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])


def reads(request: HttpRequest) -> HttpResponse:
    Lease.objects.count()
    end_own_connection()
    return HttpResponse(Lease.objects.count())


def writes(request: HttpRequest) -> HttpResponse:
    Lease.objects.filter(name="nobody").delete()
    end_own_connection()
    return HttpResponse(Lease.objects.count())


def fails(request: HttpRequest) -> HttpResponse:
    raise ValueError("a mistake of ours")


def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


class LosesTheDatabase:
    """A middleware that needs the database, as sessions do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        end_own_connection()
        Lease.objects.count()
        return self.get_response(request)


urlpatterns = [
    path("reads", reads),
    path("writes", writes),
    path("fails", fails),
    path("fine", fine),
    path("admin/reads", reads),
]
handler500 = "config.problems.server_error"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls(__name__),
]


@pytest.fixture
def client() -> Iterator[Client]:
    yield Client(raise_request_exception=False)
    # A server does so after each request; the test client keeps the connection.
    connection.close()


def test_a_request_that_only_read_has_stored_nothing(client: Client):
    reply = client.get("/reads")

    assert reply.status_code == 503
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["Retry-After"] == "5"
    assert reply.json()["code"] == "database_away"
    assert reply.json()["detail"] == "Nothing was stored. Send it again."


def test_a_request_that_wrote_makes_no_claim(client: Client):
    reply = client.get("/writes")

    assert reply.status_code == 503
    assert "Nothing was stored" not in reply.json()["detail"]


def test_staff_get_a_page(client: Client):
    reply = client.get("/admin/reads")

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "Nothing was stored. Send it again." in reply.content.decode()


def test_a_middleware_that_loses_the_database_is_answered_for(client: Client, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.LosesTheDatabase"]

    reply = client.get("/fine")

    assert reply.status_code == 503
    assert reply.json()["detail"] == "Nothing was stored. Send it again."


def test_other_errors_stay_errors(client: Client):
    assert client.get("/fails").status_code == 500
