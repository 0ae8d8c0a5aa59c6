"""Authorization: a token of our own by OAuth2 client credentials, or a fixed one.

The document names the header only; the rest is RFC 6749, section 4.4.
"""

from dataclasses import dataclass, field

from providers import wire
from providers.contract import MalformedPayload

_LONGEST_TOKEN = 8000
_FIELDS = frozenset({"access_token", "token_type", "expires_in", "refresh_token", "scope"})


@dataclass(frozen=True, slots=True)
class Token:
    """`authorization` is the whole header; it works for `lifetime_s`, if that is said."""

    authorization: str = field(repr=False)
    lifetime_s: float | None
    unknown_fields: tuple[str, ...] = ()


class TokenRefused(Exception):
    """The client's id or secret is wrong, in so many words."""


class TokenUnreadable(Exception):
    """The answer is neither a token nor a refusal."""


def token_form(*, client_id: str, client_secret: str) -> dict[str, str]:
    """The fields of a token request (RFC 6749, 4.4.2 and 2.3.1)."""
    return {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
    }


def fixed_authorization(token: str) -> str:
    """A fixed token, with its type before it or, without one, as a bearer token."""
    return token if " " in token.strip() else f"Bearer {token.strip()}"


def read_token(*, status: int, body: bytes) -> Token:
    """The token of an answer. Raises `TokenRefused` or `TokenUnreadable`."""
    answer = _object(body)
    error = answer.get("error")
    if status in (400, 401, 403) and isinstance(error, str):
        raise TokenRefused(f"the token was refused: {error[:100]}")
    if status == 401:
        raise TokenRefused("the token was refused")
    access = answer.get("access_token")
    if not 200 <= status < 300 or not _is_header_text(access):
        raise TokenUnreadable(f"the token request was answered with HTTP {status} and no token")
    kind = answer.get("token_type")
    # Servers write `bearer`, which some resource servers do not take back.
    named = "Bearer" if not _is_header_text(kind) or str(kind).lower() == "bearer" else kind
    return Token(
        authorization=f"{named} {access}",
        lifetime_s=_lifetime_s(answer),
        unknown_fields=tuple(sorted(answer.keys() - _FIELDS)),
    )


def _lifetime_s(answer: dict[str, object]) -> float | None:
    seconds = wire.as_whole(answer.get("expires_in"))
    return float(seconds) if seconds is not None and 0 < seconds < 2**31 else None


def _is_header_text(value: object) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_TOKEN
        and value.isascii()
        and value.isprintable()
        and " " not in value
    )


def _object(body: bytes) -> dict[str, object]:
    try:
        value = wire.loads(body)
    except MalformedPayload:
        return {}
    return value if isinstance(value, dict) else {}
