"""Which addresses we call: never our own network, the machine itself or a cloud's metadata.

`check_url` judges an address as it is saved. `connect` judges again what the name means at that
moment and connects to nothing else, so a name that changes its meaning gains nothing.
"""

import ipaddress
import socket
import threading
import time
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from django.conf import settings

IPAddress = IPv4Address | IPv6Address

# Reachable under a public or a private address, and still nobody's provider.
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
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


def host_and_port(url: str) -> tuple[str, int]:
    """The host and port of an http or https address. Raises `BadAddress`."""
    if any(ord(sign) <= 32 or ord(sign) >= 127 for sign in url) or "\\" in url:
        raise BadAddress("an address has no spaces, control characters or other alphabets")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadAddress("this is not an address") from None
    if parts.scheme not in _PORTS or not host or port == 0:
        raise BadAddress("an address starts with http:// or https:// and a host")
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in url or "#" in url:
        raise BadAddress("an address has no user, query or fragment here")
    return host, port or _PORTS[parts.scheme]


def check_ip(ip: IPAddress) -> None:
    """Raises `AddressRefused` unless a provider may be at this address."""
    for candidate in _embedded(ip) or [ip]:
        if candidate in _METADATA or not _allowed(candidate):
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
    if ip.is_global and not ip.is_multicast and not ip.is_reserved:
        return True
    if not settings.ALLOW_PRIVATE_PROVIDERS:
        return False
    if ip.is_loopback:
        return True
    special = ip.is_link_local or ip.is_multicast or ip.is_reserved or ip.is_unspecified
    return ip.is_private and not special


def _embedded(ip: IPAddress) -> list[IPAddress]:
    """The IPv4 addresses that an IPv6 address stands for."""
    if isinstance(ip, IPv4Address):
        return []
    inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if ip in _NAT64:
        inner.append(IPv4Address(int(ip) & 0xFFFFFFFF))
    return [address for address in inner if address is not None]
