"""What is taken out of a request before it is stored."""

import json

import pytest

from providers.models import ProviderAccount
from tests.factories.providers import make_inbound
from webhooks.services import storing

TOKEN = "fQ1x-player-token_9"


def stored(body: bytes) -> bytes:
    return bytes(
        storing.delivery(ProviderAccount(provider="superbet"), make_inbound("/", body)).body
    )


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"action": "identify", "data": {"operator": "site", "token": TOKEN}}).encode(),
        b'{"token":"' + TOKEN.encode() + b'"}',
        b'{ "Token" :\n "' + TOKEN.encode() + b'", "n": 1}',
        b'{"data": {"session_token": "' + TOKEN.encode() + b'"}}',
        b'[{"accessToken": "\\"' + TOKEN.encode() + b'\\\\"}]',
        # Cut short, as a caller that goes away leaves it.
        b'{"action": "identify", "data": {"token": "' + TOKEN.encode(),
    ],
)
def test_a_players_token_is_starred_out_in_the_same_length(body):
    kept = stored(body)

    assert TOKEN.encode() not in kept
    assert b"*" * len(TOKEN) in kept
    assert len(kept) == len(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"action": "ticket_win", "data": {"ticket_id": "token"}}',
        b'{"token": 5, "tokens": "two", "n": "token"}',
        b"\xff\x00 no JSON at all, token",
        b"",
    ],
)
def test_everything_else_is_kept_as_it_came(body):
    assert stored(body) == body
