"""`Authorization: Api-Key <key>`."""

from dataclasses import dataclass

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from bets.models import ApiKey, Partner
from bets.services import partners

_SCHEME = "Api-Key"


@dataclass(frozen=True, slots=True)
class Caller:
    """The partner on whose behalf a request is made."""

    partner: Partner
    is_authenticated: bool = True

    @property
    def actor(self) -> str:
        """How timelines and the ledger name the partner."""
        return f"partner:{self.partner.code}"


class ApiKeyAuthentication(BaseAuthentication):
    """Finds the caller; every refusal reads the same, whatever is wrong with the key."""

    def authenticate(self, request: Request) -> tuple[Caller, ApiKey] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _, key = header.partition(" ")
        found = partners.authenticate(key=key.strip()) if scheme.lower() == "api-key" else None
        if found is None:
            raise AuthenticationFailed("The API key is missing or not in force.")
        return Caller(found.partner), found

    def authenticate_header(self, request: Request) -> str:
        return f'{_SCHEME} realm="partner API"'
