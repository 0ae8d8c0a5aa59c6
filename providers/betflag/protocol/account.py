"""Session, balance, commission and the account's holder. No I/O.

Source: `documents/betflag.txt`, "SECURITY" and "ACCOUNT".
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from providers import wire
from providers.betflag.protocol import reading
from providers.betflag.protocol.answers import ENVELOPE
from providers.betflag.protocol.reading import Notes, Object
from providers.contract import Funds, Holder, WrongShape

KEY_HEADER = "X-BFkey"
TOKEN_HEADER = "X-BF-Session-Token"  # noqa: S105

# What can stand in a header.
_TOKEN = re.compile(r"[\x21-\x7e]{1,500}")
_LOGIN = ENVELOPE | {"Balance", "SessionToken", "UserId"}
_FUNDS = ENVELOPE | {"Balance", "FreeBalance", "FunBalance", "LockedBalance"}
_LONGEST_FACT = 200
# The question and answer that prove who the holder is are not for staff: they are left out.
_SECRET_FACTS = frozenset({"id_domanda_segreta", "risposta_segreta"})
_FACTS = {
    "Username": "Username",
    "conto_gioco": "Gaming account",
    "Codice": "Code",
    "Stato_conto": "Account status",
    "Nome": "First name",
    "Cognome": "Last name",
    "Sesso": "Sex",
    "CodiceFiscale": "Tax code",
    "GiornoNascita": "Day of birth",
    "MeseNascita": "Month of birth",
    "AnnoNascita": "Year of birth",
    "ComuneNascita": "Place of birth",
    "ProvinciaNascita": "Province of birth",
    "NazioneNascita": "Country of birth",
    "Cittadinanza": "Citizenship",
    "IndirizzoResidenza": "Address",
    "CAPResidenza": "Postal code",
    "ComuneResidenza": "Town",
    "ProvinciaResidenza": "Province",
    "NazioneResidenza": "Country",
    "Email": "E-mail",
    "MailValidata": "E-mail confirmed",
    "Mobile": "Mobile phone",
    "MobileValidato": "Mobile phone confirmed",
    "Telefono": "Phone",
    "TipoDocumento": "Document type",
    "NumeroDocumento": "Document number",
    "GiornoRilascio": "Day of issue",
    "MeseRilascio": "Month of issue",
    "AnnoRilascio": "Year of issue",
    "LocalitaRilascio": "Place of issue",
    "documento_ricevuto": "Document received",
    "contratto_ricevuto": "Contract received",
    "NewsBonusPromozioni": "News of bonuses",
    "NewsSms": "News by SMS",
}


@dataclass(frozen=True, slots=True)
class LoggedIn:
    token: str = field(repr=False)


def login_body(*, username: str, password: str) -> dict[str, str]:
    return {"Username": username, "Pwd": password}


def read_login(found: Object, notes: Notes) -> LoggedIn:
    notes.names(found, "", _LOGIN)
    return LoggedIn(_token(found))


def read_kept_alive(found: Object, notes: Notes) -> LoggedIn | None:
    """A new token, if the answer brings one; the document leaves its body open."""
    notes.names(found, "", _LOGIN)
    return LoggedIn(_token(found)) if found.get("SessionToken") else None


def read_logged_out(found: Object, notes: Notes) -> None:
    """The document leaves the body open."""
    notes.names(found, "", ENVELOPE)


def _token(found: Object) -> str:
    value = reading.text(found, "SessionToken").strip()
    if not _TOKEN.fullmatch(value):
        raise WrongShape("SessionToken", "must be a token")
    return value


def read_funds(found: Object, notes: Notes, *, currency: str) -> Funds:
    notes.names(found, "", _FUNDS)
    return Funds(
        currency=currency,
        balance=reading.signed_amount(found, "Balance"),
        free=reading.signed_amount(found, "FreeBalance"),
        locked=reading.signed_amount(found, "LockedBalance"),
        fun=reading.signed_amount(found, "FunBalance"),
    )


def read_commission(found: Object, notes: Notes, *, unit: Decimal) -> Decimal:
    """In percent; `unit` says what one of `tax` is [open]: 251 is 2.51 %."""
    notes.names(found, "", ENVELOPE | {"tax"})
    value = reading.whole(found, "tax")
    if value < 0:
        raise WrongShape("tax", "must be zero or more")
    return value * unit


def read_holder(found: Object, notes: Notes) -> Holder:
    """The person's facts by English names, empty ones left out."""
    notes.names(found, "", ENVELOPE | _FACTS.keys() | _SECRET_FACTS)
    facts = tuple(
        (label, _fact(found[name])) for name, label in _FACTS.items() if _fact(found.get(name))
    )
    if not facts:
        raise WrongShape("body", "says nothing of the holder")
    return Holder(facts=facts)


def _fact(value: object) -> str:
    """A text or a number as text; what is neither is nothing that can be shown."""
    if isinstance(value, str):
        return value.strip()[:_LONGEST_FACT]
    number = wire.as_decimal(value)
    return "" if number is None else wire.decimal_text(number)
