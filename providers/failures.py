"""Why a call has no answer: in plain words for people, and as the machine put it for the log."""

import errno
import http.client
import ssl
from collections.abc import Iterator

from urllib3.exceptions import IncompleteRead

from providers.addresses import AddressRefused, BadAddress, LookupFailed

OTHERWISE = "the call failed"
FAULT = "a fault of this program, which its own log names"
# The first that fits counts: what is more exact stands above.
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (http.client.RemoteDisconnected, "it closed the connection without an answer"),
    (ConnectionRefusedError, "the connection was refused"),
    (ConnectionError, "the connection was reset"),
    (LookupFailed, "the name has no address"),
    (ssl.SSLCertVerificationError, "the certificate is not valid"),
    (ssl.SSLError, "no secure connection could be made"),
    (TimeoutError, "it did not answer in time"),
    (http.client.IncompleteRead, "the answer broke off"),
    (IncompleteRead, "the answer broke off"),
    (http.client.HTTPException, "the answer is not HTTP"),
    (ValueError, "the request could not be written"),
    (RuntimeError, "the call could not be made"),
)
_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}


def in_words(error: BaseException) -> str:
    """What happened, for partners and staff: no class names, numbers or addresses."""
    for cause in _innermost_first(error):
        if isinstance(cause, AddressRefused | BadAddress):
            return str(cause)
        if isinstance(cause, OSError) and cause.errno in _NO_WAY:
            return "its network cannot be reached"
        for known, words in _WORDS:
            if isinstance(cause, known):
                return words
    return OTHERWISE


def in_full(error: BaseException) -> str:
    """The words, and on a line of its own what the machine said."""
    cause = next(_innermost_first(error))
    return f"{in_words(error)}\n{type(cause).__name__}: {cause}"


def words_of(logged: str) -> str:
    """What of an error in the call log is for people: its first line."""
    return logged.partition("\n")[0]


def _innermost_first(error: BaseException) -> Iterator[BaseException]:
    """The innermost error names the reason without addresses of objects and retries."""
    chain, seen = [error], error
    while cause := seen.__cause__ or seen.__context__:
        chain.append(cause)
        seen = cause
    yield from reversed(chain)
