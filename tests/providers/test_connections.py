"""Pooled connections: what is reused, and what is not."""

import os
import time
from contextlib import ExitStack

import pytest

from providers import connections
from providers import transport as transport_module
from providers.models import ProviderAccount
from providers.transport import CallLost, Transport
from tests.factories.calls import a_call
from tests.factories.providers import make_account
from tests.providers.scripted import drip, reply, scripted_server, then_gone


@pytest.fixture
def account(db) -> ProviderAccount:
    return make_account()


@pytest.fixture
def transport() -> Transport:
    return Transport()


def test_connections_are_reused(server, transport, account):
    server.on("/ask", reply({}))

    for _ in range(3):
        transport.call(a_call(account, server.url + "/ask"))

    assert server.connections == 1


def test_a_connection_that_was_idle_for_long_is_not_reused(server, transport, account, monkeypatch):
    server.on("/ask", reply({}))
    monkeypatch.setattr(connections, "LONGEST_IDLE_S", 0.0)

    for _ in range(2):
        transport.call(a_call(account, server.url + "/ask"))

    assert server.connections == 2


def test_connections_to_many_servers_are_not_all_kept(account, server, monkeypatch):
    monkeypatch.setattr(transport_module, "_MOST_POOLS", 2)
    transport = Transport()
    with ExitStack() as stack:
        for other in [server, *(stack.enter_context(scripted_server()) for _ in range(3))]:
            other.on("/ask", reply({}))
            for _ in range(2):
                assert transport.call(a_call(account, other.url + "/ask")).status == 200
            assert other.connections == 1

    assert len(transport._adapter._pools) <= 2


def test_a_connection_that_the_server_closed_is_replaced(server, transport, account):
    server.on("/ask", then_gone(reply({})))

    for _ in range(3):
        transport.call(a_call(account, server.url + "/ask"))
        time.sleep(0.05)

    assert len(server.requests("/ask")) == 3


def test_the_deadline_of_one_call_does_not_end_another(server, transport, account):
    server.on("/slow", drip(b"HTTP/1.1 200 OK\r\n" + b" " * 500, every_s=0.01))
    server.on("/ask", reply({}))
    transport.call(a_call(account, server.url + "/ask"))
    with pytest.raises(CallLost):
        transport.call(a_call(account, server.url + "/slow", deadline_s=1.0))

    assert transport.call(a_call(account, server.url + "/ask")).status == 200


def test_the_children_of_a_fork_have_connections_of_their_own(server, transport, account):
    server.on("/ask", reply({}))
    transport.call(a_call(account, server.url + "/ask"))
    before = transport._adapter

    child = os.fork()
    if child == 0:
        os._exit(0 if transport._adapter is not before else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert transport._adapter is before
