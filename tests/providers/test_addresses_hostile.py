"""Addresses that want to lead us into our own network: not one connection is made.

Two things watch: servers on this machine that must see nobody, and a record of every connection
that anything in this process tries to make.
"""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from providers import services
from providers.models import ProviderAccount
from providers.services import InvalidAccount
from providers.transport import CallNotSent, Transport
from tests.factories.calls import a_call
from tests.factories.providers import make_account
from tests.providers.scripted import reply
from tests.providers.untrusted import untrusted_server

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = "93.184.216.34"

# What the names of the test mean: a list of addresses for each lookup, the last one for ever.
NAMES: dict[str, list[list[str]]] = {
    "localhost.localdomain": [["127.0.0.1"]],
    "loop.hostile.example": [["127.0.0.1"]],
    "loop6.hostile.example": [["::1"]],
    "private.hostile.example": [["10.0.0.5"]],
    "metadata.hostile.example": [["169.254.169.254"]],
    "carrier.hostile.example": [["100.64.1.1"]],
    "mapped.hostile.example": [["::ffff:127.0.0.1"]],
    "nat64.hostile.example": [["64:ff9b::7f00:1"]],
    "mixed.hostile.example": [[PUBLIC, "127.0.0.1"]],
    "mixed-last.hostile.example": [["127.0.0.1", PUBLIC]],
    "rebinding.hostile.example": [[PUBLIC], ["127.0.0.1"]],
    "rebinding6.hostile.example": [["2606:2800:220:1::1"], ["::1"]],
    "xn--80ak6aa92e.hostile.example": [["192.168.1.1"]],
}
# These show a public face when they are saved, and their own when they are called.
TWO_FACED = ("rebinding", "rebinding6")

HOSTILE = [
    "http://127.0.0.1:{port}",
    "http://127.0.0.1.:{port}",
    "http://127.1:{port}",
    "http://127.0.1:{port}",
    "http://127.255.255.254:{port}",
    "http://0:{port}",
    "http://0.0.0.0:{port}",
    "http://2130706433:{port}",
    "http://0x7f000001:{port}",
    "http://0x7f.0.0.1:{port}",
    "http://0x7f.1:{port}",
    "http://017700000001:{port}",
    "http://0177.0.0.1:{port}",
    "http://0177.0x0.0.1:{port}",
    "http://127.0.0.1.nip.invalid@127.0.0.1:{port}",
    "http://localhost:{port}",
    "http://localhost.:{port}",
    "http://LOCALHOST:{port}",
    "http://localhost.localdomain:{port}",
    "http://[::1]:{port6}",
    "http://[::]:{port6}",
    "http://[0:0:0:0:0:0:0:1]:{port6}",
    "http://[::127.0.0.1]:{port}",
    "http://[::ffff:127.0.0.1]:{port}",
    "http://[::ffff:7f00:1]:{port}",
    "http://[::ffff:0:127.0.0.1]:{port}",
    "http://[64:ff9b::127.0.0.1]:{port}",
    "http://[64:ff9b:1::7f00:1]:{port}",
    "http://[2002:7f00:1::]:{port}",
    "http://[2001:0:7f00:1::1]:{port}",
    "http://[2001:db8::5efe:7f00:1]:{port}",
    "http://[2a00:1450:4001::5efe:7f00:1]:{port}",
    "http://[fe80::1]:{port6}",
    "http://[fe80::1%25lo]:{port6}",
    "http://[fec0::1]:{port6}",
    "http://[fc00::1]:{port6}",
    "http://[ff02::1]:{port6}",
    "http://[fd00:ec2::254]/latest/meta-data",
    "http://169.254.169.254/latest/meta-data",
    "http://168.63.129.16/metadata",
    "http://100.100.100.200/latest/meta-data",
    "http://192.0.0.192/opc/v2",
    "http://10.0.0.1:{port}",
    "http://172.16.0.1:{port}",
    "http://192.168.0.1:{port}",
    "http://100.64.0.1:{port}",
    "http://192.88.99.1:{port}",
    "http://198.18.0.1:{port}",
    "http://224.0.0.1:{port}",
    "http://240.0.0.1:{port}",
    "http://255.255.255.255:{port}",
    "http://user:secret@127.0.0.1:{port}",
    "http://provider.example@127.0.0.1:{port}",
    "http://127.0.0.1:{port}\\@provider.example",
    "http://provider.example\\@127.0.0.1:{port}",
    "http://127.0.0.1:{port}#@provider.example",
    "http://127.0.0.1:{port}?@provider.example",
    "http://%31%32%37.0.0.1:{port}",
    "http://127.0.0.1%2f@provider.example:{port}",
    "http://①②⑦.0.0.1:{port}",
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{port}",
    "http://127。0。0。1:{port}",
    "http://ⓛocalhost:{port}",
    "http://١٢٧.0.0.1:{port}",
    "http://127.0.0.1:٨٠",
    "http://127.0.0.1:{port}\r\nX: y",
    "http://127.0.0.1:{port}\tx",
    "http://127.0.0.1\0.provider.example:{port}",
    "http:127.0.0.1:{port}",
    "http:///127.0.0.1:{port}",
    "//127.0.0.1:{port}",
    "127.0.0.1:{port}",
    "ftp://127.0.0.1:{port}",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_GET",
    "unix:///tmp/socket",
    "http+unix://%2Ftmp%2Fsocket/",
    "HTTPS://127.0.0.1:{port}",
    "http://127.0.0.1:0",
    "http://127.0.0.1:-{port}",
    "http://127.0.0.1:99999",
    "http://loop.hostile.example:{port}",
    "http://loop.hostile.example.:{port}",
    "https://loop.hostile.example:{port}",
    "http://loop6.hostile.example:{port6}",
    "http://private.hostile.example",
    "http://metadata.hostile.example",
    "http://carrier.hostile.example",
    "http://mapped.hostile.example:{port}",
    "http://nat64.hostile.example:{port}",
    "http://mixed.hostile.example:{port}",
    "http://mixed-last.hostile.example:{port}",
    "http://rebinding.hostile.example:{port}",
    "http://rebinding6.hostile.example:{port6}",
    "http://xn--80ak6aa92e.hostile.example",
]


@dataclass
class Watch:
    """The ports of the listening servers, and every attempt to connect anywhere."""

    port: int
    port6: int
    listeners: list[socket.socket]
    attempts: list[object] = field(default_factory=list)

    def url(self, template: str) -> str:
        return template.replace("{port6}", str(self.port6)).replace("{port}", str(self.port))

    def visitors(self) -> int:
        """How many connections wait to be accepted."""
        found = 0
        for listener in self.listeners:
            listener.setblocking(False)
            try:
                while True:
                    listener.accept()[0].close()
                    found += 1
            except BlockingIOError:
                continue
        return found


@contextmanager
def _listening() -> Iterator[Watch]:
    with (
        socket.create_server(("0.0.0.0", 0)) as listener,
        socket.create_server(("::", 0), family=socket.AF_INET6) as listener6,
    ):
        ports = (each.getsockname()[1] for each in (listener, listener6))
        yield Watch(*ports, listeners=[listener, listener6])


@pytest.fixture
def watch(monkeypatch, settings) -> Iterator[Watch]:
    settings.ALLOW_PRIVATE_PROVIDERS = False
    lookups: dict[str, int] = {}
    really = socket.getaddrinfo

    def look_up(host, port, *args, **kwargs):
        name = host.rstrip(".").lower()
        if name in NAMES:
            turn = lookups.get(name, 0)
            lookups[name] = turn + 1
            meant = NAMES[name][min(turn, len(NAMES[name]) - 1)]
            return [answer for ip in meant for answer in really(ip, port, *args, **kwargs)]
        if name[:1].isdigit() or name == "localhost" or ":" in name:
            return really(host, port, *args, **kwargs)
        raise socket.gaierror(socket.EAI_NONAME, "nobody of this name")

    with _listening() as watching:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)

        def connect(self, address) -> None:
            watching.attempts.append(address)
            raise OSError(errno.ENETUNREACH, "no test connects to anything")

        monkeypatch.setattr(socket.socket, "connect", connect)
        monkeypatch.setattr(socket.socket, "connect_ex", connect)
        yield watching


def test_there_are_enough_of_them():
    assert len(set(HOSTILE)) >= 60


@pytest.mark.django_db
@pytest.mark.parametrize("template", HOSTILE)
def test_no_hostile_address_is_saved_or_called(watch, template):
    url = watch.url(template)
    two_faced = any(f"//{name}." in template for name in TWO_FACED)
    secrets = {"login": "operator-login", "password": "operator-password"}

    for field_name, base_url in (("base_url", url), ("login_url", "http://93.184.216.34")):
        settings = {"login_url": url} if field_name == "login_url" else {}
        refused = ""
        try:
            services.save_account(
                code=f"at-{field_name.partition('_')[0]}",
                provider="betcalc",
                base_url=base_url,
                settings=settings,
                secrets=secrets,
            )
        except InvalidAccount as error:
            refused = error.field
        # What looks public now is judged again when it is called.
        assert refused == ("" if two_faced and field_name == "base_url" else field_name)

    _check_that_it_is_not_called(url)
    assert watch.attempts == []
    assert watch.visitors() == 0


def _check_that_it_is_not_called(url: str) -> None:
    """Neither as a call's own address nor as the base of one, however it got into the account."""
    account = ProviderAccount.objects.first() or ProviderAccount(code="raw", provider="betcalc")
    account.save()
    for address in (url, url + "/place", url + "/ask?id=1"):
        with pytest.raises(CallNotSent):
            Transport().call(a_call(account, address))


@pytest.mark.django_db
def test_the_record_of_connections_would_show_one(watch, settings):
    """The guard itself: with the switch on, the same call tries to connect."""
    settings.ALLOW_PRIVATE_PROVIDERS = True
    account = make_account(base_url=f"http://127.0.0.1:{watch.port}")

    with pytest.raises(CallNotSent):
        Transport().call(a_call(account, account.base_url))

    assert watch.attempts == [("127.0.0.1", watch.port)]


@pytest.mark.django_db
@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_redirect_is_followed(server, status, method):
    account = make_account()
    with _listening() as watching:
        to = (
            f"Location: http://127.0.0.1:{watching.port}/in",
            f"Refresh: 0; url=//127.0.0.1:{watching.port}",
        )
        server.on("/ask", reply("", status=status, headers=to))

        answer = Transport().call(a_call(account, server.url + "/ask", method=method))

        assert answer.status == status
        assert watching.visitors() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["X-A", "Cookie", "Host"])
def test_no_line_break_gets_into_a_header(server, name):
    account = make_account()
    with pytest.raises(CallNotSent):
        Transport().call(a_call(account, server.url, headers={name: "a\r\nX-B: c"}))
    with pytest.raises(CallNotSent):
        Transport().call(a_call(account, server.url, cookies={"sid": "a\r\nX-B: c"}))

    assert server.received == []


# --- TLS ----------------------------------------------------------------------------------------

_CALL = """
import sys, django
django.setup()
from types import SimpleNamespace
from providers import connections
from providers.outgoing import Call
from providers.transport import _GuardedAdapter, _prepare
account = SimpleNamespace(id=None)
call = Call(account=account, operation="ask", method="GET", url=sys.argv[1], deadline_s=5.0)
with connections.Exchange(deadline_s=5).running():
    try:
        _GuardedAdapter().send(_prepare(call, None), timeout=5, verify=True)
    except Exception as error:
        print(error)
    else:
        print("CONNECTED")
"""
_WEAKENING = {
    "REQUESTS_CA_BUNDLE": "{certificate}",
    "CURL_CA_BUNDLE": "{certificate}",
    "SSL_CERT_FILE": "{certificate}",
    "SSL_CERT_DIR": "{folder}",
    "PYTHONHTTPSVERIFY": "0",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "VERIFY_TLS": "0",
    "SSL_VERIFY": "false",
}


def test_nothing_in_the_environment_weakens_tls(tmp_path):
    with untrusted_server(tmp_path) as (port, certificate):
        told = _call_under_weakening(port, certificate, tmp_path)

    assert "CERTIFICATE_VERIFY_FAILED" in told


def _call_under_weakening(port: int, certificate: Path, folder: Path) -> str:
    weakened = {
        name: value.format(certificate=certificate, folder=folder)
        for name, value in _WEAKENING.items()
    }
    return subprocess.run(
        [sys.executable, "-c", _CALL, f"https://localhost:{port}/"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **weakened},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def test_no_setting_says_how_to_verify():
    source = "".join(
        (ROOT / "config" / name).read_text() for name in ("settings.py", "environment.py")
    )
    assert not {"verify", "ca_bundle", "insecure", "cert_none"} & set(
        source.lower().replace("=", " ").replace('"', " ").split()
    )


def test_no_code_of_ours_switches_verification_off():
    ours = [
        path
        for folder in ("config", "providers", "bets", "webhooks", "wallets")
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert len(ours) > 100
    banned = (
        "verify=False",
        "CERT_NONE",
        "_create_unverified_context",
        "disable_warnings",
        "check_hostname = False",
    )
    found = [f"{path.name}: {word}" for path in ours for word in banned if word in path.read_text()]
    assert found == []
