"""Takes secrets and personal data out of what is kept of a call. No framework, no I/O."""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "[redacted]"
KEPT = 16 * 1024
_READ = 64 * 1024
_SHORTEST = 4

_NAMES = (
    r"[\w-]*(?:pass(?:word|wd|code)?|secret|token|cookie|authori[sz]ation|credential|signature"
    r"|api[_-]?key|jwt|session|e-?mail|phone|birth|iban|card|document|passport)[\w-]*"
    r"|login|user(?:_?id|_?name)?|(?:first|last|full|family|middle)_?name|sur_?name|name"
    r"|ip|ip_?address|address|pin|key|hash"
)
_JSON_FIELD = re.compile(
    rf'("(?:{_NAMES})"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s",}}\]\[{{]+)', re.IGNORECASE
)
_FORM_FIELD = re.compile(rf"((?:^|[?&;\s])(?:{_NAMES})=)[^&;\s\"]+", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer|Basic|Api-Key)\s+[\w.~+/=-]+", re.IGNORECASE)
_CALLBACK = re.compile(r"(/webhooks/[\w-]+/)[\w-]+")


def redact(text: str, *, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets, named secrets, callback tokens and personal data.

    It is cut at `KEPT` characters, after the redaction, so that no half of a secret stays.
    """
    text = text[:_READ].replace("\0", "\ufffd")
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            forms = {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}
            for form in forms | {quote(secret)}:
                text = text.replace(form, MASK)
    text = _JSON_FIELD.sub(rf'\g<1>"{MASK}"', text)
    text = _FORM_FIELD.sub(rf"\g<1>{MASK}", text)
    text = _BEARER.sub(rf"\g<1> {MASK}", text)
    text = _CALLBACK.sub(rf"\g<1>{MASK}", text)
    return text if len(text) <= KEPT else f"{text[:KEPT]}… [cut]"
