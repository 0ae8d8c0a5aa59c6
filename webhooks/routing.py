"""Which of a provider's routes an address below its callback address is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from providers import registry
from providers.contract import Refused, Route

_LONGEST_KEY = 64
# The longest path that a delivery keeps whole, so that it can be matched again at a replay.
_LONGEST_PATH = 200


class UnknownPath(Refused):
    """The provider has no such path."""

    def __init__(self) -> None:
        super().__init__(status=404, code="unknown_path", message="there is no such path")


class WrongMethod(Refused):
    """The path takes other methods; `allowed` names them."""

    def __init__(self, allowed: Sequence[str]) -> None:
        methods = ", ".join(allowed)
        super().__init__(status=405, code="wrong_method", message=f"the path takes {methods}")
        self.allowed = methods


@dataclass(frozen=True, slots=True)
class Found:
    """Routes of one address, each with the segments that its braces stand for.

    `path` is the address below the callback address and the coupon's key.
    """

    path: str
    key: str = ""
    matches: Sequence[tuple[Route, Mapping[str, str]]] = field(default_factory=tuple)

    def of_method(self, method: str) -> tuple[Route, Mapping[str, str]]:
        """The route that takes this method. Raises UnknownPath or WrongMethod."""
        if not self.matches:
            raise UnknownPath
        for route, params in self.matches:
            if route.method == method:
                return route, params
        raise WrongMethod(sorted({route.method for route, _ in self.matches}))


def find(provider: str, path: str) -> Found:
    """The routes of an address as it was called; a coupon's key may stand before the path."""
    whole = _matches(provider, path)
    if whole:
        return Found(path, matches=whole)
    key, _, rest = path[1:].partition("/")
    below = _matches(provider, f"/{rest}", with_key=True)
    if below and 0 < len(key) <= _LONGEST_KEY:
        return Found(f"/{rest}", key, below)
    return Found(path)


def params_of(provider: str, *, method: str, path: str) -> Mapping[str, str]:
    """The named segments of a stored delivery's path; empty if no route matches any more."""
    for route, params in _matches(provider, path):
        if route.method == method:
            return params
    return {}


def _matches(
    provider: str, path: str, *, with_key: bool = False
) -> list[tuple[Route, Mapping[str, str]]]:
    if len(path) > _LONGEST_PATH:
        return []
    return [
        (route, params)
        for route in registry.get(provider).routes
        if route.key_allowed or not with_key
        if (params := route.match(path)) is not None
    ]
