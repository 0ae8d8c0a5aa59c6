"""The document's own session is answered with the document's own samples."""

import pytest

from tests.providers.sandbox.betflag.conftest import KEY, MARKET, Client, back, lay

DOCUMENT = ("username di accesso Betflag", "password di accesso Betflag")


@pytest.fixture
def document(http, sandbox) -> Client:
    client = Client.__new__(Client)
    client.http, client.url, client.headers = http, sandbox.url + "/betflag", dict(KEY)
    username, password = DOCUMENT
    login = client.call("POST", "/security/session", {"Username": username, "Pwd": password})
    assert login == {
        "Balance": 7475,
        "SessionToken": "90205160-600c-4cf8-9803-62fc14eee768",
        "UserId": "13",
    }
    client.headers["X-BF-Session-Token"] = login["SessionToken"]
    return client


def test_the_documents_samples_are_answered_with_its_samples(document) -> None:
    assert document.balance() == {
        "Balance": 42473,
        "FreeBalance": 42473,
        "FunBalance": 80000,
        "LockedBalance": 0,
    }
    assert document.get("/account/commission") == {"errore": "", "esito": 1024, "tax": 251}
    info = document.get("/account/info")
    assert (len(info), info["Cognome"], info["AnnoNascita"]) == (37, "string", 0)
    own = document.get("/offers/all/813016")
    about = ("stato_betflag", "stato_sogei", "versione", "live", "ritardo_live", "data")
    assert [own[name] for name in about] == [2, 2, 1, "true", 5, "2021-03-10T20:45:00"]
    assert document.get("/offers/matches/813016")["data"] == "2021-10-10T13:00:00"
    assert document.get("/offers/open/813016")["versione"] == 3
    assert document.get("/offers/exp/813016")["esposizione"]["tot"] == 8740


def test_the_documents_order_is_taken_as_bc0001(document) -> None:
    placed = document.place(lay(176, 11500), back(152, 62800, esito=3))
    assert placed["ordine"] == [
        {"abbinato": 0, "importo": 11500, "offerta": "BC0001", "tipo": 0},
        {"abbinato": 0, "importo": 62800, "offerta": "BC0002", "tipo": 1},
    ]
    gone = document.call("DELETE", "/offers", {"id_mercato": MARKET, "offerte": [{"id": "BC0001"}]})
    assert gone == {"errore": "", "esito": 1024, "offerta": [{"id": "BC0001"}]}
