from io import BytesIO

import pytest
from django.test import RequestFactory

from webhooks import reading
from webhooks.reading import BODY_LIMIT, Incomplete, TooLarge


class Dripping(BytesIO):
    """A connection that hands over a few bytes at a time."""

    def read(self, size=-1, /):
        return super().read(min(size, 1000))


class Broken(BytesIO):
    """A connection that is cut in the middle."""

    def read(self, size=-1, /):
        raise OSError("connection reset")


def a_request(stream: BytesIO, **environ):
    request = RequestFactory().post("/x", content_type="application/json")
    request.META.update({"wsgi.input": stream, "wsgi.input_terminated": True, **environ})
    return type(request)(request.META)


def chunked(stream: BytesIO):
    return a_request(stream, HTTP_TRANSFER_ENCODING="Chunked", CONTENT_LENGTH="")


def announced(stream: BytesIO, length: object):
    return a_request(stream, CONTENT_LENGTH=str(length))


@pytest.mark.parametrize("size", [0, 1, 2_500, BODY_LIMIT])
def test_a_body_is_read_whole_however_it_comes(size):
    body = b"x" * size
    assert reading.body_of(announced(Dripping(body), size)) == body
    assert reading.body_of(chunked(Dripping(body))) == body


def test_a_body_that_announces_too_much_is_not_read_at_all():
    stream = BytesIO(b"x" * 10)
    with pytest.raises(TooLarge):
        reading.body_of(announced(stream, BODY_LIMIT + 1))
    assert stream.tell() == 0


def test_of_a_chunked_body_over_the_limit_one_byte_more_is_read():
    stream = BytesIO(b"x" * (3 * BODY_LIMIT))
    with pytest.raises(TooLarge):
        reading.body_of(chunked(stream))
    assert stream.tell() == BODY_LIMIT + 1


@pytest.mark.parametrize("length", ["-1", "1e3", "ten", "²"])
def test_a_length_that_is_no_number_is_refused(length):
    with pytest.raises(Incomplete):
        reading.body_of(announced(BytesIO(b"{}"), length))


def test_a_length_of_many_digits_is_too_large():
    with pytest.raises(TooLarge):
        reading.body_of(announced(BytesIO(b"{}"), "9" * 5000))


def test_more_than_announced_is_left_unread():
    assert reading.body_of(announced(BytesIO(b"{}, and more"), 2)) == b"{}"


@pytest.mark.parametrize("stream", [BytesIO(b'{"a":'), Broken()])
def test_a_caller_who_goes_away_is_told_nothing_was_done(stream):
    with pytest.raises(Incomplete) as refused:
        reading.body_of(announced(stream, 100))
    assert (refused.value.status, refused.value.code) == (400, "incomplete_body")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "198.51.100.4", "198.51.100.4"),
        (1, "203.0.113.9, 198.51.100.4", "198.51.100.4"),
        (2, "203.0.113.9, 198.51.100.4, 10.0.0.1", "198.51.100.4"),
        (2, "198.51.100.4", "198.51.100.4"),
        (1, "198.51.100.4:4711", "198.51.100.4"),
        (1, "[2001:DB8::1]:4711", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "unknown", "192.0.2.1"),
        (1, " , ", "192.0.2.1"),
    ],
)
def test_the_address_is_the_one_our_outermost_proxy_saw(settings, proxies, forwarded, found):
    settings.PROXY_COUNT = proxies
    request = a_request(BytesIO(), REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert reading.client_ip(request) == found


def test_a_caller_without_an_address_has_none(settings):
    settings.PROXY_COUNT = 0
    assert reading.client_ip(a_request(BytesIO(), REMOTE_ADDR="")) == ""
