"""docs/sandbox.md says how to give every order that the sandbox takes."""

import re
import shlex
from pathlib import Path

import pytest

from providers.sandbox.server import running_sandbox

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "sandbox.md").read_text()
OF_THE_READER = {"betcode", "remote_host_contains", "bet_uid", "bet_id", "ticket"}
# The blocks of a shell are one walk, which the demo's tests go.
SHELL = re.compile(r"^```sh\n.*?^```$", re.MULTILINE | re.DOTALL)
CURL_LINES = re.findall(r"^curl .*$", SHELL.sub("", TEXT), re.MULTILINE)


def test_every_order_is_documented(http) -> None:
    with running_sandbox() as sandbox:
        index = http.get(sandbox.url + "/_sandbox/").text
    orders = set(re.findall(r"^  (GET|POST|PUT|DELETE) +(/_sandbox/\S*)", index, re.MULTILINE))
    documented = set()
    for line in CURL_LINES:
        method = re.search(r"-X (\w+)", line)
        usual = "POST" if " -d " in line else "GET"
        path = re.search(r"\$S(/[^ ?]*)", line)
        documented.add((method[1] if method else usual, path[1] if path else ""))
    assert len(orders) > 15
    assert orders <= documented


@pytest.mark.parametrize("line", CURL_LINES)
def test_every_line_is_understood(http, line: str) -> None:
    """Lines that name a coupon or bet of the reader's own are refused for exactly that."""
    words = shlex.split(line, comments=True)[1:]
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if "-d" in words else "GET"
    body = words[words.index("-d") + 1] if "-d" in words else None
    with running_sandbox(match_seconds=20) as sandbox:
        for each in ("betflex", "gr8"):
            sandbox.target(each, "http://127.0.0.1:1")
        address = next(word for word in words if word.startswith("$S")).replace("$S", sandbox.url)
        answer = http.request(method, address, data=body)
    if answer.status_code == 400:
        assert answer.json()["field"] in OF_THE_READER
    else:
        assert answer.status_code == 200
