"""Query parameters, read so that one reply names all that is wrong with them."""

from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.request import Request

from bets.api import problems
from bets.api.problems import FieldError, Problem

Reader = Callable[[str | None], Any]
"""Gives the value of a parameter, of which it gets `None` if it is absent. Raises a 400."""


def read(request: Request, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The value of every parameter by its name. Raises a 400 that names all the wrong ones."""
    given = request.query_params
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, reader in readers.items():
        sent = given.getlist(name)
        if len(sent) > 1:
            errors.append(_repeated(name))
            continue
        try:
            values[name] = reader(sent[0] if sent else None)
        except Problem as problem:
            errors += problem.errors
    errors += [_unknown(name) for name in sorted(set(given) - set(readers))]
    if errors:
        raise problems.all_invalid(errors)
    return values


def as_it_is(text: str | None) -> str | None:
    return text


def _repeated(name: str) -> FieldError:
    return FieldError(field=name, code="repeated_parameter", message="Send it once.")


def _unknown(name: str) -> FieldError:
    return FieldError(field=name, code="unknown_parameter", message="There is no such parameter.")
