"""Reads requests off a connection and writes answers onto it, well or, on order, badly."""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

from providers.sandbox.messages import JSON_TYPE, Reply, Request, json_reply

LONGEST_BODY = 1024 * 1024
IDLE_S = 60
# Linger on, for 0 seconds: closing the socket then sends RST instead of FIN.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_PASSWORD = re.compile(r'("?password"?\s*[:=]\s*"?)[^"&}]*', re.IGNORECASE)

Answering = Callable[[Request], Reply]
Noting = Callable[[Request, Reply], None]


class Connection(BaseHTTPRequestHandler):
    """One client's connection; it is kept open between requests."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    timeout = IDLE_S
    disable_nagle_algorithm = True
    answering: Answering
    noting: Noting
    stopping: threading.Event

    def do_any(self) -> None:
        """Answer one request of whatever method."""
        request = self._request()
        if request is None:
            return
        reply = self.answering(request)
        self.noting(request, reply)
        if reply.hold_s and self.stopping.wait(reply.hold_s):
            self.close_connection = True
            return
        self._send(reply)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_any  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the journal has it."""

    def _request(self) -> Request | None:
        """The whole request, or None if it was refused for its length."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or "chunked" in self.headers.get("Transfer-Encoding", ""):
            self._refuse_body(411)
            return None
        if int(length) > LONGEST_BODY:
            self._refuse_body(413)
            return None
        path, _, query = self.path.partition("?")
        return Request(
            method=self.command,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )

    def _refuse_body(self, status: int) -> None:
        self.close_connection = True
        self._send(
            json_reply({"error": "the body's length is missing or too great"}, status=status)
        )

    def _send(self, reply: Reply) -> None:
        if reply.ending == "answer":
            self._send_head(reply)
            self._send_body(reply)
            return
        self.close_connection = True
        if reply.ending == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.connection.close()

    def _send_head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type or JSON_TYPE)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()

    def _send_body(self, reply: Reply) -> None:
        if not reply.drip_s:
            self.wfile.write(reply.body)
            return
        pause_s = reply.drip_s / max(len(reply.body), 1)
        for position in range(len(reply.body)):
            if self.stopping.wait(pause_s):
                self.close_connection = True
                return
            self.wfile.write(reply.body[position : position + 1])


def without_password(body: bytes) -> str:
    """The body as text, with the value of a password struck out."""
    return _PASSWORD.sub(r"\1***", body.decode(errors="replace"))


def route(routes: Mapping[tuple[str, str], Callable[[Request], Reply]], request: Request) -> Reply:
    """The answer of whoever serves this path: 404 if nobody does, 405 for another method."""
    handler = routes.get((request.method, request.path))
    if handler is not None:
        return handler(request)
    served = [
        (method, handler, found)
        for (method, path), handler in routes.items()
        if (found := _matched(path, request.path)) is not None
    ]
    for method, handler, params in served:
        if method == request.method:
            return handler(replace(request, params=params))
    if served:
        return json_reply({"error": "this path takes another method"}, status=405)
    return json_reply({"error": "nothing is served here: see /_sandbox/"}, status=404)


def _matched(pattern: str, path: str) -> dict[str, str] | None:
    """The segments that stand for the names in braces, as in `/bets/{bet}`."""
    if pattern == path:
        return {}
    wanted, given = pattern.split("/"), path.split("/")
    if "{" not in pattern or len(wanted) != len(given):
        return None
    params = {}
    for name, value in zip(wanted, given, strict=True):
        if name.startswith("{") and name.endswith("}") and value:
            params[name[1:-1]] = unquote(value)
        elif name != value:
            return None
    return params
