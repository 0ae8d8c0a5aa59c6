"""Reads a provider's HTTP request, and never more of its body than the limit."""

import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from providers.contract import Inbound, Refused

BODY_LIMIT = 1024 * 1024


class TooLarge(Refused):
    """The body is over the limit; the rest of it is not read."""

    def __init__(self) -> None:
        super().__init__(
            status=413, code="too_large", message=f"a body has at most {BODY_LIMIT} bytes"
        )


class Incomplete(Refused):
    """The caller went away, or announced another length than it sent."""

    def __init__(self, message: str) -> None:
        super().__init__(status=400, code="incomplete_body", message=message)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def body_of(request: HttpRequest) -> bytes:
    """The whole body. Raises TooLarge or Incomplete."""
    if _is_chunked(request):
        return _read(request.META["wsgi.input"])
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not (announced.isascii() and announced.isdigit()):
        raise Incomplete("Content-Length is not a number")
    # The text may be a number of thousands of digits, which int() refuses.
    if len(announced.lstrip("0")) > 9 or int(announced) > BODY_LIMIT:
        raise TooLarge
    body = _read(request)
    if len(body) < int(announced):
        raise Incomplete(f"the body ended after {len(body)} of {int(announced)} bytes")
    return body


def inbound(
    request: HttpRequest,
    *,
    path: str,
    key: str,
    body: bytes,
    params: Mapping[str, str] | None = None,
) -> Inbound:
    """The request in the words of the contract."""
    return Inbound(
        path=path,
        method=str(request.method),
        headers={name.lower(): value for name, value in request.headers.items()},
        query=request.META.get("QUERY_STRING", ""),
        body=body,
        remote_ip=client_ip(request),
        coupon_key=key,
        params=params or {},
        received_at=timezone.now(),
    )


def client_ip(request: HttpRequest) -> str:
    """Who called, as the outermost of our own `PROXY_COUNT` proxies saw it.

    What stands further left in X-Forwarded-For was written by the caller. Fewer entries than
    proxies mean that the request came in at an inner one. Empty if nobody says.
    """
    peer = str(request.META.get("REMOTE_ADDR") or "")
    if not settings.PROXY_COUNT:
        return _address(peer)
    listed = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    seen = [part.strip() for part in listed if part.strip()][-settings.PROXY_COUNT :]
    return (_address(seen[0]) if seen else "") or _address(peer)


def _is_chunked(request: HttpRequest) -> bool:
    """Such a body has no announced length; only a server that ends it for us may be asked."""
    coding = request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    return "chunked" in coding and bool(request.META.get("wsgi.input_terminated"))


def _read(stream: _Readable) -> bytes:
    parts, left = [], BODY_LIMIT + 1
    try:
        while left > 0 and (part := stream.read(left)):
            parts.append(bytes(part))
            left -= len(part)
    except OSError:
        raise Incomplete("the caller went away while it sent the body") from None
    if left <= 0:
        raise TooLarge
    return b"".join(parts)


def _address(text: str) -> str:
    """An address in its usual form, without a port; empty if it is none."""
    bracketed = text[1:].partition("]")[0] if text.startswith("[") else ""
    bare = text.rpartition(":")[0] if text.count(":") == 1 else text
    with suppress(ValueError):
        return str(ipaddress.ip_address(bracketed or bare))
    return ""
