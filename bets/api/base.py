"""What all views of the API share: who calls, JSON in and out, nothing else."""

import re
from types import SimpleNamespace
from uuid import UUID

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from bets.api import problems
from bets.api.authentication import ApiKeyAuthentication, Caller
from bets.api.parsing import StrictJSONParser

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


class UnknownPath(APIView):
    """Every address of the API that does not exist, for whoever asks."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = HeaderNegotiation

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        raise problems.not_found()


def parse_id(text: str) -> UUID:
    """The id in an address. What is not one is as absent as an id that nobody has."""
    if not _UUID.fullmatch(text):
        raise problems.not_found()
    return UUID(text)
