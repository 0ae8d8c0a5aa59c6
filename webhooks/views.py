"""The addresses that providers call: find the account, read the body, hand over."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from providers import registry
from providers import services as providers
from providers.contract import Inbound, Refused, Reply, Route
from providers.models import ProviderAccount
from webhooks.services import receiving

BODY_LIMIT = 1024 * 1024
_LONGEST_KEY = 64


class TooLarge(Refused):
    """The body is over the limit; it is not read."""

    def __init__(self) -> None:
        super().__init__(
            status=413, code="too_large", message=f"a body has at most {BODY_LIMIT} bytes"
        )


@csrf_exempt
def callback(request: HttpRequest, provider: str, token: str, path: str) -> HttpResponse:
    """A provider's call. An unknown token is answered like an unknown address."""
    account = providers.account_for_token(provider=provider, token=token)
    if account is None:
        return HttpResponse(status=404)
    route, key = _route(provider, f"/{path}")
    if route is None:
        error = Refused(status=404, code="unknown_path", message=f"there is no /{path}")
        return _refused(account, request, f"/{path}", error)
    if request.method != route.method:
        error = Refused(
            status=405, code="wrong_method", message=f"{route.path} takes {route.method}"
        )
        response = _refused(account, request, route.path, error, key)
        response["Allow"] = route.method
        return response
    try:
        body = _body(request)
    except TooLarge as error:
        return _refused(account, request, route.path, error, key)
    inbound = _inbound(request, route.path, body, key)
    return _response(receiving.receive(account=account, route=route, request=inbound))


def _refused(
    account: ProviderAccount, request: HttpRequest, path: str, error: Refused, key: str = ""
) -> HttpResponse:
    inbound = _inbound(request, path, b"", key)
    return _response(receiving.refuse(account=account, request=inbound, error=error))


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


def _body(request: HttpRequest) -> bytes:
    """The body, of which never more than the limit is read. Raises TooLarge."""
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        body = request.META["wsgi.input"].read(BODY_LIMIT + 1)
    else:
        if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_LIMIT:
            raise TooLarge
        body = request.read(BODY_LIMIT + 1)
    if len(body) > BODY_LIMIT:
        raise TooLarge
    return bytes(body)


def _inbound(request: HttpRequest, path: str, body: bytes, key: str) -> Inbound:
    return Inbound(
        path=path,
        method=str(request.method),
        headers={name.lower(): value for name, value in request.headers.items()},
        query=request.META.get("QUERY_STRING", ""),
        body=body,
        remote_ip=client_ip(request),
        coupon_key=key,
        received_at=timezone.now(),
    )


def client_ip(request: HttpRequest) -> str:
    """Who called, as the outermost proxy of ours saw it."""
    forwarded = [
        part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part
    ]
    if settings.PROXY_COUNT and len(forwarded) >= settings.PROXY_COUNT:
        return str(forwarded[-settings.PROXY_COUNT])
    return str(request.META.get("REMOTE_ADDR", ""))


def _response(reply: Reply) -> HttpResponse:
    return HttpResponse(reply.body, status=reply.status, content_type=reply.content_type)
