"""The header that makes it safe to send a placement again."""

import re

from rest_framework.request import Request

from bets.api import problems

_KEY = re.compile(r"[\x21-\x7e]{1,100}")


def idempotency_key(request: Request, *, of_each: str) -> str:
    """The caller's key for this request. `of_each` is what it is to be unique for."""
    key: str | None = request.headers.get("Idempotency-Key")
    if key is None:
        raise problems.invalid(
            "Idempotency-Key",
            "required",
            f"The header is required, with a value of its own for each {of_each}.",
            problem_code="idempotency_key_required",
        )
    if not _KEY.fullmatch(key):
        raise problems.invalid(
            "Idempotency-Key",
            "malformed",
            "It has 1 to 100 printable ASCII characters and no blanks.",
            problem_code="idempotency_key_malformed",
        )
    return key
