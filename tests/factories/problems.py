"""Reads the API's problem documents."""

from typing import Any

from django.http import HttpResponse


def problem(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """The document, which must be complete and have this status and code."""
    found = (response.status_code, response["Content-Type"])
    assert found == (status, "application/problem+json"), response.content
    body = response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
    assert body["title"]
    assert body["detail"]
    return body


def errors(response: HttpResponse) -> dict[str, str]:
    """The code of each field that is wrong."""
    body = problem(response, 400, "invalid_request")
    assert all(error["message"] for error in body["errors"])
    return {error["field"]: error["code"] for error in body["errors"]}
