"""Takes secrets and personal data out of what is kept of a call. No framework, no I/O.

What a field is called decides, in English and Italian, in any style of writing: `first_name`,
`firstName`, `CodiceFiscale`. A field with an object or a list in it is taken out whole. E-mail
addresses, Italian tax codes, bearer tokens and JWTs are known by their own form, wherever they are.
"""

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote

MASK = "[redacted]"
KEPT = 16 * 1024
READ = 24 * 1024
_SHORTEST = 4

# Anywhere in a name, written in small letters and without anything between the words.
_PARTS = re.compile(
    # Secrets.
    r"passw|passcode|secret|segret|token|cookie|authori[sz]ation|credential|signature|jwt|session"
    r"|(?:api|access|private|client|auth|app|signing)key|parolachiave|chiaveaccess"
    # People, and how to reach them.
    r"|email|phone|telefon|cellular|msisdn|surname|cognome|nominativo|indirizzo|streetaddress"
    r"|recapit|postaelettronica|ragionesociale|personal(?:info|data)|datipersonali|anagrafic"
    r"|birth|nascita|residen[zc]|domicilio|cittadinanza|nationality|nazionalita"
    # Papers and bank accounts.
    r"|document|passport|passaporto|patente|cartaidentita|identitycard|idcard|drivinglicen"
    r"|fiscal|codfisc|taxcode|taxnumber|taxid|vatnumber|partitaiva|nationalid|personalid|iban"
    r"|bankaccount|contocorrente|contogioco|numerocarta|cartacredito|cartadicredito"
)
# As one of the words of a name.
_WORDS = frozenset((
    "pwd", "pass", "otp", "ip", "mail", "tel", "fax", "mobile", "cell", "card", "cvv", "cvc",
    "street", "zip", "postcode", "zipcode", "dob", "cap", "comune", "provincia", "citta",
    "città", "civico", "localita", "località", "pec", "ssn", "pesel", "titolare", "intestatario",
    "holder", "auth", "ipv4", "ipv6",
))  # fmt: skip
# As the whole name.
_WHOLE = frozenset((
    "login", "user", "userid", "username", "name", "firstname", "lastname", "fullname",
    "familyname", "middlename", "givenname", "maidenname", "nickname", "playername",
    "customername", "clientname", "address", "ipaddress", "addressline", "address1", "address2",
    "city", "postalcode", "province", "gender", "sex", "sesso", "nome", "nomecliente",
    "nomeutente", "nomegiocatore", "nomecompleto", "via", "cf", "piva", "vat", "nin", "pan",
    "pin", "key", "hash", "sid", "nick", "chiave", "utente", "idutente", "codiceutente",
))  # fmt: skip
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^a-zA-Z0-9à-ÿ]+")

# A name may have escaped letters; their backslashes are as many as before its quotes, and one.
_JSON_FIELD = re.compile(r'(?<!\\)(\\{0,7})"((?:[^"\\\n]|\\{1,8}u[0-9a-fA-F]{4}){1,80})\1"\s*:\s*')
_PLAIN_JSON_FIELD = re.compile(r'()"([^"\n]{1,80})"\s*:\s*')
_ESCAPED_LETTER = re.compile(r"\\+u([0-9a-fA-F]{4})")
# Some encoders write the quotes of JSON inside a JSON string in this way.
_ESCAPED_QUOTE = re.compile(r"(?<!\\)((?:\\\\)*)\\u0022")
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_JSON_SCALAR = re.compile(r"[^\s,}\]]*")
_JSON_NESTING = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_FORM_FIELD = re.compile(r"(?:(?<=[?&;\s\"])|^)([\w.\[\]%-]{1,80})=[^&;\s\"]+")
_BEARER = re.compile(r"\b(Bearer|Basic|Api-Key)\s+[\w.~+/=-]+", re.IGNORECASE)
_HEADER = re.compile(r"(?im)^([ \t>]*(?:(?:proxy-)?authorization|(?:set-)?cookie):[ \t]*)\S.*$")
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_CALLBACK = re.compile(r"(/webhooks/[\w-]+/)[\w-]+")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+")
_TAX_CODE = re.compile(
    r"\b[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]\b",
    re.IGNORECASE,
)


def redact(text: str, *, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets, named secrets, callback tokens and personal data.

    It is cut at `KEPT` characters, after the redaction, so that no half of a secret stays.
    """
    return redact_forms(text, written_forms(secrets))


def written_forms(secrets: Iterable[str]) -> tuple[str, ...]:
    """Every way in which secrets may be written, for `redact_forms`: longer ones first."""
    forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms_of(secret)}
    return tuple(sorted(forms, key=len, reverse=True))


@lru_cache(maxsize=256)
def _forms_of(secret: str) -> frozenset[str]:
    """An account's secrets are the same at each of its calls."""
    if secret.isascii() and secret.isalnum():
        return frozenset({secret})
    encoded = {json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret), quote(secret)}
    return frozenset({secret} | encoded | _rarer_forms(secret))


def _rarer_forms(secret: str) -> set[str]:
    """JSON inside JSON, slashes escaped as some encoders do, and percent signs in small letters."""
    inside = json.dumps(json.dumps(secret)[1:-1])[1:-1]
    slashed = json.dumps(secret)[1:-1].replace("/", "\\/")
    small = (quote(secret, safe=""), quote_plus(secret))
    return {
        inside,
        slashed,
        *(_PERCENT.sub(lambda found: found[0].lower(), each) for each in small),
    }


def redact_forms(text: str, forms: Sequence[str]) -> str:
    """`redact` with what `written_forms` gave, for several texts of one call."""
    if not text:
        return text
    is_cut = len(text) > READ
    text = text[:READ].replace("\0", "\ufffd")
    for form in forms:
        text = text.replace(form, MASK)
    if "\\u0022" in text:
        text = _ESCAPED_QUOTE.sub(r"\1\"", text)
    text = _without_json_fields(text)
    if "=" in text:
        text = _FORM_FIELD.sub(_masked_form_field, text)
    text = _without_known_kinds(text)
    if is_cut:
        # The beginning of a secret may stand at the end of what was read.
        text = text[: -max(map(len, forms), default=0) or None]
    return text if len(text) <= KEPT and not is_cut else f"{text[:KEPT]}… [cut]"


@lru_cache(maxsize=4096)
def is_sensitive(name: str) -> bool:
    """Whether a field of this name holds a secret or something about a person."""
    if "\\" in name:
        name = _ESCAPED_LETTER.sub(lambda found: chr(int(found[1], 16)), name)
    if "%" in name:
        name = unquote(name)
    words = [word.lower() for word in _HUMP.split(name) if word]
    joined = "".join(words)
    return joined in _WHOLE or not _WORDS.isdisjoint(words) or bool(_PARTS.search(joined))


def _without_known_kinds(text: str) -> str:
    """A word is quickly looked for, and is missing in nearly every text."""
    folded = text.casefold()
    if "bearer" in folded or "basic" in folded or "api-key" in folded:
        text = _BEARER.sub(rf"\g<1> {MASK}", text)
    if "cookie:" in folded or "authori" in folded:
        text = _HEADER.sub(rf"\g<1>{MASK}", text)
    if "eyJ" in text:
        text = _JWT.sub(MASK, text)
    if "/webhooks/" in text:
        text = _CALLBACK.sub(rf"\g<1>{MASK}", text)
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(MASK, text)
    return _TAX_CODE.sub(MASK, text)


def _without_json_fields(text: str) -> str:
    # Without a backslash anywhere nothing is escaped, which is much faster to be looked through.
    field = _JSON_FIELD if "\\" in text else _PLAIN_JSON_FIELD
    kept, at = [], 0
    found = field.search(text)
    while found:
        end = found.end()
        if is_sensitive(found[2]):
            kept += [text[at:end], found[1], '"', MASK, found[1], '"']
            at = end = _end_of_value(text, end, found[1])
        found = field.search(text, end)
    return "".join([*kept, text[at:]]) if kept else text


def _end_of_value(text: str, start: int, escape: str) -> int:
    """Where a value ends; `escape` stands before each quote of JSON inside a JSON string."""
    if text.startswith(f'{escape}"', start):
        return _end_of_string(text, start, escape)
    if text[start : start + 1] in ("{", "["):
        return _end_of_nesting(text, start)
    scalar = _JSON_SCALAR.match(text, start)
    return scalar.end() if scalar else start


def _end_of_string(text: str, start: int, escape: str) -> int:
    if not escape:
        whole = _JSON_STRING.match(text, start)
        return whole.end() if whole else len(text)
    end = re.compile(rf'(?<!\\){re.escape(escape)}"').search(text, start + len(escape) + 1)
    return end.end() if end else len(text)


def _end_of_nesting(text: str, start: int) -> int:
    depth = 0
    for token in _JSON_NESTING.finditer(text, start):
        if token[0] in "{[":
            depth += 1
        elif token[0] in "}]":
            depth -= 1
            if depth == 0:
                return token.end()
    return len(text)


def _masked_form_field(field: re.Match[str]) -> str:
    return f"{field[1]}={MASK}" if is_sensitive(field[1]) else field[0]
