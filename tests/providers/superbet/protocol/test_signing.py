"""The signatures of superbet, both ways."""

from datetime import timedelta

import pytest

from providers.contract import NotVerified
from providers.superbet.protocol import signing
from tests.factories.providers import NOW, make_inbound
from tests.factories.superbet import SECRET, sign
from tests.providers.samples import sample

BODY = b'{"action": "ticket_rollback", "data": {"reason": "wrong  result"}}'


def check(body: bytes = BODY, headers: dict | None = None, *, secret: str = SECRET) -> None:
    given = sign(body) if headers is None else headers
    signing.check(make_inbound("/", body, headers=given), secret=secret, max_skew_s=300)


def test_the_published_vector():
    found = signing.signature(
        secret=SECRET, timestamp="1706090303", body=sample("superbet", "signing_vector")
    )

    assert found == "f99aee9f77eef1ee8b64c78e7f8612e3234f03cce5fecdebd7ea27f2b9081423"


def test_spaces_leave_what_is_signed_those_in_values_too():
    both = [signing.signature(secret="s", timestamp="1", body=body) for body in (b'"a b"', b'"ab"')]

    assert both[0] == both[1]


def test_a_request_without_a_body_signs_its_time_alone():
    headers = signing.headers(operator="site", secret=SECRET, body=b"", now=NOW)

    assert headers["signature"] == sign(b"")["signature"]
    assert headers["timestamp"] == str(int(NOW.timestamp()))
    assert headers["operator-name"] == "site"


@pytest.mark.parametrize("spaces", [False, True])
def test_a_message_is_verified_in_both_readings(spaces):
    check(headers=sign(BODY, spaces=spaces))


def test_the_hex_digits_may_be_capitals():
    headers = sign(BODY)

    check(headers={**headers, "signature": headers["signature"].upper()})


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_clock_may_differ_up_to_the_limit(seconds):
    check(headers=sign(BODY, at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("seconds", [-301, 301, 10**8])
def test_beyond_the_limit_a_message_is_refused(seconds):
    with pytest.raises(NotVerified, match="away from our clock"):
        check(headers=sign(BODY, at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize(
    "change",
    [
        {"signature": ""},
        {"signature": "0" * 64},
        {"signature": "ü" * 64},
        {"timestamp": ""},
        {"timestamp": "soon"},
        {"timestamp": "-1"},
        {"timestamp": "1" * 400},
        {"timestamp": "٣٤"},
        {"timestamp": str(int(NOW.timestamp()) + 1)},
    ],
    ids=repr,
)
def test_any_other_headers_are_refused(change):
    with pytest.raises(NotVerified):
        check(headers={**sign(BODY), **change})


def test_no_headers_at_all_are_refused():
    with pytest.raises(NotVerified):
        check(headers={})


def test_another_body_is_refused():
    with pytest.raises(NotVerified):
        check(BODY.replace(b"wrong", b"right"), sign(BODY))


def test_without_a_secret_nothing_is_verified():
    with pytest.raises(NotVerified, match="signing_secret"):
        check(headers=sign(BODY, secret=""), secret="")
