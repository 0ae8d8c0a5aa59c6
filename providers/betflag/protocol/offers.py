"""The account's own offers on a market, what they met and what they could lose. No I/O.

Source: `documents/betflag.txt`, "OFFERS"; what it elides is as public clients read it. The inside
of `esposizione` and `abbinamenti` nobody shows: see the folder's README.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from providers.betflag.protocol import reading
from providers.betflag.protocol.answers import ENVELOPE
from providers.betflag.protocol.market_state import MARKET_STATE, OPEN
from providers.betflag.protocol.reading import Notes, Object, as_object, objects, whole
from providers.contract import (
    Exposure,
    Match,
    OfferStatus,
    OwnOffer,
    Side,
    WrongShape,
)

SIDES = {0: Side.LAY, 1: Side.BACK}

_OWN = MARKET_STATE | ENVELOPE | {"offerte"}
_ROW = frozenset({"id", "tipo", "esi", "quo", "imp", "abb", "st"})
_AVERAGE_STEP = Decimal("0.0001")
# The name of the list inside `abbinamenti` [open]: as beside own offers, or its initial.
_MATCH_LISTS = ("o", "a", "abb")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureNames:
    """What the fields inside `esposizione` are called [open]."""

    worst: str
    results: str
    selection: str
    amount: str

    @classmethod
    def read(cls, names: str) -> "ExposureNames":
        """From four names separated by commas."""
        worst, results, selection, amount = (name.strip() for name in names.split(","))
        return cls(worst=worst, results=results, selection=selection, amount=amount)


@dataclass(frozen=True, slots=True)
class Row:
    """An own offer as it stands on the wire; `state` is `None` if its code is not known."""

    offer: OwnOffer
    state: str | None

    def cancelled(self) -> "Row":
        return replace(self, offer=replace(self.offer, status=OfferStatus.CANCELLED))


# --- exposure -----------------------------------------------------------------------------------


def read_exposure(found: Object, notes: Notes, *, market_id: str, names: ExposureNames) -> Exposure:
    """What could be lost. Without a worst case of its own it is that of the results."""
    notes.names(found, "", ENVELOPE | {"esposizione"})
    inside = as_object(found.get("esposizione"), "esposizione")
    notes.names(inside, "esposizione.", frozenset({names.worst, names.results}))
    rows = objects(inside, names.results, default=())
    for row in rows:
        known = frozenset({names.selection, names.amount, "d"})
        notes.names(row, f"esposizione.{names.results}[].", known)
    results = tuple(
        (reading.identity(row, names.selection), reading.signed_amount(row, names.amount))
        for row in rows
    )
    if inside.get(names.worst) is not None:
        worst = abs(reading.signed_amount(inside, names.worst))
    elif results:
        worst = max(Decimal(0), -min(result for _, result in results))
    else:
        raise WrongShape("esposizione", "names no amount that is known")
    return Exposure(market_id=market_id, worst=worst, results=results)


# --- own offers ---------------------------------------------------------------------------------


def read_own_offers(found: Object, notes: Notes, *, statuses: Mapping[str, str]) -> list[Row]:
    """`offerte.o[]`, whatever their state."""
    notes.names(found, "", _OWN)
    _, rows = _listed(found, "offerte", ("o",), notes)
    return [_row(row, "offerte.o[].", statuses, notes) for row in rows]


def read_open_offers(found: Object, notes: Notes, *, statuses: Mapping[str, str]) -> list[Row]:
    """`o[]`, which lies at the top here."""
    notes.names(found, "", MARKET_STATE | ENVELOPE | {"o"})
    rows = [] if "o" in found and found["o"] is None else objects(found, "o")
    return [_row(row, "o[].", statuses, notes) for row in rows]


def _listed(
    found: Object, outer: str, names: tuple[str, ...], notes: Notes
) -> tuple[str, list[Object]]:
    """The list inside an object, under the first of its names that is there, and that name.

    How a market without any is told is open: an empty list, `null`, or `null` or nothing in place
    of the object. Beside something that nobody knows, nothing is taken for granted.
    """
    if outer in found and found[outer] is None:
        return names[0], []
    inside = as_object(found.get(outer), outer)
    notes.names(inside, f"{outer}.", frozenset(names))
    name = next((name for name in names if inside.get(name) is not None), None)
    if name is None and inside.keys() <= set(names):
        return names[0], []
    return name or names[0], objects(inside, name or names[0])


def _row(found: Object, where: str, statuses: Mapping[str, str], notes: Notes) -> Row:
    notes.names(found, where, _ROW)
    stake, matched = reading.amount(found, "imp"), reading.amount(found, "abb")
    if matched > stake:
        raise WrongShape("abb", "is more than the offer's amount")
    state = _state(found, statuses, notes)
    offer = OwnOffer(
        reference=reading.identity(found, "id"),
        selection_id=reading.identity(found, "esi"),
        side=_side_of(found, notes),
        odds=reading.odds(found, "quo"),
        stake=stake,
        matched=matched,
        status=_status(stake, matched, state),
    )
    return Row(offer, state)


def _state(found: Object, statuses: Mapping[str, str], notes: Notes) -> str | None:
    """`open`, `cancelled`, or `None` for a code that nobody explained."""
    if found.get("st") is None:
        return OPEN
    code = str(whole(found, "st"))
    if code not in statuses:
        notes.value("st", code)
    return statuses.get(code)


def _status(stake: Decimal, matched: Decimal, state: str | None) -> OfferStatus:
    """By its amounts, unless it is certainly cancelled."""
    if matched >= stake:
        return OfferStatus.MATCHED
    if state == OfferStatus.CANCELLED:
        return OfferStatus.CANCELLED
    return OfferStatus.PARTLY_MATCHED if matched else OfferStatus.OPEN


def _side_of(found: Object, notes: Notes) -> Side:
    """An offer of a third kind is not read at all: which money it binds nobody knows."""
    code = whole(found, "tipo")
    if code not in SIDES:
        notes.value("tipo", code)
        raise WrongShape("tipo", f"is {code}, neither back nor lay")
    return SIDES[code]


# --- matches ------------------------------------------------------------------------------------


def read_matches(found: Object, notes: Notes) -> tuple[Match, ...]:
    """The parts that met another's offer. The matched amount is `abb`, else `imp` [open]."""
    notes.names(found, "", MARKET_STATE | ENVELOPE | {"abbinamenti"})
    name, rows = _listed(found, "abbinamenti", _MATCH_LISTS, notes)
    return tuple(_match(row, f"abbinamenti.{name}[].", notes) for row in rows)


def _match(found: Object, where: str, notes: Notes) -> Match:
    notes.names(found, where, _ROW)
    return Match(
        reference=reading.identity(found, "id"),
        selection_id=reading.identity(found, "esi"),
        side=_side_of(found, notes),
        odds=reading.odds(found, "quo"),
        amount=reading.amount(found, "abb", "imp"),
    )


def with_average_odds(offers: Sequence[OwnOffer], matches: Sequence[Match]) -> tuple[OwnOffer, ...]:
    """The offers with the average odds of their matches, weighed by amount, to four decimals.

    Matches are read after the offers: where they add up to another amount, the average stays open.
    """
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    products: dict[str, Decimal] = defaultdict(Decimal)
    for match in matches:
        amounts[match.reference] += match.amount
        products[match.reference] += match.amount * match.odds
    averages = {
        reference: (products[reference] / amount).quantize(_AVERAGE_STEP, rounding=ROUND_HALF_UP)
        for reference, amount in amounts.items()
        if amount
    }
    return tuple(
        replace(offer, average_matched_odds=averages.get(offer.reference))
        if amounts[offer.reference] == offer.matched
        else offer
        for offer in offers
    )
