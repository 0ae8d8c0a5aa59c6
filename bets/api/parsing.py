"""Reads JSON bodies strictly, so that whatever reaches a serializer can also be stored."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any, NoReturn

from rest_framework.parsers import BaseParser

from bets.api.problems import Problem, invalid

MAX_BODY_BYTES = 256 * 1024
_SHOWN_NAME = 100


class _Malformed(ValueError):
    """Valid for Python's reader, but nothing that we take."""


class StrictJSONParser(BaseParser):
    """UTF-8 JSON without duplicate names, NaN, NUL characters or lone surrogates.

    Numbers with a fraction become Decimal, so that no amount ever passes through a float.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            limit = f"A body has at most {MAX_BODY_BYTES} bytes."
            raise Problem(status=413, code="body_too_large", detail=limit)
        try:
            document = _load(body)
        except RecursionError:
            raise _malformed("it is nested too deeply") from None
        except UnicodeDecodeError:
            raise _malformed("it is not UTF-8") from None
        except ValueError as error:
            raise _malformed(str(error)) from None
        if not isinstance(document, dict):
            raise invalid("body", "not_an_object", "Send the body as one JSON object.")
        return document


def _malformed(why: str) -> Problem:
    return Problem(status=400, code="malformed_json", detail=f"The body cannot be read: {why}.")


def _load(body: bytes) -> Any:
    text = body.decode("utf-8")
    if text.startswith("\ufeff"):
        raise _Malformed("it begins with a byte order mark")
    document = json.loads(
        text,
        object_pairs_hook=_object,
        parse_float=Decimal,
        parse_constant=_constant,
    )
    _check_texts(document)
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise _Malformed(f"the name {json.dumps(name[:_SHOWN_NAME])} occurs twice in an object")
        result[name] = value
    return result


def _constant(name: str) -> NoReturn:
    raise _Malformed(f"{name} is not JSON")


def _check_texts(document: Any) -> None:
    """Refuse texts, names included, that PostgreSQL or UTF-8 cannot hold."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if "\0" in value:
                raise _Malformed("a text holds the character NUL")
            if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
                raise _Malformed("a text holds half a surrogate pair")
        elif isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
