"""What all views of the API share: who calls, JSON in and out, nothing else."""

import re
from types import SimpleNamespace
from typing import NoReturn
from uuid import UUID

from django.http import HttpRequest
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from bets.api import problems
from bets.api.authentication import ApiKeyAuthentication, Caller
from bets.api.parsing import StrictJSONParser

_UNSAID = {"HEAD", "OPTIONS"}
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class HeaderNegotiation(DefaultContentNegotiation):
    """Goes by the Accept header alone; the framework would also read a `format` parameter."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)  # type: ignore[assignment]


class PartnerView(APIView):
    """A view for an authenticated partner."""

    authentication_classes = (ApiKeyAuthentication,)
    parser_classes = (StrictJSONParser,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = HeaderNegotiation
    metadata_class = None

    def caller(self) -> Caller:
        """The partner who calls; the permission has already refused everybody else."""
        caller = self.request.user
        if not isinstance(caller, Caller):
            raise TypeError("a view of the API was reached without a partner")
        return caller

    def http_method_not_allowed(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> NoReturn:
        taken = ", ".join(each for each in self.allowed_methods if each not in _UNSAID)
        detail = f"This address takes {taken}."
        raise problems.Problem(status=405, code="method_not_allowed", detail=detail)


class UnknownPath(APIView):
    """Every address of the API that does not exist, for whoever asks."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = HeaderNegotiation

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        message = "There is no such address. None of ours ends with a slash."
        raise problems.not_found(message=message)


def no_such(thing: str) -> problems.Problem:
    """404 for the id in an address: the same for one that nobody has and for another partner's."""
    return problems.not_found(message=f"You have no {thing} with this id.")


def parse_id(text: str, *, of: str) -> UUID:
    """The id in an address. What is not one is as absent as an id that nobody has."""
    if not _UUID.fullmatch(text):
        raise no_such(of)
    return UUID(text)
