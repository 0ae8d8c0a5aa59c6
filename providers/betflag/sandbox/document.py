"""What the document itself shows: its session is answered with its own samples.

Source: documents/betflag.txt. Where it elides what is inside, the inside follows the page beside
it. Whoever logs in with the document's credentials is in the document's world; nothing changes
in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CREDENTIALS = ("username di accesso Betflag", "password di accesso Betflag")
TOKEN = "90205160-600c-4cf8-9803-62fc14eee768"  # noqa: S105
EVENT_ID = 411222
MARKET_ID = 813016
EVENT = {
    "cs": 1,
    "ds": "CALCIO",
    "cm": 21,
    "dm": "Serie A",
    "match_id": EVENT_ID,
    "pal": 30501,
    "cod": 2561,
    "data": "2020-12-12T20:45:00",
    "des": "Lazio - Hellas Verona",
    "lg": 0,
}
LABELS = {1: "1", 2: "X", 3: "2"}
FAIR_ODDS = {1: 176, 2: 360, 3: 480}
LOGIN = {"Balance": 7475, "SessionToken": TOKEN, "UserId": "13"}

_OK = {"errore": "", "esito": 1024}
_MARKET = {"stato_betflag": 2, "stato_sogei": 2, "live": "true", "ritardo_live": 5}
_ROW = {"id": "BC0001", "tipo": 0, "esi": 1, "quo": 176, "imp": 11500, "abb": 0, "st": 1}
_MATCHED = {"id": "BC0002", "tipo": 1, "esi": 1, "quo": 152, "imp": 500, "abb": 500, "st": 2}
_TEXTS = (
    "CAPResidenza Codice CodiceFiscale Cognome ComuneNascita ComuneResidenza Email"
    " IndirizzoResidenza LocalitaRilascio Mobile Nome NumeroDocumento"
    " ProvinciaNascita ProvinciaResidenza Sesso Telefono TipoDocumento Username conto_gioco"
)
_NUMBERS = (
    "AnnoNascita AnnoRilascio Cittadinanza GiornoNascita GiornoRilascio MailValidata MeseNascita"
    " MeseRilascio MobileValidato NazioneNascita NazioneResidenza NewsBonusPromozioni NewsSms"
    " Stato_conto contratto_ricevuto documento_ricevuto id_domanda_segreta risposta_segreta"
)
INFO: dict[str, Any] = {
    **dict.fromkeys(_TEXTS.split(), "string"),
    **dict.fromkeys(_NUMBERS.split(), 0),
}

REPLIES: Mapping[str, Any] = {
    "balance": {
        "Balance": 42473,
        "FreeBalance": 42473,
        "FunBalance": 80000,
        "LockedBalance": 0,
    },
    "commission": {**_OK, "tax": 251},
    "info": INFO,
    "exposure": {
        **_OK,
        "esposizione": {
            "tot": 8740,
            "esi": [{"c": 1, "e": -8740}, {"c": 2, "e": 11500}, {"c": 3, "e": 11500}],
        },
    },
    "own": {
        **_OK,
        "offerte": {"o": [_ROW, _MATCHED]},
        **_MARKET,
        "versione": 1,
        "data": "2021-03-10T20:45:00",
    },
    "matches": {
        **_OK,
        "abbinamenti": {"o": [_MATCHED]},
        **_MARKET,
        "versione": 1,
        "data": "2021-10-10T13:00:00",
    },
    "open": {**_OK, **_MARKET, "versione": 3, "data": "2021-03-10T20:45:00", "o": [_ROW]},
}


def placed(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to the document's own order: its first offer is BC0001."""
    rows = [
        {
            "abbinato": 0,
            "importo": offer.get("importo"),
            "offerta": f"BC{number:04}",
            "tipo": offer.get("tipo"),
        }
        for number, offer in enumerate(asked.get("offerta", []), start=1)
    ]
    return {**_OK, "ordine": rows}


def cancelled(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The offers that were named are gone; without names it is the one of the samples."""
    return {**_OK, "offerta": asked.get("offerte", [{"id": "BC0001"}])}
