"""Which addresses we call."""

import ipaddress
import socket
import threading
import time

import pytest

from providers import addresses
from providers.addresses import AddressRefused, BadAddress, LookupFailed

PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
OWN = [
    "127.0.0.1",
    "127.8.8.8",
    "::1",
    "10.0.0.1",
    "172.16.5.5",
    "192.168.1.1",
    "fd12::1",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "2a00:1450::5efe:a00:1",
]
NEVER = [
    "169.254.169.254",
    "169.254.1.1",
    "fe80::1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2002:5db8:d822::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "fec0::1",
    "::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.7",
    "2a00:1450::5efe:a9fe:a9fe",
]


@pytest.fixture
def _public_only(settings):
    settings.ALLOW_PRIVATE_PROVIDERS = False


@pytest.mark.parametrize("ip", PUBLIC)
@pytest.mark.usefixtures("_public_only")
def test_public_addresses_are_called(ip):
    addresses.check_ip(ipaddress.ip_address(ip))


@pytest.mark.parametrize("ip", [*OWN, *NEVER])
@pytest.mark.usefixtures("_public_only")
def test_our_own_network_is_never_called(ip):
    with pytest.raises(AddressRefused):
        addresses.check_ip(ipaddress.ip_address(ip))


@pytest.mark.parametrize("ip", [*PUBLIC, *OWN])
def test_with_the_switch_private_addresses_are_called(ip):
    addresses.check_ip(ipaddress.ip_address(ip))


@pytest.mark.parametrize("ip", NEVER)
def test_the_switch_never_opens_metadata_and_the_like(ip):
    with pytest.raises(AddressRefused):
        addresses.check_ip(ipaddress.ip_address(ip))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "provider.example",
        "ftp://provider.example",
        "file:///etc/passwd",
        "gopher://127.0.0.1",
        "http://",
        "http://user:secret@provider.example",
        "http://user@provider.example",
        "http://provider.example/?a=1",
        "http://provider.example/?",
        "http://provider.example/#a",
        "http://provider.example:0",
        "http://provider.example:99999",
        "http://provider.example:port",
        "http://provider example",
        "http://provider.example\\@127.0.0.1",
        "http://provider.example/\r\nHost: x",
        "http://[::1",
        "http://provider.example.",
        "http://provider%2eexample",
        "http://provider.ex\u0430mple",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(BadAddress):
        addresses.check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://provider.example/a%20b/?c=d@e&f=http://x\\y",
        "http://provider.example:8080?c=d",
        "http://[2606:2800:220:1::1]/\u0105",
    ],
)
def test_a_call_may_have_a_path_and_a_query(url):
    addresses.check_target(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000",
        "http://localhost",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]:8000/",
        "http://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
    ],
)
@pytest.mark.usefixtures("_public_only")
def test_every_way_to_write_our_own_machine_is_refused(url):
    with pytest.raises(AddressRefused):
        addresses.check_url(url)


@pytest.mark.usefixtures("_public_only")
def test_a_name_that_cannot_be_resolved_may_be_saved():
    addresses.check_url("https://nobody.invalid")


@pytest.mark.usefixtures("_public_only")
def test_a_name_that_changed_its_meaning_is_refused_at_connect():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(AddressRefused):
            addresses.connect("localhost", listener.getsockname()[1], timeout_s=2)
        listener.settimeout(0.1)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_connect_reaches_an_allowed_address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with addresses.connect("127.0.0.1", port, timeout_s=2) as connection:
            assert connection.getpeername() == ("127.0.0.1", port)


def test_a_resolver_that_never_answers_does_not_hold_us(monkeypatch):
    answers = threading.Event()

    def slow(*args, **kwargs):
        answers.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    started = time.monotonic()

    with pytest.raises(LookupFailed):
        addresses.resolve("slow.example", 80, timeout_s=0.1)

    assert time.monotonic() - started < 10
    answers.set()
