"""Reads an order as the document describes it, and refuses it in words.

Source: documents/betflag.txt, "Piazza una o piú offerte". The document names no refusals: the
codes and the words here are the sandbox's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from providers.betflag.sandbox.engine import BACK, LAY, liability
from providers.sandbox import wire

ERRORS: Mapping[str, tuple[int, str]] = {
    "api_key": (1000, "Api key non valida"),
    "session": (1001, "Sessione non valida o scaduta"),
    "credentials": (1002, "Credenziali non valide"),
    "market_not_found": (1010, "Mercato inesistente"),
    "market_suspended": (1011, "Mercato sospeso"),
    "market_closed": (1012, "Mercato chiuso"),
    "stale_version": (1013, "Versione mercato non aggiornata"),
    "event_not_found": (1014, "Avvenimento inesistente"),
    "selection_not_found": (1015, "Esito inesistente"),
    "insufficient_funds": (1020, "Saldo insufficiente"),
    "wrong_offer": (1021, "Offerta non valida"),
    "wrong_total": (1022, "Importo totale della giocata non corretto"),
    "wrong_exposure": (1023, "Esposizione massima superata"),
    "offer_not_found": (1030, "Offerta inesistente o abbinata"),
}


class Refusal(Exception):
    """A refusal by its name in ERRORS; `client_error` says what the client did wrong, if so."""

    def __init__(self, name: str, *, client_error: str = "") -> None:
        super().__init__(ERRORS[name][1])
        self.name = name
        self.client_error = client_error


@dataclass(frozen=True)
class AskedOffer:
    """One entry of `offerta`."""

    kind: int
    selection: int
    odds: int
    cents: int


@dataclass(frozen=True)
class AskedOrder:
    """An order whose form is right."""

    market_id: int
    version: int
    withdraw: bool
    keep: bool
    offers: tuple[AskedOffer, ...]

    @property
    def indexes(self) -> range:
        """The places of its offers."""
        return range(len(self.offers))


def read_body(body: bytes) -> dict[str, Any]:
    """Raises `Refusal` for what is no JSON object."""
    try:
        content = wire.loads(body)
    except ValueError as error:
        raise _wrong("the body is not JSON") from error
    if not isinstance(content, dict):
        raise _wrong("the body is no object")
    return content


def read_order(body: bytes, *, lays_are_liability: bool) -> AskedOrder:
    """Raises `Refusal` for whatever is not as documented."""
    data = read_body(body)
    entries = data.get("offerta")
    if not isinstance(entries, list) or not entries:
        raise _wrong("offerta is not a list with offers")
    offers = tuple(_offer(entry) for entry in entries)
    counted = sum(
        liability(offer.kind, offer.odds, offer.cents)
        if lays_are_liability and offer.kind == LAY
        else offer.cents
        for offer in offers
    )
    if whole(data, "puntata") != counted:
        raise Refusal("wrong_total", client_error=f"puntata is not {counted}")
    return AskedOrder(
        market_id=whole(data, "id_mercato"),
        version=whole(data, "versione_mercato", 0),
        withdraw=_flag(data, "ritira"),
        keep=_flag(data, "mantieni"),
        offers=offers,
    )


def read_deletion(body: bytes) -> tuple[int, list[str]]:
    """The market and the offers of "Elimina una o piú offerte"."""
    data = read_body(body)
    entries = data.get("offerte")
    if not isinstance(entries, list) or not entries:
        raise _wrong("offerte is not a list with offers")
    if not all(isinstance(entry, dict) and isinstance(entry.get("id"), str) for entry in entries):
        raise _wrong("an entry of offerte has no id")
    return whole(data, "id_mercato"), [entry["id"] for entry in entries]


def whole(data: dict[str, Any], name: str, default: int | None = None) -> int:
    """A whole JSON number; the document types them so."""
    value = data.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong(f"{name} is not a whole number")
    return value


def _offer(entry: Any) -> AskedOffer:
    if not isinstance(entry, dict):
        raise _wrong("an entry of offerta is no object")
    offer = AskedOffer(
        kind=whole(entry, "tipo"),
        selection=whole(entry, "esito"),
        odds=whole(entry, "quota"),
        cents=whole(entry, "importo"),
    )
    if offer.kind not in (BACK, LAY) or offer.odds <= 100 or offer.cents < 1:
        raise _wrong(f"{entry} is no offer")
    # A broken cent may be written either way.
    if whole(entry, "max_esposizione") < liability(offer.kind, offer.odds, offer.cents) - 1:
        raise Refusal("wrong_exposure", client_error="max_esposizione is less than the liability")
    return offer


def _flag(data: dict[str, Any], name: str) -> bool:
    value = whole(data, name, 0)
    if value not in (0, 1):
        raise _wrong(f"{name} is neither 0 nor 1")
    return bool(value)


def _wrong(reason: str) -> Refusal:
    return Refusal("wrong_offer", client_error=reason)
