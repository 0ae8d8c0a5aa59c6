"""Which addresses we call: never our own network, the machine itself or a cloud's metadata.

`check_url` judges an address as it is saved. `connect` judges again what the name means at that
moment and connects to nothing else, so a name that changes its meaning gains nothing.
"""

import ipaddress
import re
import socket
import threading
import time
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from django.conf import settings

IPAddress = IPv4Address | IPv6Address

# What Python calls global differs from release to release, so the lists are our own.
# Clouds answer with their machines' credentials at the single addresses. In the other networks
# nobody's provider is: this host, carriers, link-local, protocols, documentation, benchmarks,
# relays, multicast, reserved.
_NEVER_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "168.63.129.16/32", "0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_NEVER_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "fd00:ec2::/32", "fd20:ce::/32", "2001::/23", "2001:db8::/32", "2002::/16",
        "2620:4f:8000::/48", "3fff::/20",
    )
)  # fmt: skip
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7")
)
# What stands for an IPv4 address is judged as that one: mapped, NAT64 at a provider's network,
# and the interface identifiers of ISATAP.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)
_NO_TARGET = re.compile(r"[\x00-\x20\x7f#]")
_NO_ADDRESS = re.compile(r"[^\x21-\x7e]|\\")
_PORTS = {"http": 80, "https": 443}
_SAVE_LOOKUP_S = 3.0


class BadAddress(Exception):
    """The text is not an address that we could call."""


class AddressRefused(Exception):
    """The address leads where a provider never is."""


class LookupFailed(OSError):
    """The name could not be resolved, or not in time."""


def check_url(url: str) -> None:
    """Judge an outgoing address as it is saved. Raises `BadAddress` or `AddressRefused`.

    A name that cannot be resolved now passes: it is judged again at every connect.
    """
    host, port = host_and_port(url)
    try:
        resolve(host, port, timeout_s=_SAVE_LOOKUP_S)
    except LookupFailed:
        return


def check_target(url: str) -> None:
    """Judge the address of a call, which may have a query. Raises `BadAddress`.

    Where its name leads is judged at the connect; here only what could be read in two ways.
    """
    if _NO_TARGET.search(url):
        raise BadAddress("an address has no spaces, control characters or fragment")
    address = url.partition("?")[0]
    host_and_port("/".join(address.split("/", 3)[:3]))


@lru_cache(maxsize=256)
def host_and_port(url: str) -> tuple[str, int]:
    """The host and port of an http or https address. Raises `BadAddress`."""
    if _NO_ADDRESS.search(url):
        raise BadAddress("an address has no spaces, control characters or other alphabets")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadAddress("this is not an address") from None
    if parts.scheme not in _PORTS or not host or port == 0:
        raise BadAddress("an address starts with http:// or https:// and a host")
    if "%" in parts.netloc or host.endswith("."):
        raise BadAddress("a host has no percent signs and no dot at its end")
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in url or "#" in url:
        raise BadAddress("an address has no user, query or fragment here")
    return host, port or _PORTS[parts.scheme]


def check_ip(ip: IPAddress) -> None:
    """Raises `AddressRefused` unless a provider may be at this address."""
    meant = _meant(ip)
    if not all(_allowed(each) for each in meant):
        raise AddressRefused(f"{ip} is not an address of a provider")


def resolve(host: str, port: int, *, timeout_s: float) -> list[IPAddress]:
    """The addresses of a name, all of them allowed.

    Raises `LookupFailed`, or `AddressRefused` if any of them is refused. The system's resolver
    knows no timeout, so a thread of its own waits for it.
    """
    found: list[IPAddress] = []
    lookup = threading.Thread(target=_look_up, args=(host, port, found), daemon=True)
    lookup.start()
    lookup.join(timeout_s)
    if lookup.is_alive() or not found:
        raise LookupFailed(f"{host} cannot be resolved")
    for ip in found:
        check_ip(ip)
    return found


def connect(host: str, port: int, *, timeout_s: float) -> socket.socket:
    """A connection to an allowed address of `host`, made within `timeout_s`.

    Raises `AddressRefused`, or `OSError` when nothing answers.
    """
    end = time.monotonic() + timeout_s
    problem: OSError = LookupFailed(f"{host} has no address")
    for ip in resolve(host, port, timeout_s=timeout_s):
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{host} did not answer in time")
        try:
            return _connect_to(ip, port, timeout_s=left)
        except OSError as error:
            problem = error
    raise problem


def _connect_to(ip: IPAddress, port: int, *, timeout_s: float) -> socket.socket:
    connection = socket.create_connection((str(ip), port), timeout=timeout_s)
    try:
        check_ip(ipaddress.ip_address(connection.getpeername()[0].partition("%")[0]))
    except BaseException:
        connection.close()
        raise
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _look_up(host: str, port: int, found: list[IPAddress]) -> None:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.extend(
            dict.fromkeys(
                ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers
            )
        )
    except (OSError, ValueError):
        # ValueError covers a name that cannot be encoded; the caller sees that nothing was found.
        return


def _allowed(ip: IPAddress) -> bool:
    if any(ip in network for network in _PRIVATE if network.version == ip.version):
        return settings.ALLOW_PRIVATE_PROVIDERS and not _is_special(ip)
    return not _is_special(ip) and (isinstance(ip, IPv4Address) or ip in _PUBLIC_V6)


def _is_special(ip: IPAddress) -> bool:
    if isinstance(ip, IPv4Address):
        return any(ip in network for network in _NEVER_V4)
    return any(ip in network for network in _NEVER_V6)


def _meant(ip: IPAddress) -> list[IPAddress]:
    """The address that another stands for, or itself and what is inside it."""
    if isinstance(ip, IPv4Address):
        return [ip]
    lowest = IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip.ipv4_mapped is not None or ip in _NAT64:
        return [lowest]
    is_isatap = int(ip) >> 32 & 0xFFFFFFFF in _ISATAP
    return [ip, lowest] if is_isatap else [ip]
