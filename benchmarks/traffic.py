"""Load over HTTP from processes of its own, with sockets that cost little themselves."""

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing import get_context


@dataclass(frozen=True, slots=True)
class Load:
    """What a run measured: answers, seconds, and the latencies of all answers in microseconds."""

    answers: int
    seconds: Decimal
    latencies_us: list[int]

    def per_second(self) -> Decimal:
        return (Decimal(self.answers) / self.seconds).quantize(Decimal(1))

    def percentile_ms(self, percent: int) -> Decimal:
        ordered = sorted(self.latencies_us)
        rank = min(len(ordered) - 1, len(ordered) * percent // 100)
        return (Decimal(ordered[rank]) / 1000).quantize(Decimal("0.1"))


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
    """Send each share of requests on a connection of its own, all at once.

    With `per_second` the requests are spread evenly in time instead of sent back to back.
    """
    pause = None if per_second is None else Decimal(len(shares)) / per_second
    started = time.perf_counter_ns()
    with ProcessPoolExecutor(len(shares), mp_context=get_context("fork")) as pool:
        found = list(pool.map(_share, [(port, list(share), pause) for share in shares]))
    seconds = Decimal(time.perf_counter_ns() - started) / 10**9
    seconds = max((Decimal(one[1]) / 10**9 for one in found), default=seconds)
    latencies = [latency for one in found for latency in one[0]]
    return Load(len(latencies), seconds, latencies)


def _share(job: tuple[int, list[bytes], Decimal | None]) -> tuple[list[int], int]:
    port, requests, pause = job
    latencies = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = time.perf_counter_ns()
        for number, message in enumerate(requests):
            if pause is not None:
                _wait_until(begin + int(pause * number * 10**9))
            started = time.perf_counter_ns()
            connection.sendall(message)
            _answer(connection)
            latencies.append((time.perf_counter_ns() - started) // 1000)
        return latencies, time.perf_counter_ns() - begin


def _wait_until(moment_ns: int) -> None:
    left_ns = moment_ns - time.perf_counter_ns()
    if left_ns > 0:
        time.sleep(left_ns / 10**9)


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
