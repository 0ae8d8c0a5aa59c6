"""The addresses that providers call: find the account and the route, read, hand over."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from providers import registry
from providers import services as providers
from providers.contract import Refused, Reply, Route
from webhooks import reading
from webhooks.services import receiving

_LONGEST_KEY = 64


@csrf_exempt
def callback(request: HttpRequest, provider: str, token: str, path: str = "") -> HttpResponse:
    """A provider's call. An unknown token is answered like any unknown address."""
    account = providers.account_for_token(provider=provider, token=token)
    if account is None:
        raise Http404
    route, key = _route(provider, f"/{path}")
    try:
        checked = _checked(request, route)
        body = reading.body_of(request)
    except Refused as error:
        refused = reading.inbound(
            request, path=route.path if route else f"/{path}", key=key, body=b""
        )
        reply = receiving.refuse(account=account, request=refused, error=error, secret=token)
        return _response(reply, route)
    inbound = reading.inbound(request, path=checked.path, key=key, body=body)
    reply = receiving.receive(account=account, route=checked, request=inbound, secret=token)
    return _response(reply, route)


def _route(provider: str, path: str) -> tuple[Route | None, str]:
    """The provider's route, and the coupon's key where one stands before it."""
    for route in registry.get(provider).routes:
        if path == route.path:
            return route, ""
        if route.key_allowed and path.endswith(route.path):
            key = path[1 : -len(route.path)]
            if key and "/" not in key and len(key) <= _LONGEST_KEY:
                return route, key
    return None, ""


def _checked(request: HttpRequest, route: Route | None) -> Route:
    """Raises Refused for a path that the provider does not have, or another method."""
    if route is None:
        raise Refused(status=404, code="unknown_path", message="there is no such path")
    if request.method != route.method:
        raise Refused(status=405, code="wrong_method", message=f"{route.path} takes {route.method}")
    return route


def _response(reply: Reply, route: Route | None) -> HttpResponse:
    headers = {"Allow": route.method} if route and reply.status == 405 else None
    return HttpResponse(
        reply.body, status=reply.status, content_type=reply.content_type, headers=headers
    )
