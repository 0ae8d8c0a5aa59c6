"""Every call to a provider: one request, one answer or a typed failure, one row in the call log.

The only importer of the HTTP library. No redirects, no retries, no proxies from the environment,
no cookie jar: what is sent is what the caller names, and TLS is always verified. The deadline
covers the whole call, the last byte of the answer included.
"""

import os
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import requests
from django.db import connection
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from providers import subjects, watch, wire
from providers.addresses import AddressRefused
from providers.connections import POOLS, Exchange
from providers.contract import AccountView
from providers.models import CallOutcome, ProviderCall
from providers.redaction import MASK, redact

MOST_BYTES = 2 * 1024 * 1024
_CHUNK = 64 * 1024
_POOLED_CONNECTIONS = 32
_FAILURES = (requests.RequestException, HTTPError, OSError, AddressRefused)


class CallFailed(Exception):
    """There is no answer. `call_id` is the row in the call log, `code` is neutral."""

    def __init__(self, message: str, *, call_id: UUID, code: str = "provider_unreachable") -> None:
        super().__init__(message)
        self.message = message
        self.call_id = call_id
        self.code = code


class CallNotSent(CallFailed):
    """Not one byte of the request left us."""


class CallLost(CallFailed):
    """The request may have arrived, and there is no whole answer."""


class _Unreadable(OSError):
    """The answer is too long or encoded in a way that was not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request. `deadline_s` is for all of it; `subject_*` say what it is about.

    Its body is `json` or the fields of a `form`. `secrets` are taken out of what is logged; of a
    `personal` answer nothing is.
    """

    account: AccountView
    operation: str
    method: str
    url: str
    deadline_s: float
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    personal: bool = False
    subject_kind: str = field(default_factory=subjects.kind)
    subject_id: UUID | None = field(default_factory=subjects.subject_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whole. Header names are in lower case; `cookies` are those it sets."""

    call_id: UUID
    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    duration_ms: int


class Deadline:
    """The time that is left for several calls together."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        return self._ends_at - time.monotonic()


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
        row = _log_start(call)
        exchange = Exchange(deadline_s=call.deadline_s)
        started = time.monotonic()
        try:
            with exchange.running():
                response = self._adapter.send(
                    _prepare(call), stream=True, timeout=exchange.left_s, verify=True
                )
                body = _read(response)
                exchange.check_time()
        except _FAILURES as error:
            raise _failure(call, row, exchange, error, started) from None
        answer = Answer(
            call_id=row.id,
            status=response.status_code,
            headers=_headers(response),
            cookies=_cookies_set(response),
            body=body,
            duration_ms=_ms_since(started),
        )
        _log_answer(call, answer)
        return answer

    def _forget_connections(self) -> None:
        self._adapter = _GuardedAdapter()


def conclude(
    *,
    call_id: UUID,
    outcome: CallOutcome,
    error: str = "",
    unknown_fields: Sequence[str] = (),
    unknown_values: Sequence[str] = (),
) -> None:
    """Say in the log what a call came to, once its answer has been understood.

    What in the answer the contract does not know is kept for staff: names of fields, and values
    as `status=frozen`.
    """
    ProviderCall.objects.filter(id=call_id).update(outcome=outcome, error=redact(error))
    if unknown_fields or unknown_values:
        call = ProviderCall.objects.only("account_id", "operation").get(id=call_id)
        watch.note(
            account_id=call.account_id,
            place=call.operation,
            fields=unknown_fields,
            values=unknown_values,
        )


def refuse_inside_transaction() -> None:
    """Raises `RuntimeError` inside a transaction, the one around a whole test excepted."""
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise RuntimeError("Provider calls never happen inside a transaction")


class _GuardedAdapter(HTTPAdapter):
    def __init__(self) -> None:
        super().__init__(pool_maxsize=_POOLED_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS


def _prepare(call: Call) -> requests.PreparedRequest:
    headers = {"User-Agent": "Slipdesk", "Accept": "application/json", **call.headers}
    # Not asking for compression leaves nothing to unpack that could explode.
    headers["Accept-Encoding"] = "identity"
    if call.cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in call.cookies.items())
    body = _body(call)
    if body is not None:
        kind = "json" if call.form is None else "x-www-form-urlencoded"
        headers["Content-Type"] = f"application/{kind}"
    request = requests.Request(call.method, call.url, headers=headers, data=body)
    return request.prepare()


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
    return _unpacked(bytes(body), response.headers.get("Content-Encoding", "").strip().lower())


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


def _failure(
    call: Call, row: ProviderCall, exchange: Exchange, error: Exception, started: float
) -> CallFailed:
    """Whether the request may have arrived is decided by our own sending, not by the error."""
    text = "no whole answer in time" if exchange.expired else _plain_cause(error)
    message = redact(text, secrets=_secrets(call))
    ProviderCall.objects.filter(id=row.id).update(
        outcome=CallOutcome.UNKNOWN if exchange.sent else CallOutcome.NOT_SENT,
        error=message,
        duration_ms=_ms_since(started),
    )
    return (CallLost if exchange.sent else CallNotSent)(message, call_id=row.id)


def _plain_cause(error: BaseException) -> str:
    """The innermost error, which names the reason without addresses of objects and retries."""
    seen = error
    while seen.__cause__ or seen.__context__:
        seen = seen.__cause__ or seen.__context__ or seen
    return f"{type(seen).__name__}: {seen}"


def _headers(response: requests.Response) -> dict[str, str]:
    """Without the cookies, which are secrets and have a place of their own."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    headers.pop("set-cookie", None)
    return headers


def _cookies_set(response: requests.Response) -> dict[str, str]:
    cookies = {}
    for header in response.raw.headers.getlist("Set-Cookie"):
        name, found, value = header.partition(";")[0].partition("=")
        if found and name.strip() and value.strip():
            cookies[name.strip()] = value.strip()
    return cookies


def _log_start(call: Call) -> ProviderCall:
    """A row from before the first byte, so that a killed process leaves a trace of its call."""
    secrets = _secrets(call)
    body = (_body(call) or b"").decode()
    return ProviderCall.objects.create(
        account_id=call.account.id,
        operation=call.operation,
        subject_kind=call.subject_kind,
        subject_id=call.subject_id,
        method=call.method,
        url=redact(call.url, secrets=secrets),
        request=redact(body, secrets=secrets),
    )


def _log_answer(call: Call, answer: Answer) -> None:
    secrets = (*_secrets(call), *answer.cookies.values())
    body = answer.body.decode(errors="replace")
    ProviderCall.objects.filter(id=answer.call_id).update(
        response=MASK if call.personal else redact(body, secrets=secrets),
        response_status=answer.status,
        duration_ms=answer.duration_ms,
    )


def _secrets(call: Call) -> tuple[str, ...]:
    return (*call.account.secret_values(), *call.cookies.values(), *call.secrets)


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


transport = Transport()
