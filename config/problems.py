"""Turns what goes wrong in the API into `application/problem+json` (RFC 9457)."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from rest_framework import exceptions

from bets.api.problems import FieldError, Problem
from config import middleware
from config.middleware import DATABASE_AWAY

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
_SHOWN_ERRORS = 100
_RECORDED = "Something went wrong here. It has been recorded."

# The codes of what the framework itself refuses. They are part of the API and never change.
_CODES: dict[type[Exception], tuple[int, str]] = {
    exceptions.NotAuthenticated: (401, "not_authenticated"),
    exceptions.AuthenticationFailed: (401, "not_authenticated"),
    exceptions.PermissionDenied: (403, "not_allowed"),
    PermissionDenied: (403, "not_allowed"),
    exceptions.NotFound: (404, "not_found"),
    Http404: (404, "not_found"),
    exceptions.MethodNotAllowed: (405, "method_not_allowed"),
    exceptions.NotAcceptable: (406, "not_acceptable"),
    RequestDataTooBig: (413, "body_too_large"),
    exceptions.UnsupportedMediaType: (415, "unsupported_media_type"),
    SuspiciousOperation: (400, "bad_request"),
}

_HEADER = "Send the header Authorization: Api-Key <key>, with a key that is in force."
# What the caller is told where the framework's own words say too little.
_WORDS = {
    "not_authenticated": _HEADER,
    "not_found": "There is no such resource.",
    "not_acceptable": "Replies are JSON: send the header Accept: application/json, or none.",
    "unsupported_media_type": "Send the header Content-Type: application/json, and JSON.",
}


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """The answer to an exception in a view; `None` leaves it to the middleware.

    A lost database is left, because `config.middleware` answers it for every path.
    """
    if isinstance(error, DATABASE_AWAY):
        return None
    headers = _headers(error)
    if isinstance(error, Problem):
        detail = str(error.detail)
        return document(
            error.status_code,
            error.code,
            detail,
            errors=error.errors,
            headers=headers,
            members=error.members,
        )
    if isinstance(error, exceptions.ValidationError):
        return _invalid(list(field_errors(error.detail)))
    for known, (status, code) in _CODES.items():
        if isinstance(error, known):
            return document(status, code, _detail(error, status, code), headers=headers)
    if isinstance(error, exceptions.APIException):
        return document(error.status_code, error.default_code, str(error.detail), headers=headers)
    logger.exception("unhandled error in the API", exc_info=error)
    return document(500, "internal_error", _RECORDED)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What is refused before a view is found, such as a foreign host name."""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    return document(400, "bad_request", "The request cannot be read.")


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault outside of the views, which Django has recorded."""
    if not _is_api(request) or isinstance(sys.exception(), DATABASE_AWAY):
        return middleware.server_error(request)
    return document(500, "internal_error", _RECORDED)


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def document(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, str] | None = None,
) -> HttpResponse:
    """A problem document, with the further members of its code."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **(members or {}),
    }
    if errors:
        body["errors"] = [
            {"field": error.field, "code": error.code, "message": error.message}
            for error in errors[:_SHOWN_ERRORS]
        ]
    return HttpResponse(
        json.dumps(body), status=status, content_type=CONTENT_TYPE, headers=dict(headers or {})
    )


def field_errors(detail: Any, path: str = "") -> Iterator[FieldError]:
    """Flatten the framework's nested errors; a field is named like `items[1].odds`."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from field_errors(inner, _below(path, name))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            # A list holds either the errors of one field or, as mappings, those of its elements.
            at = f"{path}[{index}]" if isinstance(inner, Mapping) else path
            yield from field_errors(inner, at)
    else:
        yield FieldError(field=path, code=getattr(detail, "code", "invalid"), message=str(detail))


def _below(path: str, name: object) -> str:
    if name == "non_field_errors":
        return path
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else str(name)


def _invalid(errors: list[FieldError]) -> HttpResponse:
    first = errors[0]
    detail = f"{first.field}: {first.message}" if first.field else first.message
    return document(400, "invalid_request", detail, errors=errors)


def _detail(error: Exception, status: int, code: str) -> str:
    if code in _WORDS:
        return _WORDS[code]
    if isinstance(error, exceptions.APIException):
        return str(error.detail)
    return HTTPStatus(status).phrase


def _headers(error: Exception) -> dict[str, str]:
    authenticate = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": authenticate} if authenticate else {}
    wait_s = getattr(error, "retry_after_s", None)
    return {**headers, "Retry-After": str(wait_s)} if wait_s else headers
