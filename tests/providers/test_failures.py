"""What people read when a call has no answer."""

import errno
import http.client
import re
import ssl

import pytest
import requests
from urllib3.exceptions import ProtocolError

from providers import failures
from providers.addresses import AddressRefused, LookupFailed


def wrapped(cause: BaseException) -> BaseException:
    """As the HTTP library hands it over."""
    try:
        try:
            raise cause
        except type(cause) as error:
            raise ProtocolError("Connection aborted.", error) from error
    except ProtocolError as error:
        outer = requests.ConnectionError(error)
        outer.__context__ = error
        return outer


CAUSES = [
    (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "connection was reset"),
    (BrokenPipeError(errno.EPIPE, "Broken pipe"), "connection was reset"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "connection was refused"),
    (http.client.RemoteDisconnected("Remote end closed"), "closed the connection without"),
    (LookupFailed("x.example cannot be resolved"), "name has no address"),
    (ssl.SSLCertVerificationError(1, "self-signed"), "certificate is not valid"),
    (ssl.SSLError(1, "wrong version number"), "no secure connection"),
    (TimeoutError("timed out"), "did not answer in time"),
    (OSError(errno.EHOSTUNREACH, "No route to host"), "network cannot be reached"),
    (http.client.IncompleteRead(b"x", 9), "broke off"),
    (http.client.BadStatusLine("nonsense"), "not HTTP"),
    (AddressRefused("10.0.0.1 is not an address of a provider"), "not an address of a provider"),
    (OSError(errno.EIO, "odd"), failures.OTHERWISE),
]


@pytest.mark.parametrize(("cause", "words"), CAUSES, ids=lambda each: type(each).__name__)
def test_people_read_words(cause, words):
    told = failures.in_words(wrapped(cause))
    assert words in told
    assert not re.search(r"Error|Errno|\(", told)


def test_the_log_keeps_what_the_machine_said_on_a_line_of_its_own():
    logged = failures.in_full(wrapped(ConnectionResetError(104, "Connection reset by peer")))
    assert logged == (
        "the connection was reset\nConnectionResetError: [Errno 104] Connection reset by peer"
    )
    assert failures.words_of(logged) == "the connection was reset"
    assert failures.words_of("") == ""


def test_a_timeout_of_a_socket_is_one():
    assert failures.in_words(TimeoutError("timed out")) == "it did not answer in time"
