"""A yes, a no, or neither."""

import json

import pytest

from providers.betflag.protocol import answers, operations
from providers.betflag.protocol.answers import Declined, SessionLost, Unreadable
from providers.betflag.protocol.reading import Notes


def judged(body, *, status=200, operation=operations.PLACE, notes=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return answers.judged(operation, status=status, body=content, notes=notes or Notes())


def test_1024_without_an_error_is_a_yes():
    for esito in (1024, "1024"):
        body = {"errore": "", "esito": esito, "ordine": []}
        assert judged(body) == body


@pytest.mark.parametrize("esito", [1024, 1011, None, "x"])
@pytest.mark.parametrize("status", [200, 400, 422])
def test_any_error_is_a_no(esito, status):
    with pytest.raises(Declined) as declined:
        judged({"errore": " Mercato sospeso ", "esito": esito}, status=status)

    assert declined.value.message == "Mercato sospeso"


@pytest.mark.parametrize(
    "error", ["Sessione scaduta", "SESSIONE NON VALIDA", "token non valido", "Invalid session"]
)
def test_an_error_about_the_session_is_a_lost_session(error):
    with pytest.raises(SessionLost):
        judged({"errore": error, "esito": 1001})


@pytest.mark.parametrize("status", [401, 403])
def test_so_is_the_status_whatever_stands_in_it(status):
    with pytest.raises(SessionLost):
        judged({"errore": "", "esito": 1024}, status=status)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"errore": "", "esito": 1050}, 200),
        ({"errore": ""}, 200),
        ({"errore": None, "esito": None}, 200),
        ({"errore": 5, "esito": 1024}, 200),
        ({"errore": ["x"], "esito": 1024}, 200),
        ({"errore": "", "esito": 1024}, 400),
        ({"errore": "", "esito": 1024}, 302),
        ({"errore": "", "esito": 1024}, 500),
        ({"errore": "Mercato sospeso", "esito": 1011}, 500),
        ({"errore": "Errore", "esito": 1011, "ordine": [{"offerta": "BC0001"}]}, 200),
        ([], 200),
        (b"", 200),
        (b"<html>", 400),
    ],
)
def test_everything_else_is_neither(body, status):
    with pytest.raises(Unreadable):
        judged(body, status=status)


def test_an_unknown_esito_is_noted():
    notes = Notes()

    with pytest.raises(Unreadable):
        judged({"errore": "", "esito": 1050}, notes=notes)

    assert notes.values == {"esito=1050"}


@pytest.mark.parametrize("body", [b"", b"OK", b"{}", b"[]", b'{"esito": 7}'])
def test_where_the_document_leaves_the_body_open_the_status_counts(body):
    judged(body, operation=operations.KEEP_ALIVE)
    with pytest.raises(Unreadable):
        judged(body, operation=operations.KEEP_ALIVE, status=500)


def test_where_it_shows_no_envelope_none_is_asked_for():
    assert judged({"Balance": 1}, operation=operations.BALANCE) == {"Balance": 1}
    with pytest.raises(Declined):
        judged({"errore": "Conto chiuso", "esito": 3}, operation=operations.BALANCE)
