import subprocess
import sys
from http.client import HTTPConnection

import pytest
import requests

from providers.sandbox.server import running_sandbox


@pytest.fixture(scope="module")
def sandbox():
    with running_sandbox(match_seconds=20, seed=5) as sandbox:
        yield sandbox


def test_it_is_healthy(sandbox, http) -> None:
    answer = http.get(sandbox.url + "/_sandbox/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_index_names_every_order(sandbox, http) -> None:
    page = http.get(sandbox.url + "/_sandbox/")
    assert page.headers["Content-Type"].startswith("text/plain")
    for path in ("/betcalc/bet/place/", "/_sandbox/faults", "/_sandbox/betflex/target"):
        assert path in page.text
    assert "duplicate_callback" in page.text


def test_the_offer_can_be_picked_from(sandbox) -> None:
    matches = sandbox.get("/offer")["matches"]
    bets = [entry["bet"] for match in matches for entry in match["selections"]]
    assert bets[0] == "line#586464528|17|954|2.5#4.27"
    assert "live#586464528|87|4|0#1.12" in bets
    assert len(bets) > 40


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/_sandbox/nothing", 404),
        ("GET", "/bet/place/", 405),
        ("DELETE", "/_sandbox/health", 405),
    ],
)
def test_other_paths_and_methods_are_refused(sandbox, http, method, path, status) -> None:
    assert http.request(method, sandbox.url + path).status_code == status


@pytest.mark.parametrize(
    ("path", "order", "field"),
    [
        ("/faults", "{", "body"),
        ("/faults", "[]", "body"),
        ("/faults", '{"fault": "slow"}', "provider"),
        ("/outcomes", '{"match": "1", "selection": "1|1|0", "result": "maybe"}', "result"),
        ("/settings", '{"auto_settle": "no"}', "auto_settle"),
        ("/betcalc/settings", '{"nesting": "deep"}', "nesting"),
        ("/betcalc/results", '{"betcode": "x", "status": 2}', "betcode"),
        ("/betcalc/results", '{"remote_host_contains": "x", "status": 2}', "remote_host_contains"),
        ("/betflex/bet", '{"uid": 1, "amount": "1", "currency": "EUR"}', "target"),
        ("/betflex/settle", '{"bet_uid": 12, "payout": "1"}', "bet_uid"),
    ],
)
def test_a_bad_order_is_answered_400_naming_the_field(sandbox, http, path, order, field) -> None:
    answer = http.post(sandbox.url + "/_sandbox" + path, data=order)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert field in answer.json()["error"]


def test_too_great_a_body_is_refused(sandbox) -> None:
    answer = requests.post(sandbox.url + "/bet/place/", data=b"x" * (1024 * 1024 + 1), timeout=10)
    assert answer.status_code == 413


def test_one_connection_serves_many_requests(sandbox) -> None:
    connection = HTTPConnection(sandbox.url.removeprefix("http://"), timeout=10)
    connection.connect()
    first_socket = connection.sock
    for _ in range(3):
        connection.request("GET", "/_sandbox/health")
        assert connection.getresponse().read() == b'{"status": "ok"}'
        assert connection.sock is first_socket
    connection.close()


def test_the_log_shows_exchanges_and_no_password(sandbox, http) -> None:
    address = sandbox.url + "/WebServices/BCService.asmx/LogIn/"
    http.post(address, json={"login": "ann", "password": "s3cret"})
    http.post(address, data={"login": "ann", "password": "s3cret"})
    log = sandbox.get("/log?last=2")["log"]
    assert [entry["path"] for entry in log] == ["/WebServices/BCService.asmx/LogIn/"] * 2
    assert all("ann" in entry["body"] and "s3cret" not in entry["body"] for entry in log)


def test_faults_are_listed_and_cleared(sandbox) -> None:
    sandbox.order_fault("betcalc", "slow", next=2)
    assert [order["fault"] for order in sandbox.get("/faults")["faults"]] == ["slow"]
    assert sandbox.call("DELETE", "/faults") == {"cleared": 1}
    assert sandbox.get("/faults") == {"faults": []}


def test_a_stopped_sandbox_answers_nobody_any_more() -> None:
    with requests.Session() as session:
        with running_sandbox() as sandbox:
            session.get(sandbox.url + "/_sandbox/health", timeout=10)
        with pytest.raises(requests.ConnectionError):
            session.get(sandbox.url + "/_sandbox/health", timeout=10)


def test_it_shares_no_code_with_the_product() -> None:
    check = (
        "import sys, providers.sandbox.server\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('django', 'bets', 'wallets',"
        " 'webhooks', 'config') or name.endswith(('.protocol', '.client', 'providers.contract'))"
        " and name.startswith('providers.')])"
    )
    run = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
