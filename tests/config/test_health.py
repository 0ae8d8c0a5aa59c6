import pytest
from django.db import connection
from django.test import Client

from config import heartbeat
from providers.sandbox.server import running_sandbox

pytestmark = pytest.mark.django_db

ALL = (heartbeat.JOBS, heartbeat.CANARY, heartbeat.SCHEDULER)


@pytest.fixture
def all_alive() -> None:
    for name in ALL:
        heartbeat.beat(name)


def checks(client: Client) -> tuple[int, dict[str, str]]:
    reply = client.get("/readyz")
    return reply.status_code, reply.json()["checks"]


@pytest.mark.usefixtures("all_alive")
def test_it_is_ready_when_everything_is_up(client: Client):
    assert checks(client) == (
        200,
        {"database": "ok", "migrations": "ok", "jobs": "ok", "scheduler": "ok"},
    )


@pytest.mark.usefixtures("all_alive")
@pytest.mark.parametrize(
    ("name", "check", "reason"),
    [
        (heartbeat.JOBS, "jobs", "no job cluster"),
        (heartbeat.CANARY, "jobs", "the job cluster does no work"),
        (heartbeat.SCHEDULER, "scheduler", "no scheduler"),
    ],
)
def test_a_missing_sign_of_life_is_named(client: Client, name: str, check: str, reason: str):
    heartbeat.beat(name, seconds=-1)

    status, found = checks(client)

    assert status == 503
    assert found[check] == reason


@pytest.mark.usefixtures("all_alive")
def test_a_migration_that_is_not_applied_is_counted(client: Client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'bets' AND name LIKE '0001%'")

    status, found = checks(client)

    assert status == 503
    assert found["migrations"] == "1 not applied"


@pytest.mark.usefixtures("all_alive")
def test_the_sandbox_is_asked_when_there_is_one(client: Client, settings):
    with running_sandbox() as sandbox:
        settings.SANDBOX_URL = sandbox.url
        assert checks(client)[1]["sandbox"] == "ok"

    status, found = checks(client)

    assert status == 503
    assert found["sandbox"] == "no sandbox"


def test_probes_ignore_the_host_name_and_are_not_redirected(client: Client, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/healthz", headers={"Host": "10.1.2.3"}).status_code == 200


def test_the_start_page_is_the_admin(client: Client):
    assert client.get("/").headers["Location"] == "/admin/"
