"""Whether an inbound request is from whom it says. No framework, no I/O."""

import ipaddress
from typing import Any

import jwt

from providers.contract import NotVerified

# `none` is absent on purpose, and so is every algorithm that we were not told of.
JWT_ALGORITHMS = (
    *("HS256", "HS384", "HS512"),
    *("RS256", "RS384", "RS512"),
    *("ES256", "ES384", "ES512"),
)
_LEEWAY_S = 30


def check_ip_allowed(*, allowed_ips: str, remote_ip: str) -> None:
    """Raises `NotVerified` unless the address is in the list; an empty list allows everyone."""
    if not allowed_ips.strip():
        return
    try:
        ip = ipaddress.ip_address(remote_ip)
    except ValueError:
        raise _forbidden() from None
    mapped = getattr(ip, "ipv4_mapped", None)
    networks = [ipaddress.ip_network(part.strip(), strict=False) for part in allowed_ips.split(",")]
    if not any((mapped or ip) in network for network in networks):
        raise _forbidden()


def check_jwt(*, authorization: str, key: str, algorithm: str, issuer: str = "") -> dict[str, Any]:
    """The claims of a bearer token, sent as `Bearer <jwt>` or `Bearer customer <jwt>`.

    With an `issuer`, the token has to name it. Raises `NotVerified` for a missing, expired,
    unsigned or differently signed token.
    """
    words = authorization.split()
    if len(words) not in (2, 3) or words[0].lower() != "bearer" or algorithm not in JWT_ALGORITHMS:
        raise NotVerified("a bearer token is required")
    try:
        return dict(
            jwt.decode(
                words[-1],
                key,
                algorithms=[algorithm],
                issuer=issuer or None,
                options={"verify_aud": False},
                leeway=_LEEWAY_S,
            )
        )
    except (jwt.PyJWTError, ValueError, TypeError):
        raise NotVerified("the bearer token is not valid") from None


def _forbidden() -> NotVerified:
    return NotVerified("the address is not on the list", code="address_not_allowed", status=403)
