"""The same API through a real server and real sockets."""

import socket
from decimal import Decimal
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest
import requests

from providers.contract import Accepted
from tests.factories.bets import an_api_key

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session(partner):
    with requests.Session() as session:
        session.headers["Authorization"] = f"Api-Key {an_api_key(partner)}"
        yield session


def raw(live_server, request: bytes) -> HTTPResponse:
    """Send bytes that no HTTP library would."""
    address = urlsplit(live_server.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        response.read()
        return response


def test_from_a_new_player_to_a_listed_coupon(live_server, session, account, book) -> None:
    base = f"{live_server.url}/api/v1"
    player = session.post(
        f"{base}/players", json={"external_id": "p", "username": "P", "currency": "EUR"}
    ).json()
    movement = {"amount": "50", "reference": "d1"}
    for status in (201, 200):
        response = session.post(f"{base}/players/{player['id']}/deposits", json=movement)
        assert response.status_code == status
    book.answers.append(Accepted(reference="B-1", odds=Decimal("2")))
    slip = {
        "player": player["id"],
        "provider_account": account.code,
        "type": "single",
        "stake": "20",
        "currency": "EUR",
        "items": [{"event_id": "e", "selection": "s", "odds": "2"}],
    }
    placed = [
        session.post(f"{base}/coupons", json=slip, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert [each.status_code for each in placed] == [201, 201]
    assert placed[0].content == placed[1].content
    assert session.get(f"{base}/coupons").json() == {
        "next": None,
        "previous": None,
        "results": [placed[0].json()],
    }
    wallet = session.get(f"{base}/players/{player['id']}").json()["wallet"]
    assert (wallet["available"], wallet["held"]) == ("30.00", "0.00")


@pytest.mark.parametrize("megabytes", [1, 3])
def test_a_large_body_is_answered(live_server, session, megabytes) -> None:
    response = session.post(
        f"{live_server.url}/api/v1/players",
        data=b'"' + b"x" * (megabytes * 2**20) + b'"',
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == 413
    assert response.json()["code"] == "body_too_large"


def test_headers_that_are_not_ascii(live_server) -> None:
    request = (
        b"GET /api/v1/coupons HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: Api-Key \xff\xfe\r\nConnection: close\r\n\r\n"
    )
    response = raw(live_server, request)
    assert (response.status, response.headers["Content-Type"]) == (401, "application/problem+json")
