"""An HTTP server on loopback that does what a test tells it, down to the byte and the reset."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    """A request as the server read it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def routes(self) -> tuple[str, ...]:
        """What it can be called by, the most exact first: with method and query, or without."""
        bare = self.path.partition("?")[0]
        return (f"{self.method} {self.path}", f"{self.method} {bare}", self.path, bare)


# A step answers one request and says whether the connection stays open.
Step = Callable[[socket.socket], bool]


def reply(body: bytes | str | dict, *, status: int = 200, headers: tuple[str, ...] = ()) -> Step:
    """A whole answer on a connection that stays open."""
    content = _bytes(body)
    lines = (
        f"HTTP/1.1 {status} Scripted",
        *(headers or ("Content-Type: application/json",)),
        f"Content-Length: {len(content)}",
    )

    def step(connection: socket.socket) -> bool:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        return True

    return step


def truncated(body: bytes | str | dict) -> Step:
    """Promises the whole body, sends half of it and hangs up."""
    content = _bytes(body)

    def step(connection: socket.socket) -> bool:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        connection.sendall(head + content[: len(content) // 2])
        return False

    return step


def raw(content: bytes) -> Step:
    """Exactly these bytes, then the end of the connection."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(content)
        return False

    return step


def reset(connection: socket.socket) -> bool:
    """Read the request, then reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def hang_up(connection: socket.socket) -> bool:
    """Read the request, then close without a word."""
    return False


def drip(content: bytes, *, every_s: float = 0.05) -> Step:
    """One byte at a time, so that no time-out between two bytes is ever reached."""

    def step(connection: socket.socket) -> bool:
        for index in range(len(content)):
            connection.sendall(content[index : index + 1])
            time.sleep(every_s)
        return False

    return step


def then_gone(step: Step) -> Step:
    """The same answer, then the end of the connection, which the answer does not announce."""

    def closing(connection: socket.socket) -> bool:
        step(connection)
        return False

    return closing


def _bytes(body: bytes | str | dict) -> bytes:
    if isinstance(body, dict):
        return json.dumps(body).encode()
    return body.encode() if isinstance(body, str) else body


@dataclass
class Scripted:
    """The server: `on` says what a path answers, in turn; the last step is repeated.

    A path may be given with its method, as `DELETE /offers`; without its query it means any.
    """

    url: str
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    steps: dict[str, list[Step]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, path: str, *steps: Step) -> None:
        with self.lock:
            self.steps[path] = list(steps)

    def requests(self, path: str) -> list[Received]:
        with self.lock:
            return [request for request in self.received if path in request.routes]

    def serve(self, connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        with connection, reader:
            try:
                while self._serve_one(connection, reader):
                    pass
            except OSError:
                # The client ended the connection, as some tests want it to.
                return

    def _serve_one(self, connection: socket.socket, reader: Any) -> bool:
        request = _read(reader)
        if request is None:
            return False
        with self.lock:
            self.received.append(request)
            steps = next((self.steps[way] for way in request.routes if way in self.steps), [])
            step = steps.pop(0) if len(steps) > 1 else (steps or [reply("", status=404)])[0]
        return step(connection)


def _read(reader: Any) -> Received | None:
    line = reader.readline().decode("latin-1").split()
    if len(line) != 3:
        return None
    headers = {}
    while (text := reader.readline().decode("latin-1").strip()) != "":
        name, _, value = text.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", 0)))
    return Received(line[0], line[1], headers, body)


@contextmanager
def scripted_server() -> Iterator[Scripted]:
    """A running server; every connection is served by a thread of its own."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        server = Scripted(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=_accept, args=(listener, server), daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def slamming_url() -> Iterator[str]:
    """An address at which every connection is reset as soon as it is there."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listener:
        threading.Thread(target=_slam, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def _slam(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        reset(connection)
        connection.close()


def _accept(listener: socket.socket, server: Scripted) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        server.connections += 1
        threading.Thread(target=server.serve, args=(connection,), daemon=True).start()


def unused_url() -> str:
    """An address of this machine at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
