"""Every call to a provider: one request, one answer or a typed failure, one row in the call log.

The only importer of the HTTP library. No redirects, no retries, no proxies from the environment,
no cookie jar: what is sent is what the caller names, and TLS is always verified. The deadline
covers the whole call, the last byte of the answer included.
"""

import os
import time
import zlib
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import urlencode

import requests
from django.db import connection
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from uuid_utils.compat import uuid7

from providers import addresses, admission, call_log, failures, rates, wire
from providers.addresses import AddressRefused, BadAddress
from providers.admission import Passage, Withheld
from providers.call_log import conclude
from providers.connections import POOLS, Exchange
from providers.models import CallFailure
from providers.outgoing import Answer, Call, CallFailed, CallLost, CallNotSent, Deadline
from providers.redaction import redact_forms, written_forms

__all__ = [
    "Answer",
    "Call",
    "CallFailed",
    "CallLost",
    "CallNotSent",
    "Deadline",
    "Transport",
    "conclude",
    "refuse_inside_transaction",
    "transport",
]

MOST_BYTES = 2 * 1024 * 1024
_CHUNK = 64 * 1024
_POOLED_CONNECTIONS = 32
_MOST_POOLS = 100
_FAILURES = (
    requests.RequestException,
    HTTPError,
    OSError,
    AddressRefused,
    BadAddress,
    # What no header or address can hold, and no thread to be had: of both nothing was sent.
    ValueError,
    RuntimeError,
)
_TOO_MANY_REQUESTS = 429
_TOO_LATE = "no whole answer in time"


class _Unreadable(OSError):
    """The answer is too long or encoded in a way that was not asked for."""


class Transport:
    """Sends calls. Safe to share between threads; its connections are not shared by a fork."""

    def __init__(self) -> None:
        self._adapter = _GuardedAdapter()
        os.register_at_fork(after_in_child=self._forget_connections)

    def call(self, call: Call) -> Answer:
        """Send a request once. Raises `CallNotSent` or `CallLost`.

        Its row in the log stays `unknown` until `conclude` says what the answer means. Raises
        `RuntimeError` inside a transaction: its locks would wait for the provider, and the row
        would be rolled back with it.
        """
        refuse_inside_transaction()
        sending = _Sending(call)
        passage = sending.wait_for_its_turn()
        try:
            answer = sending.send(self._adapter)
        except _FAILURES as error:
            failed = sending.log_failure(error)
            if not isinstance(error, _Unreadable):
                admission.failed(call.account.id, passage)
            else:
                admission.succeeded(call.account.id, passage)
            raise failed from None
        sending.log_answer(answer)
        _learn_from(call, answer, passage)
        return answer

    def _forget_connections(self) -> None:
        self._adapter = _GuardedAdapter()


class _Sending:
    """One call on its way, and its row in the log."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._body = _body(call)
        self._forms = written_forms(
            (*call.account.secret_values(), *call.cookies.values(), *call.secrets)
        )
        self._deadline = Deadline(call.deadline_s)
        self._exchange: Exchange | None = None
        self._unsendable: Exception | None = None

    def wait_for_its_turn(self) -> Passage:
        """Log the call, and say under which circumstances it may go. Raises `CallNotSent`."""
        try:
            admission.check_remembered(self._call.account.id)
        except Withheld as withheld:
            self._log_withheld_at_once(withheld)
        entry = call_log.begin(
            self._call, body=self._body, forms=self._forms, meanwhile=self._prepare_request
        )
        self._id = entry.call_id
        try:
            return admission.admit(self._call, entry.standing, self._deadline)
        except Withheld as withheld:
            self._log_withheld(withheld)

    def _prepare_request(self) -> None:
        """What cannot be sent is told when it would be sent: its row is only just being written."""
        try:
            self._request = _prepare(self._call, self._body)
        except _FAILURES as error:
            self._unsendable = error

    def send(self, adapter: HTTPAdapter) -> Answer:
        self._exchange = exchange = Exchange(deadline_s=self._deadline.left_s)
        self._started = time.monotonic()
        if self._unsendable is not None:
            raise self._unsendable
        with exchange.running():
            response = adapter.send(
                self._request, stream=True, timeout=exchange.left_s, verify=True
            )
            body = _read(response)
            exchange.check_time()
        headers = _headers(response)
        return Answer(
            call_id=self._id,
            status=response.status_code,
            headers=headers,
            cookies=_cookies_set(response),
            body=body,
            duration_ms=_ms_since(self._started),
            retry_after_s=rates.retry_after_s(headers.get("retry-after"), now=datetime.now(UTC)),
        )

    def log_answer(self, answer: Answer) -> None:
        failure = CallFailure.SERVER_ERROR.value if answer.status >= 500 else ""
        call_log.answered(self._call, answer, forms=self._forms, failure=failure)

    def log_failure(self, error: Exception) -> CallFailed:
        """Whether the request may have arrived is decided by our own sending, not by the error."""
        sent = self._exchange is not None and self._exchange.sent
        expired = self._exchange is not None and self._exchange.expired
        told, logged = _told(error, expired=expired)
        failure = CallFailure.LOST if sent else CallFailure.NOT_SENT
        call_log.failed(
            call_id=self._id,
            sent=sent,
            failure=CallFailure.UNREADABLE if isinstance(error, _Unreadable) else failure,
            error=redact_forms(logged, self._forms),
            duration_ms=_ms_since(self._started),
        )
        failed = CallLost if sent else CallNotSent
        return failed(redact_forms(told, self._forms), call_id=self._id)

    def _log_withheld(self, withheld: Withheld) -> NoReturn:
        if admission.is_to_be_logged(self._call):
            call_log.failed(
                call_id=self._id,
                sent=False,
                failure=CallFailure.WITHHELD,
                error=withheld.message,
                duration_ms=None,
            )
        else:
            call_log.forget(call_id=self._id)
        raise CallNotSent(withheld.message, call_id=self._id, code=withheld.code) from None

    def _log_withheld_at_once(self, withheld: Withheld) -> NoReturn:
        call_id = uuid7()
        if admission.is_to_be_logged(self._call):
            call_id = call_log.add_withheld(
                self._call, body=self._body, forms=self._forms, error=withheld.message
            )
        raise CallNotSent(withheld.message, call_id=call_id, code=withheld.code) from None


def _told(error: Exception, *, expired: bool) -> tuple[str, str]:
    """The reason as people hear it, and as the log keeps it."""
    if expired:
        return (_TOO_LATE, _TOO_LATE)
    if isinstance(error, _Unreadable):
        return (str(error), str(error))
    return (failures.in_words(error), failures.in_full(error))


def _learn_from(call: Call, answer: Answer, passage: Passage) -> None:
    if answer.status >= 500:
        admission.failed(call.account.id, passage)
        return
    admission.succeeded(call.account.id, passage)
    if answer.status == _TOO_MANY_REQUESTS:
        asked_s = answer.retry_after_s
        seconds = rates.SHORTEST_THROTTLE_S if asked_s is None else asked_s
        rates.throttle(account_id=call.account.id, seconds=seconds)


def refuse_inside_transaction() -> None:
    """Raises `RuntimeError` inside a transaction, the one around a whole test excepted."""
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise RuntimeError("Provider calls never happen inside a transaction")


class _GuardedAdapter(HTTPAdapter):
    """Does without what is only there for sessions: proxies, cookie jars, encodings of text."""

    def __init__(self) -> None:
        super().__init__(pool_connections=_MOST_POOLS, pool_maxsize=_POOLED_CONNECTIONS)
        self._pools: dict[str, Any] = {}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> Any:
        """The same for all requests to one origin, because TLS is verified for all alike."""
        origin = "/".join(str(request.url).split("/", 3)[:3])
        pool = self._pools.get(origin)
        if pool is None:
            if len(self._pools) >= _MOST_POOLS:
                self._pools.clear()
            pool = super().get_connection_with_tls_context(request, *args, **kwargs)
            self._pools[origin] = pool
        return pool

    def request_url(self, request: requests.PreparedRequest, proxies: object) -> str:
        return request.path_url

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.raw = resp.status, resp
        return response


def _prepare(call: Call, body: bytes | None) -> requests.PreparedRequest:
    addresses.check_target(call.url)
    headers = {"User-Agent": "Slipdesk", "Accept": "application/json", **call.headers}
    # Not asking for compression leaves nothing to unpack that could explode.
    headers["Accept-Encoding"] = "identity"
    if call.cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in call.cookies.items())
    if body is not None:
        kind = "json" if call.form is None else "x-www-form-urlencoded"
        headers["Content-Type"] = f"application/{kind}"
    request = requests.PreparedRequest()
    request.prepare_method(call.method)
    request.prepare_url(call.url, None)
    request.prepare_headers(headers)
    # Of an empty body the length is told as well; without that it would be sent in chunks.
    request.body = body or None
    request.prepare_content_length(request.body)
    return request


def _body(call: Call) -> bytes | None:
    if call.form is not None:
        return urlencode(call.form).encode()
    return None if call.json is None else wire.dumps(call.json)


def _read(response: requests.Response) -> bytes:
    """The whole body. Raises `_Unreadable`, or what the connection raises when it is cut short."""
    body = bytearray()
    try:
        while chunk := response.raw.read(_CHUNK, decode_content=False):
            body += chunk
            if len(body) > MOST_BYTES:
                raise _Unreadable(f"the answer is longer than {MOST_BYTES} bytes")
    except BaseException:
        # What is left unread must not become the beginning of another answer.
        response.close()
        raise
    return _unpacked(bytes(body), response.raw.headers.get("Content-Encoding", "").strip().lower())


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Some servers compress although nobody asked. Raises `_Unreadable`."""
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise _Unreadable("the answer is encoded in a way that was not asked for")
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        plain = unpacker.decompress(body, MOST_BYTES + 1)
    except zlib.error:
        raise _Unreadable("the answer cannot be unpacked") from None
    if len(plain) > MOST_BYTES or not unpacker.eof:
        raise _Unreadable("the answer is too long or cut short")
    return plain


def _headers(response: requests.Response) -> dict[str, str]:
    """Without the cookies, which are secrets and have a place of their own."""
    headers = {name.lower(): value for name, value in response.raw.headers.itermerged()}
    headers.pop("set-cookie", None)
    return headers


def _cookies_set(response: requests.Response) -> dict[str, str]:
    cookies = {}
    for header in response.raw.headers.getlist("Set-Cookie"):
        name, found, value = header.partition(";")[0].partition("=")
        if found and name.strip() and value.strip():
            cookies[name.strip()] = value.strip()
    return cookies


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


transport = Transport()
