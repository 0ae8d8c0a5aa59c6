"""One request, one answer or a typed failure, one row."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings as config
from django.db import connection as database
from django.db import transaction

from config import embedded
from providers import connections
from providers.models import CallOutcome, ProviderAccount, ProviderCall
from providers.transport import Call, CallLost, CallNotSent, Transport, conclude
from tests.factories.providers import make_account
from tests.providers.scripted import (
    Scripted,
    drip,
    reply,
    reset,
    unused_url,
)
from tests.providers.untrusted import untrusted_server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def account(db) -> ProviderAccount:
    return make_account()


@pytest.fixture
def transport() -> Transport:
    return Transport()


def request(account, url, **changes) -> Call:
    values = {"operation": "ask", "method": "POST", "json": {"a": 1}, "deadline_s": 3.0}
    return Call(account=account, url=url, **{**values, **changes})


def only_row() -> ProviderCall:
    return ProviderCall.objects.get()


def test_an_answer_is_handed_over_whole_and_logged(server: Scripted, transport, account):
    headers = ("X-Odd: 1", "Set-Cookie: sid=abcdef; path=/; HttpOnly", "Set-Cookie: gone=")
    server.on("/ask", reply({"answer": 42}, status=201, headers=headers))

    answer = transport.call(request(account, server.url + "/ask"))
    conclude(call_id=answer.call_id, outcome=CallOutcome.UNKNOWN)

    assert (answer.status, answer.body) == (201, b'{"answer": 42}')
    assert answer.headers["x-odd"] == "1"
    assert answer.cookies == {"sid": "abcdef"}
    row = only_row()
    assert (row.id, row.response_status, row.outcome) == (answer.call_id, 201, CallOutcome.UNKNOWN)
    assert (row.request, row.response) == ('{"a":1}', '{"answer": 42}')
    assert row.duration_ms is not None


def test_a_form_is_sent_as_one_and_its_secrets_are_not_logged(server, transport, account):
    server.on("/ask", reply({}))
    form = {"grant_type": "client_credentials", "client_secret": "a b&c", "scope": "bets"}

    transport.call(request(account, server.url + "/ask", json=None, form=form))

    (sent,) = server.requests("/ask")
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert sent.body == b"grant_type=client_credentials&client_secret=a+b%26c&scope=bets"
    assert only_row().request == (
        "grant_type=client_credentials&client_secret=[redacted]&scope=bets"
    )


def test_an_empty_form_is_sent_with_its_length(server, transport, account):
    server.on("/ask", reply({}))

    transport.call(request(account, server.url + "/ask", json=None, form={}))

    (sent,) = server.requests("/ask")
    assert sent.headers["content-length"] == "0"
    assert "transfer-encoding" not in sent.headers


def test_headers_that_come_twice_are_one(server, transport, account):
    server.on("/ask", reply({}, headers=("Via: one", "X-Odd: 1", "via: two")))

    answer = transport.call(request(account, server.url + "/ask"))

    assert (answer.headers["via"], answer.headers["x-odd"]) == ("one, two", "1")


def test_an_address_is_written_as_the_http_library_writes_it(server, transport, account):
    server.on("/a%20b/citt%C3%A0?q=a%22b", reply({}))

    url = server.url.upper().replace("HTTP", "http") + "/x/../a%20b/città?q=a%22b"
    assert transport.call(request(account, url, method="get", json=None)).status == 200


def test_its_meaning_is_added_once_it_is_known(server, transport, account):
    server.on("/ask", reply({}))
    answer = transport.call(request(account, server.url + "/ask"))

    conclude(call_id=answer.call_id, outcome=CallOutcome.OK)

    assert only_row().outcome == CallOutcome.OK


def test_nothing_left_us_if_nobody_listens(transport, account):
    with pytest.raises(CallNotSent) as failed:
        transport.call(request(account, unused_url()))

    row = only_row()
    assert (row.id, row.outcome) == (failed.value.call_id, CallOutcome.NOT_SENT)
    assert failed.value.message == "the connection was refused"
    assert row.error.startswith("the connection was refused\nConnectionRefusedError: ")


def test_a_server_that_never_takes_the_connection_is_not_sent(transport, account):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        waiting = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            waiting.append(filler)
        with pytest.raises(CallNotSent):
            transport.call(request(account, f"http://127.0.0.1:{port}/", deadline_s=0.5))
        for filler in waiting:
            filler.close()


@pytest.mark.parametrize("deadline_s", [0, -1])
def test_without_time_nothing_is_sent(server, transport, account, deadline_s):
    server.on("/ask", reply({}))

    with pytest.raises((CallNotSent, CallLost)) as failed:
        transport.call(request(account, server.url + "/ask", deadline_s=deadline_s))

    assert isinstance(failed.value, CallNotSent)
    assert server.received == []


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"X-Key": "\u20ac5"}},
        {"headers": {"\u20ac": "5"}},
        {"headers": {"X-Key": "5\nX-Other: 6"}},
        {"cookies": {"sid": "\u20ac5"}},
        {"method": "GET /other"},
    ],
)
def test_what_http_cannot_carry_is_not_sent(server, transport, account, changes):
    with pytest.raises(CallNotSent):
        transport.call(request(account, server.url + "/ask", **changes))

    assert server.received == []
    assert only_row().outcome == CallOutcome.NOT_SENT


@pytest.mark.parametrize("rest", ["/a b", "/a\nb", "/a#b", "@x.example/"])
def test_what_is_no_address_is_not_sent(server, transport, account, rest):
    with pytest.raises(CallNotSent, match=r"^an address has no"):
        transport.call(request(account, server.url + rest))

    assert server.received == []
    assert only_row().outcome == CallOutcome.NOT_SENT


def test_without_a_thread_to_watch_it_nothing_is_sent(server, transport, account, monkeypatch):
    server.on("/ask", reply({}))

    def refuse(*_, **__) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(connections.watchdog, "watch", refuse)
        with pytest.raises(CallNotSent):
            transport.call(request(account, server.url + "/ask"))

    assert server.received == []
    assert transport.call(request(account, server.url + "/ask")).status == 200


def test_a_reset_after_sending_is_lost(server, transport, account):
    server.on("/ask", reset)

    with pytest.raises(CallLost):
        transport.call(request(account, server.url + "/ask"))

    assert only_row().outcome == CallOutcome.UNKNOWN


def test_headers_that_drip_are_cut_at_the_deadline(server, transport, account):
    server.on("/ask", drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500, every_s=0.02))
    started = time.monotonic()

    with pytest.raises(CallLost, match="in time"):
        transport.call(request(account, server.url + "/ask", deadline_s=1.0))

    assert time.monotonic() - started < 10


def test_an_inner_address_is_refused_at_connect(server, transport, account, settings):
    settings.ALLOW_PRIVATE_PROVIDERS = False

    with pytest.raises(CallNotSent, match=r"^127\.0\.0\.1 is not an address of a provider$"):
        transport.call(request(account, server.url + "/ask"))

    assert "AddressRefused" in only_row().error

    assert server.connections == 0


def test_a_certificate_that_nobody_signed_is_not_sent(transport, account, tmp_path):
    refused = pytest.raises(CallNotSent, match=r"^the certificate is not valid$")
    with untrusted_server(tmp_path) as (port, _), refused:
        transport.call(request(account, f"https://localhost:{port}/"))

    assert "CERTIFICATE_VERIFY" in only_row().error


def test_a_handshake_that_never_ends_is_not_sent(transport, account):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        started = time.monotonic()
        with pytest.raises(CallNotSent):
            transport.call(request(account, url, deadline_s=0.5))

    assert time.monotonic() - started < 4


def test_no_proxy_of_the_environment_is_used(server, transport, account, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, unused_url())
    server.on("/ask", reply({}))

    assert transport.call(request(account, server.url + "/ask")).status == 200


def test_calls_inside_a_transaction_are_an_error(server, transport, account):
    with pytest.raises(RuntimeError, match="transaction"), transaction.atomic():
        transport.call(request(account, server.url + "/ask"))

    assert server.connections == 0
    assert not ProviderCall.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_row_is_there_before_the_answer_is(server, transport):
    account = make_account()
    seen = []

    def look(connection: socket.socket) -> bool:
        seen.append(ProviderCall.objects.values_list("outcome", flat=True).first())
        database.close()
        return reply({})(connection)

    server.on("/ask", look)
    transport.call(request(account, server.url + "/ask"))

    assert seen == [CallOutcome.UNKNOWN]


@pytest.mark.django_db(transaction=True)
def test_twenty_threads_each_get_and_log_their_own_answers(server, transport):
    account, start, wrong = make_account(), threading.Barrier(20), []
    for number in range(20):
        server.on(f"/{number}", reply({"said": number}))

    def ask(number: int) -> None:
        try:
            start.wait(30)
            for turn in range(5):
                asked = request(account, f"{server.url}/{number}", json={"n": number, "t": turn})
                answer = transport.call(asked)
                conclude(call_id=answer.call_id, outcome=CallOutcome.OK, error=f"{turn}")
                if answer.body != b'{"said": %d}' % number:
                    wrong.append(answer.body)
        except Exception as error:
            wrong.append(repr(error))
        finally:
            database.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    rows = ProviderCall.objects.filter(outcome=CallOutcome.OK, response_status=200)
    assert set(rows.values_list("request", "response", "error")) == {
        (f'{{"n":{number},"t":{turn}}}', f'{{"said": {number}}}', f"{turn}")
        for number in range(20)
        for turn in range(5)
    }


_CALL = """
import sys, django
django.setup()
from providers.queries import account
from providers.transport import Call, Transport
Transport().call(
    Call(account=account(code=sys.argv[1]), operation="ask", method="POST", url=sys.argv[2],
         json={"a": 1}, deadline_s=30.0)
)
"""


@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_killed_leaves_a_trace_of_its_call(server):
    account, asked, release = make_account(), threading.Event(), threading.Event()

    def hold(_: socket.socket) -> bool:
        asked.set()
        return bool(release.wait(30))

    server.on("/ask", hold)
    environment = {
        **os.environ,
        "DATABASE_URL": embedded.database_url(config.DATA_DIR, database.settings_dict["NAME"]),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [sys.executable, "-c", _CALL, account.code, server.url + "/ask"]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        assert asked.wait(30)
        process.kill()
    release.set()

    row = only_row()
    assert (row.outcome, row.request) == (CallOutcome.UNKNOWN, '{"a":1}')
    assert (row.failure, row.response_status, row.duration_ms) == ("", None, None)


@pytest.mark.django_db
def test_secrets_and_cookies_stay_out_of_everything_that_is_printed(server, transport):
    account = make_account(secrets={"login": "operator-login", "password": "hunter2-hunter2"})
    said = {"said": "hunter2-hunter2 biscuit-1"}
    server.on("/ask?x=hunter2-hunter2", reply(said, headers=("Set-Cookie: s=biscuit-1",)))
    call = request(
        account, server.url + "/ask?x=hunter2-hunter2", cookies={"c": "biscuit-2"}, json=said
    )

    answer = transport.call(call)

    assert (answer.status, answer.cookies) == (200, {"s": "biscuit-1"})
    row = only_row()
    kept = f"{row.url} {row.response} {row.error} {account!r} {answer!r}"
    assert "biscuit" not in kept
    assert "hunter2" not in kept + row.request
