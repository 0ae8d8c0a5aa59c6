"""The answers of the exchange, in the document's spelling."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from providers.betflag.sandbox import document
from providers.betflag.sandbox.accounts import FUN_CENTS, Account
from providers.betflag.sandbox.engine import BACK, LAY, Market, Match, Offer, results, worst
from providers.betflag.sandbox.events import Event
from providers.betflag.sandbox.orders import ERRORS

SUCCESS = 1024
LIVE_DELAY_S = 5
# 2 is open; the others the document does not name.
STATES = {"open": 2, "suspended": 3, "closed": 4}

_ROME = ZoneInfo("Europe/Rome")


def refused(name: str) -> dict[str, Any]:
    """A refusal, by its name."""
    code, message = ERRORS[name]
    return {"errore": message, "esito": code}


def ok(**content: Any) -> dict[str, Any]:
    """A success with its content."""
    return {"errore": "", "esito": SUCCESS, **content}


def menu(pairs: Iterable[tuple[Event, list[Market]]]) -> dict[str, Any]:
    """The menu of these events: sport, country, competition, event, market, selection."""
    found = list(pairs)
    groups = (
        ("Italia", 21, "Serie A", [pair for pair in found if pair[0].is_documents]),
        ("Sandbox", 900, "Sandbox League", [pair for pair in found if not pair[0].is_documents]),
    )
    return {
        "d": [
            {
                "cs": 1,
                "ds": "CALCIO",
                "n": [
                    {
                        "dn": country,
                        "m": [{"cm": code, "dm": name, "a": [_event(*pair) for pair in pairs]}],
                    }
                    for country, code, name, pairs in groups
                    if pairs
                ],
            }
        ]
    }


def detail(event: Event, markets: list[Market]) -> dict[str, Any]:
    """One event with its markets."""
    head = dict(document.EVENT)
    if not event.is_documents:
        head.update(
            cm=900,
            dm="Sandbox League",
            match_id=event.id,
            data=_local(event.kick_off_at),
            des=event.name,
            lg=int(any(market.is_live for market in markets)),
        )
    return {**head, "sco": [_market(market) for market in markets]}


def book(market: Market, depth: int, *, swapped: bool) -> dict[str, Any]:
    """The book; `banca` holds what backers can take, unless it is swapped."""
    kinds = {"banca": BACK, "punta": LAY} if swapped else {"banca": LAY, "punta": BACK}
    sides = {name: [{"esi": _side(market, kind, depth)}] for name, kind in kinds.items()}
    return ok(offerte={**sides, **_state(market), "versione": market.version})


def exposure(market: Market, offers: list[Offer]) -> dict[str, Any]:
    """The worst outcome, and what each selection would come to."""
    by_selection = results(offers, market.labels)
    return ok(
        esposizione={
            "tot": worst(offers, market.labels),
            "esi": [{"c": key, "e": cents} for key, cents in by_selection.items()],
        }
    )


def own_offers(market: Market, offers: list[Offer], event: Event) -> dict[str, Any]:
    """An account's offers, whatever their state."""
    return ok(offerte={"o": [_row(offer) for offer in offers]}, **_about(market, event))


def open_offers(market: Market, offers: list[Offer], event: Event) -> dict[str, Any]:
    """An account's offers that can still be matched."""
    rows = [_row(offer) for offer in offers if offer.remaining]
    return ok(**_about(market, event), o=rows)


def matches(market: Market, offers: list[Offer], event: Event) -> dict[str, Any]:
    """Each part of an offer that met another's."""
    rows = [_matched(offer, match) for offer in offers for match in offer.matches]
    return ok(abbinamenti={"o": rows}, **_about(market, event))


def placed(offers: list[Offer]) -> dict[str, Any]:
    """What became of each offer of an order, at once."""
    return ok(
        ordine=[
            {
                "abbinato": offer.matched,
                "importo": offer.cents,
                "offerta": offer.id,
                "tipo": offer.kind,
            }
            for offer in offers
        ]
    )


def cancelled(offer_ids: list[str]) -> dict[str, Any]:
    """The offers that are gone."""
    return ok(offerta=[{"id": offer_id} for offer_id in offer_ids])


def balance(account: Account, locked: int) -> dict[str, Any]:
    """The account's money in cents."""
    return {
        "Balance": account.cents,
        "FreeBalance": account.cents - locked,
        "FunBalance": FUN_CENTS,
        "LockedBalance": locked,
    }


def info(account: Account) -> dict[str, Any]:
    """A made-up holder."""
    return {
        **document.INFO,
        "Nome": "Mario",
        "Cognome": "Rossi",
        "CodiceFiscale": "RSSMRA80A01H501U",
        "Email": "mario.rossi@example.com",
        "Mobile": "+39 333 0000000",
        "ComuneResidenza": "Roma",
        "AnnoNascita": 1980,
        "GiornoNascita": 1,
        "MeseNascita": 1,
        "Stato_conto": 1,
        "Username": account.username,
        "conto_gioco": account.number,
    }


def _event(event: Event, markets: list[Market]) -> dict[str, Any]:
    starts = document.EVENT["data"] if event.is_documents else _local(event.kick_off_at)
    return {
        "id": event.id,
        "da": event.name,
        "dt": starts,
        "s": [_market(market) for market in markets],
    }


def _market(market: Market) -> dict[str, Any]:
    return {
        "id": market.id,
        "ds": market.name,
        "e": [{"id": key, "de": label} for key, label in market.labels.items()],
        "iad": market.line,
    }


def _side(market: Market, kind: int, depth: int) -> list[dict[str, Any]]:
    return [
        {
            "c": selection,
            "d": label,
            "off": [
                {"i": cents, "p": rank, "q": odds}
                for rank, (odds, cents) in enumerate(market.levels(kind, selection, depth), start=1)
            ],
        }
        for selection, label in market.labels.items()
    ]


def _row(offer: Offer) -> dict[str, Any]:
    state = 3 if offer.cancelled else 2 if offer.matched else 1
    return {
        "id": offer.id,
        "tipo": offer.kind,
        "esi": offer.selection,
        "quo": offer.odds,
        "imp": offer.cents,
        "abb": offer.matched,
        "st": state,
    }


def _matched(offer: Offer, match: Match) -> dict[str, Any]:
    return {**_row(offer), "quo": match.odds, "imp": match.cents, "abb": match.cents}


def _state(market: Market) -> dict[str, Any]:
    code = STATES[market.state]
    return {"stato_betflag": code, "stato_sogei": code}


def _about(market: Market, event: Event) -> dict[str, Any]:
    starts = document.EVENT["data"] if event.is_documents else _local(event.kick_off_at)
    return {
        **_state(market),
        "versione": market.version,
        "live": "true" if market.is_live else "false",
        "ritardo_live": LIVE_DELAY_S if market.is_live else 0,
        "data": starts,
    }


def _local(at: float) -> str:
    moment = datetime.fromtimestamp(int(at), tz=UTC).astimezone(_ROME)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
