"""The addresses that providers call: find the account and the route, read, hand over."""

from contextlib import nullcontext

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from providers import services as providers
from providers.contract import Refused, Reply
from webhooks import reading, routing
from webhooks.patience import patience, patience_of_a_vendor, waiting_for_the_sender
from webhooks.services import receiving

# The vendor with the least patience waits 2 s.
_PATIENCE_S = 1.6


@csrf_exempt
def callback(request: HttpRequest, provider: str, token: str, path: str = "") -> HttpResponse:
    """A provider's call. An unknown token is answered like any unknown address."""
    with patience_of_a_vendor(_PATIENCE_S):
        return _answered(request, provider, token, path)


def _answered(request: HttpRequest, provider: str, token: str, path: str) -> HttpResponse:
    account = providers.account_for_token(provider=provider, token=token)
    if account is None:
        raise Http404
    found = routing.find(provider, f"/{path}")
    try:
        route, params = found.of_method(str(request.method))
        with waiting_for_the_sender():
            body = reading.body_of(request)
    except Refused as error:
        refused = reading.inbound(request, path=found.path, key=found.key, body=b"")
        reply = receiving.refuse(account=account, request=refused, error=error, secret=token)
        return _response(reply, allowed=getattr(error, "allowed", ""))
    inbound = reading.inbound(request, path=found.path, key=found.key, body=body, params=params)
    with nullcontext() if route.answer_within_s else patience(None):
        reply = receiving.receive(account=account, route=route, request=inbound, secret=token)
    return _response(reply)


def _response(reply: Reply, *, allowed: str = "") -> HttpResponse:
    headers = {"Allow": allowed} if allowed else None
    return HttpResponse(
        reply.body, status=reply.status, content_type=reply.content_type, headers=headers
    )
