"""Offers checked, placed and cancelled. No I/O.

Source: `documents/betflag.txt`, "Piazza una o piú offerte" and "Elimina ...".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from providers.betflag.protocol import reading
from providers.betflag.protocol.answers import ENVELOPE, Unreadable
from providers.betflag.protocol.offers import SIDES
from providers.betflag.protocol.reading import Notes, Object, cents, objects
from providers.betflag.protocol.ticks import Ticks
from providers.contract import NewOffer, OfferSlip, PlacedOffer, Rejected, Side

ROUNDINGS = {"up": ROUND_CEILING, "down": ROUND_FLOOR, "half_up": ROUND_HALF_UP}

_TYPES = {side: code for code, side in SIDES.items()}
# As the wire writes it back: with a zero before it, one market or selection would have two ids.
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_PLACED = frozenset({"abbinato", "importo", "offerta", "tipo"})
_MOST_STAKE = Decimal(10) ** 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an account's settings say of its offers.

    `lays_are_liability`: whether a lay counts with its liability in the order's total.
    `rounding` is for a liability that is no whole number of cents.
    """

    ticks: Ticks
    min_stake: Decimal
    lays_are_liability: bool
    rounding: str


# --- before anything is sent --------------------------------------------------------------------


def check(slip: OfferSlip, rules: Rules) -> Rejected | None:
    """Refuse what has no form on this wire and what the account's settings do not allow."""
    if not _NUMBER.fullmatch(slip.market_id) or slip.market_version < 0 or not slip.offers:
        return Rejected(
            code="wrong_order_data",
            message="an order has a market's number, a version from 0 on and an offer at least",
        )
    for index, offer in enumerate(slip.offers):
        refused = _check_offer(offer, rules, f"offer {index}")
        if refused is not None:
            return refused
    return None


def _check_offer(offer: NewOffer, rules: Rules, name: str) -> Rejected | None:
    if not _NUMBER.fullmatch(offer.selection_id):
        return Rejected(code="wrong_order_data", message=f"{name}: a selection is a number")
    refused = rules.ticks.check(offer.odds)
    if refused is not None:
        return Rejected(code=refused.code, message=f"{name}: {refused.message}")
    if not 0 < offer.stake < _MOST_STAKE or offer.stake != offer.stake.quantize(Decimal("0.01")):
        return Rejected(
            code="wrong_stake", message=f"{name}: a stake is above zero, in whole cents"
        )
    if offer.stake < rules.min_stake:
        return Rejected(
            code="stake_too_small", message=f"{name}: the least stake is {rules.min_stake}"
        )
    return None


# --- placing ------------------------------------------------------------------------------------


def place_body(slip: OfferSlip, rules: Rules) -> dict[str, Any]:
    """The request. `puntata` is the order's total; `ritira` and `mantieni` are 0 or 1."""
    return {
        "id_mercato": int(slip.market_id),
        "versione_mercato": slip.market_version,
        "puntata": sum(_counted(offer, rules) for offer in slip.offers),
        "ritira": int(not slip.keep_in_play),
        "mantieni": int(slip.keep_on_suspension),
        "offerta": [_offer(offer, rules) for offer in slip.offers],
    }


def _offer(offer: NewOffer, rules: Rules) -> dict[str, int]:
    return {
        "tipo": _TYPES[offer.side],
        "esito": int(offer.selection_id),
        "quota": int(offer.odds.scaleb(2)),
        "importo": cents(offer.stake),
        "max_esposizione": _liability(offer, rules),
    }


def _counted(offer: NewOffer, rules: Rules) -> int:
    if offer.side is Side.LAY and rules.lays_are_liability:
        return _liability(offer, rules)
    return cents(offer.stake)


def _liability(offer: NewOffer, rules: Rules) -> int:
    """In cents: 115.00 laid at 1.76 is 8740."""
    return int(offer.liability.scaleb(2).to_integral_value(rounding=ROUNDINGS[rules.rounding]))


def read_placed(found: Object, notes: Notes, *, slip: OfferSlip) -> tuple[PlacedOffer, ...]:
    """The offers in the order of the slip. Raises `Unreadable` unless they are exactly those."""
    notes.names(found, "", ENVELOPE | {"ordine"})
    rows = objects(found, "ordine")
    for row in rows:
        notes.names(row, "ordine[].", _PLACED)
    if len(rows) != len(slip.offers):
        raise Unreadable(f"{len(rows)} of {len(slip.offers)} offers are in the answer")
    placed = tuple(_placed(row, offer) for row, offer in zip(rows, slip.offers, strict=True))
    if len({offer.reference for offer in placed}) < len(placed):
        raise Unreadable("two offers in the answer have one id")
    return placed


def _placed(row: Object, offer: NewOffer) -> PlacedOffer:
    """`importo` is the offer's amount, or what is left of it [open]; anything else is another."""
    matched, named = reading.amount(row, "abbinato"), reading.amount(row, "importo")
    if matched > offer.stake or named not in (offer.stake, offer.stake - matched):
        raise Unreadable("an offer in the answer has another amount than the one sent")
    if reading.whole(row, "tipo") != _TYPES[offer.side]:
        raise Unreadable("an offer in the answer is of another side than the one sent")
    return PlacedOffer(reference=reading.identity(row, "offerta"), matched=matched)


# --- cancelling ---------------------------------------------------------------------------------


def cancel_body(market_id: str, references: Sequence[str]) -> dict[str, Any]:
    return {
        "id_mercato": int(market_id),
        "offerte": [{"id": reference} for reference in references],
    }


def cancel_unmatched_body(market_id: str) -> dict[str, Any]:
    return {"id_mercato": int(market_id)}


def read_cancelled(found: Object, notes: Notes) -> tuple[str, ...]:
    """The ids of the offers that are gone."""
    notes.names(found, "", ENVELOPE | {"offerta"})
    rows = objects(found, "offerta")
    for row in rows:
        notes.names(row, "offerta[].", frozenset({"id"}))
    return tuple(reading.identity(row, "id") for row in rows)


def is_number(text: str) -> bool:
    """Whether this can be the number of a market or an event."""
    return bool(_NUMBER.fullmatch(text))
