"""Cursors of the coupon list: opaque texts that hold the id next to which a page begins."""

import base64
import binascii
from uuid import UUID

from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from bets.api import problems
from bets.queries.coupons import Cursor, Page

DEFAULT_LIMIT = 50
HIGHEST_LIMIT = 100
_OLDER, _NEWER = b"o", b"n"


def encode(cursor: Cursor) -> str:
    raw = (_NEWER if cursor.newer else _OLDER) + cursor.coupon_id.bytes
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> Cursor:
    """The cursor that `encode` wrote. Raises a 400 for anything else."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 17 or raw[:1] not in (_OLDER, _NEWER):
        raise problems.invalid("cursor", "malformed", "It is not a cursor of this list.")
    return Cursor(coupon_id=UUID(bytes=raw[1:]), newer=raw[:1] == _NEWER)


def cursor(text: str | None) -> Cursor | None:
    """The cursor of a page, `None` for the first one."""
    return None if text is None else decode(text)


def limit(text: str | None) -> int:
    """How many coupons a page has."""
    if text is None:
        return DEFAULT_LIMIT
    digits = text.isascii() and text.isdigit() and len(text) <= 4
    if not digits or not 1 <= int(text) <= HIGHEST_LIMIT:
        message = f"It is a whole number from 1 to {HIGHEST_LIMIT}."
        raise problems.invalid("limit", "malformed", message)
    return int(text)


def links(request: Request, page: Page) -> dict[str, str | None]:
    """The addresses of the pages on both sides, `None` where there is none."""
    return links_between(
        request,
        older=page.coupons[-1].pk if page.coupons and page.has_older else None,
        newer=page.coupons[0].pk if page.coupons and page.has_newer else None,
    )


def links_between(
    request: Request, *, older: UUID | None, newer: UUID | None
) -> dict[str, str | None]:
    """The addresses of the pages that begin beside these ids."""
    return {
        "next": _link(request, older, newer=False),
        "previous": _link(request, newer, newer=True),
    }


def _link(request: Request, coupon_id: UUID | None, *, newer: bool) -> str | None:
    if coupon_id is None:
        return None
    cursor = encode(Cursor(coupon_id=coupon_id, newer=newer))
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor)
