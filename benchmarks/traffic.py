"""Load over HTTP from processes of its own, with sockets that cost little themselves."""

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from multiprocessing import get_context

from benchmarks.pace import Load, Pace, paces, total


def request(path: str, *, host: str, body: bytes = b"", method: str = "POST") -> bytes:
    """The bytes of a request on a connection that stays open."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send(
    port: int, shares: Sequence[Sequence[bytes]], *, per_second: Decimal | None = None
) -> Load:
    """Send each share of requests on a connection of its own, back to back.

    With `per_second`, the requests of all connections together are spread evenly in time.
    """
    work = [
        (port, share, pace)
        for share, pace in zip(shares, paces(len(shares), per_second=per_second), strict=True)
    ]
    with ProcessPoolExecutor(len(shares), mp_context=get_context("fork")) as pool:
        return total(list(pool.map(_share, work)))


def _share(job: tuple[int, Sequence[bytes], Pace]) -> tuple[list[int], int]:
    port, requests, pace = job
    latencies = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = time.perf_counter_ns()
        for number, message in enumerate(requests):
            due = pace.due(number)
            connection.sendall(message)
            _answer(connection)
            latencies.append((time.perf_counter_ns() - due) // 1000)
        return latencies, time.perf_counter_ns() - begin


def _answer(connection: socket.socket) -> bytes:
    """Read one answer. Raises RuntimeError unless its status is 200."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(data.decode(errors="replace")[:500])
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    if fields.get(b"transfer-encoding") == b"chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += _receive(connection)
    while len(body) < int(fields.get(b"content-length", b"0")):
        body += _receive(connection)
    return body


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise RuntimeError("the server closed the connection")
    return data
