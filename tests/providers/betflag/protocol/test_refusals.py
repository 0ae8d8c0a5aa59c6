"""What the exchange's refusals mean."""

import pytest

from providers.betflag.protocol.refusals import meaning_of


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Mercato inesistente", "market_not_found"),
        ("Il mercato non esiste", "market_not_found"),
        ("Avvenimento non trovato", "event_not_found"),
        ("MERCATO SOSPESO", "market_suspended"),
        ("Mercato chiuso", "market_closed"),
        ("Saldo insufficiente", "insufficient_funds"),
        ("Versione mercato non aggiornata", "provider_refused"),
        ("Offerta non valida", "provider_refused"),
    ],
)
def test_plain_words_have_a_code_and_others_are_a_refusal(words, code):
    assert meaning_of(words)[0] == code


def test_the_words_are_quoted_behind_ours():
    assert meaning_of("Offerta non valida")[1] == "The exchange refused: “Offerta non valida”."
