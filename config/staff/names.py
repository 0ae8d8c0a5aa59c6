"""How what belongs to another app is called, and where its page is.

The ledger keeps wallets and coupons by their ids only, and may not import who knows more. Whoever
does, registers it here under a kind such as `wallet`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.staff.display import link


@dataclass(frozen=True, slots=True)
class Named:
    """A name as this reader may see it, and the address of the page."""

    text: str
    url: str

    @property
    def link(self) -> SafeString:
        return link(self.text, self.url)


@dataclass(frozen=True, slots=True)
class Register:
    """`names` says how ids are called, in one query for all; `find` which ids a term
    means to this reader."""

    names: Callable[[HttpRequest, Collection[UUID]], Mapping[UUID, Named]]
    find: Callable[[HttpRequest, str], Collection[UUID]]


_REGISTERS: dict[str, Register] = {}


def register(kind: str, known: Register) -> None:
    _REGISTERS[kind] = known


def names(request: HttpRequest, kind: str, ids: Iterable[UUID | None]) -> Mapping[UUID, Named]:
    """The names of these ids; one that nobody knows is left out."""
    wanted = {each for each in ids if each is not None}
    known = _REGISTERS.get(kind)
    return known.names(request, wanted) if known and wanted else {}


def find(request: HttpRequest, kind: str, term: str) -> Collection[UUID]:
    """The ids of what is called so by a name that this reader may see."""
    known = _REGISTERS.get(kind)
    return known.find(request, term) if known else ()
