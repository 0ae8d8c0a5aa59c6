"""What a refusal of the exchange means, and how it is told. No I/O.

The document shows no refusal [open]: what is recognised here are the plain words for it, and
whatever says it in others is `provider_refused`. The exchange's own words are always quoted.
"""

import re

_REFUSED = "provider_refused", "The exchange refused"
_MEANINGS = (
    (
        r"mercato (inesistente|sconosciuto|non (esist|trovat))",
        ("market_not_found", "The exchange does not know the market"),
    ),
    (
        r"(avvenimento|evento) (inesistente|sconosciuto|non (esist|trovat))",
        ("event_not_found", "The exchange does not know the event"),
    ),
    (r"mercato sospeso", ("market_suspended", "The market is suspended")),
    (r"mercato chiuso", ("market_closed", "The market is closed")),
    (
        r"(saldo|fondi|credito) insufficient",
        ("insufficient_funds", "The account's free balance does not cover the liability"),
    ),
)


def meaning_of(words: str) -> tuple[str, str]:
    """The neutral code, and a sentence in English that quotes the exchange's words."""
    code, meant = next(
        (found for pattern, found in _MEANINGS if re.search(pattern, words, re.IGNORECASE)),
        _REFUSED,
    )
    return code, f"{meant}: \N{LEFT DOUBLE QUOTATION MARK}{words}\N{RIGHT DOUBLE QUOTATION MARK}."
