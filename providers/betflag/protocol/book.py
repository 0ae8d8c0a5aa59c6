"""The book of a market: what lies there to be taken. No I/O.

Source: `documents/betflag.txt`, "Richiede le offerte presenti su un mercato exchange"; what it
elides is as public clients read it.

A book has a few objects for each of hundreds of selections and is read every second, so what
looks as it always does is read at once; everything else is read name by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from providers.betflag.protocol import reading
from providers.betflag.protocol.answers import ENVELOPE
from providers.betflag.protocol.market_state import MARKET_STATE, market_status
from providers.betflag.protocol.reading import (
    HUNDREDTH,
    MOST_CENTS,
    MOST_ODDS,
    Notes,
    Object,
    as_object,
    objects,
    whole,
)
from providers.contract import Book, BookSelection, Price

_BOOK = MARKET_STATE | ENVELOPE | {"offerte"}
_BOOK_INSIDE = MARKET_STATE | {"banca", "punta"}
_BLOCK = frozenset({"esi"})
_SELECTION = frozenset({"c", "d", "off"})
_PRICE = frozenset({"i", "p", "q"})

Prices = tuple[Price, ...]


def read_book(
    found: Object,
    notes: Notes,
    *,
    market_id: str,
    depth: int,
    back_takes: str,
    statuses: Mapping[str, str],
) -> Book:
    """The best `depth` prices of each selection. `back_takes` names the side that backers take."""
    notes.names(found, "", _BOOK)
    inside = as_object(found.get("offerte"), "offerte")
    notes.names(inside, "offerte.", _BOOK_INSIDE)
    sides = {name: _side(inside, name, depth, notes) for name in ("banca", "punta")}
    lay_takes = "punta" if back_takes == "banca" else "banca"
    labels = {**sides["banca"].labels, **sides["punta"].labels}
    backs, lays = sides[back_takes].prices, sides[lay_takes].prices
    stated = {**found, **inside}
    return Book(
        market_id=market_id,
        version=whole(stated, "versione"),
        status=market_status(stated, statuses, notes),
        selections=tuple(
            BookSelection(
                id=selection,
                label=label,
                back=backs.get(selection, ()),
                lay=lays.get(selection, ()),
            )
            for selection, label in labels.items()
        ),
        live_delay_s=None if stated.get("ritardo_live") is None else whole(stated, "ritardo_live"),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    labels: dict[str, str] = field(default_factory=dict)
    prices: dict[str, Prices] = field(default_factory=dict)


def _side(inside: Object, name: str, depth: int, notes: Notes) -> _Side:
    side = _Side()
    where = f"offerte.{name}[]."
    for block in objects(inside, name, default=()):
        notes.names(block, where, _BLOCK)
        for selection in objects(block, "esi"):
            notes.names(selection, f"{where}esi[].", _SELECTION)
            selection_id = reading.identity(selection, "c")
            side.labels[selection_id] = reading.text(selection, "d", default="")
            prices = _usual(selection.get("off"))
            if prices is None:
                prices = _by_name(selection, f"{where}esi[].", notes)
            side.prices[selection_id] = prices[:depth]
    return side


def _usual(offers: object) -> Prices | None:
    """The prices, if each is three whole numbers in reach and they come by their rank."""
    if not isinstance(offers, list):
        return None
    prices, rank = [], 0
    try:
        for offer in offers:
            odds, cents, given = offer["q"], offer["i"], offer["p"]
            rank += 1
            if not type(odds) is type(cents) is type(given) is int or len(offer) != 3:
                return None
            if given != rank or not (100 < odds < MOST_ODDS and 0 <= cents < MOST_CENTS):
                return None
            prices.append(Price(odds=HUNDREDTH * odds, amount=HUNDREDTH * cents))
    except (KeyError, TypeError):
        return None
    return tuple(prices)


def _by_name(selection: Object, where: str, notes: Notes) -> Prices:
    """By their rank `p`, the best first."""
    offers = objects(selection, "off", default=())
    for offer in offers:
        notes.names(offer, f"{where}off[].", _PRICE)
    ranked = sorted(offers, key=lambda offer: whole(offer, "p", default=0))
    return tuple(
        Price(odds=reading.odds(offer, "q"), amount=reading.amount(offer, "i")) for offer in ranked
    )
