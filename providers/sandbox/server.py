"""Puts world, faults and providers together behind one HTTP server.

`running_sandbox()` starts one inside the calling process, for tests.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

import requests

from providers.sandbox import wire
from providers.sandbox.connection import Connection, route, without_password
from providers.sandbox.contract import Options, SandboxProvider, Surroundings
from providers.sandbox.courier import Courier
from providers.sandbox.faults import FaultBoard
from providers.sandbox.journal import Journal
from providers.sandbox.messages import BadOrderError, Handler, Reply, Request, json_reply
from providers.sandbox.orders import PREFIX, OrderDesk, shown_error
from providers.sandbox.registry import PROVIDERS
from providers.sandbox.state import StateFile
from providers.sandbox.world import World

LONGEST_TICK_S = 0.2
BACKLOG = 256


class SandboxServer(ThreadingHTTPServer):
    """One thread for each connection; none of them outlives the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = BACKLOG

    def __init__(self, address: tuple[str, int], connection: type[Connection]) -> None:
        self._open: set[Any] = set()
        super().__init__(address, connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, and remember it."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection and close it."""
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep open, so that nothing is served any more."""
        for request in tuple(self._open):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        """Bind without asking a name server what this machine is called."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[0], self.server_address[1]  # type: ignore[assignment]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what this server is for; anything else is shown."""
        error = sys.exception()
        if not isinstance(error, OSError):
            traceback.print_exc()


class Sandbox:
    """A sandbox that is bound to its port.

    Raises OSError if the port is taken, BadOrderError for a provider's setting.
    """

    def __init__(self, options: Options, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._around = around = _surroundings(options)
        self.providers = [_started(provider, around) for provider in PROVIDERS]
        for each in self.providers:
            around.faults.declare(each.name, each.fault_points, each.reject_codes)
        self._routes = self._all_routes()
        self._stopping = threading.Event()
        self._server = SandboxServer((host, port), self._connection_class())
        self._ticker = threading.Thread(target=self._tick, name="ticker", daemon=True)
        self.url = f"http://{host}:{self._server.server_port}"

    def start(self) -> None:
        """Take up the kept state and begin to settle; raises StateError if it is unreadable."""
        kept = self._around.state.read()
        self._around.courier.start()
        for each in self.providers:
            each.load(kept.get(each.name, {}), time.time())
        self._ticker.start()

    def serve(self) -> None:
        """Answer requests until `stop` is called from another thread."""
        self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """Stop answering, write the state, let go of the port."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._around.courier.stop()
        self._ticker.join(timeout=1)
        self._around.state.touch()
        self._save()

    def _answer(self, request: Request) -> Reply:
        try:
            return route(self._routes, request)
        except BadOrderError as error:
            return shown_error(error)
        except Exception:
            traceback.print_exc()
            return json_reply({"error": "the sandbox itself failed"}, status=500)

    def _note(self, request: Request, reply: Reply) -> None:
        if request.path.startswith(PREFIX):
            return
        self._around.journal.note(
            direction="in",
            status=reply.status if reply.ending == "answer" else reply.ending,
            method=request.method,
            path=request.path,
            body=without_password(request.body),
            answer=reply.body.decode(errors="replace"),
        )

    def _tick(self) -> None:
        """Several times a second, and often enough for matches that last a moment."""
        pause_s = min(LONGEST_TICK_S, self._around.options.match_s / 10)
        while not self._stopping.wait(pause_s):
            for work in (*self._ticks(), self._save):
                try:
                    work()
                except Exception:
                    traceback.print_exc()

    def _ticks(self) -> Iterator[Callable[[], None]]:
        for each in self.providers:
            yield partial(each.tick, time.time())

    def _save(self) -> None:
        self._around.state.save(lambda: {each.name: each.dump() for each in self.providers})

    def _all_routes(self) -> dict[tuple[str, str], Handler]:
        routes = dict(OrderDesk(self._around, self.providers).routes)
        for each in self.providers:
            for (method, path), handler in each.routes.items():
                routes[method, f"/{each.name}{path}"] = handler
                if each.at_root:
                    routes[method, path] = handler
        return routes

    def _connection_class(self) -> type[Connection]:
        members = {
            "answering": staticmethod(self._answer),
            "noting": staticmethod(self._note),
            "stopping": self._stopping,
        }
        return type("SandboxConnection", (Connection,), members)


def _started(provider: type[SandboxProvider], around: Surroundings) -> SandboxProvider:
    """One provider with its settings. Raises BadOrderError, the provider's name in its field."""
    try:
        return provider(around, around.options.provider_settings.get(provider.name, {}))
    except BadOrderError as error:
        raise BadOrderError(f"{provider.name}_{error.field}", error.reason) from error


def _surroundings(options: Options) -> Surroundings:
    journal = Journal(echo=_print if options.verbose else None)
    return Surroundings(
        options=options,
        world=World(seed=options.seed, match_s=options.match_s, started_at=time.time()),
        faults=FaultBoard(seed=options.seed),
        courier=Courier(
            journal=journal, retry_s=options.retry_s, allow_remote=options.allow_remote
        ),
        journal=journal,
        state=StateFile(options.state_path),
    )


def _print(line: str) -> None:
    print(line, flush=True)


class RunningSandbox:
    """A sandbox to talk to over HTTP; every method raises if the sandbox refuses the order."""

    def __init__(self, url: str) -> None:
        self.url = url

    def order_fault(self, provider: str, fault: str, **details: Any) -> Any:
        """Order a fault for the next call, or with `next=`, `rate=`, `seconds=`, `code=`."""
        return self.post("/faults", {"provider": provider, "fault": fault, **details})

    def order_outcome(self, match: str, selection: str, result: str) -> Any:
        """Fix how a selection ends: won, lost, void or random."""
        return self.post("/outcomes", {"match": match, "selection": selection, "result": result})

    def target(self, provider: str, callback_base: str, **details: Any) -> Any:
        """Say whom a provider calls."""
        order = {"callback_base": callback_base, **details}
        return self.call("PUT", f"/{provider}/target", order)

    def settle_all(self) -> Any:
        """Settle everything that is open."""
        return self.post("/settle_all", {})

    def order(self, provider: str, what: str, **details: Any) -> Any:
        """An order that only this provider takes: `order("name", "results", …)`."""
        return self.post(f"/{provider}/{what}", details)

    def bets(self, provider: str) -> list[dict[str, Any]]:
        """The bets that a provider has, newest first."""
        bets: list[dict[str, Any]] = self.get(f"/{provider}/bets")["bets"]
        return bets

    def client_errors(self) -> list[dict[str, Any]]:
        """What clients did wrong on the wire."""
        errors: list[dict[str, Any]] = self.get("/client_errors")["client_errors"]
        return errors

    def get(self, path: str) -> Any:
        """GET /_sandbox{path}, numbers as Decimal."""
        return self.call("GET", path)

    def post(self, path: str, order: Any) -> Any:
        """POST /_sandbox{path}."""
        return self.call("POST", path, order)

    def call(self, method: str, path: str, order: Any = None) -> Any:
        """One order; raises requests.HTTPError if it is refused."""
        body = None if order is None else wire.dumps(order).encode()
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(method, self.url + PREFIX + path, data=body, timeout=60)
        if not response.ok:
            raise requests.HTTPError(f"{response.status_code}: {response.text}", response=response)
        return wire.loads(response.content)


@contextmanager
def running_sandbox(
    *, match_seconds: float = 1, retry_seconds: float = 0.05, port: int = 0, **options: Any
) -> Iterator[RunningSandbox]:
    """A sandbox in this process, on a free port; time runs as fast as `match_seconds` is short.

    `options` are those of `Options`: `seed`, `auto_settle`, `state_path`, `provider_settings`, ...
    """
    sandbox = Sandbox(Options(match_s=match_seconds, retry_s=retry_seconds, **options), port=port)
    sandbox.start()
    thread = threading.Thread(target=sandbox.serve, name="sandbox", daemon=True)
    thread.start()
    try:
        yield RunningSandbox(sandbox.url)
    finally:
        sandbox.stop()
        thread.join(timeout=2)
