"""Sessions and navigation on the betflag wire, by documents/betflag.txt and the page beside it."""

import time

import pytest

from providers.sandbox.server import running_sandbox
from tests.providers.sandbox.betflag.conftest import KEY, MARKET, Client

# Session


def test_a_login_answers_a_token_and_the_balance(http, sandbox) -> None:
    login = {"Username": "new", "Pwd": "right"}
    answer = http.post(sandbox.url + "/betflag/security/session", json=login, headers=KEY).json()
    assert set(answer) == {"Balance", "SessionToken", "UserId"}
    assert answer["Balance"] == 1_000_000


@pytest.mark.parametrize("login", [{"Username": "a", "Pwd": "wrong"}, {"Username": "a"}, {}, []])
def test_a_failed_login_says_so(http, sandbox, login) -> None:
    answer = http.post(sandbox.url + "/betflag/security/session", json=login, headers=KEY).json()
    assert answer == {"errore": "Credenziali non valide", "esito": 1002}


def test_without_a_key_nothing_is_answered(http, sandbox) -> None:
    for path in ("/navigation/menu-ex", "/account/balance"):
        assert http.get(f"{sandbox.url}/betflag{path}").status_code == 401


def test_given_credentials_and_keys_are_the_only_ones(http) -> None:
    settings = {"betflag": {"api_key": "k", "username": "ann", "password": "pw"}}
    with running_sandbox(provider_settings=settings) as sandbox:
        url = sandbox.url + "/betflag/security/session"

        def log_in(key: str, password: str) -> tuple[int, bool]:
            login = {"Username": "ann", "Pwd": password}
            answer = http.post(url, json=login, headers={"X-BFkey": key})
            return answer.status_code, "SessionToken" in answer.json()

        assert log_in("k", "pw") == (200, True)
        assert log_in("k", "other") == (200, False)
        assert log_in("x", "pw") == (401, False)


def test_a_session_ends_unless_it_is_refreshed(sandbox, http) -> None:
    sandbox.post("/betflag/settings", {"session_s": "2"})
    kept, left = Client(http, sandbox, "kept"), Client(http, sandbox, "left")
    for _ in range(2):
        time.sleep(1.3)
        kept.call("PUT", "/security/keepalive")
    assert kept.raw("GET", "/account/balance").status_code == 200
    assert left.raw("GET", "/account/balance").status_code == 401


def test_a_new_login_ends_the_session_before(sandbox, http, ann) -> None:
    name = sandbox.get("/betflag/accounts")["accounts"][-1]["username"]
    Client(http, sandbox, name)
    assert ann.raw("GET", "/account/balance").status_code == 401


def test_after_a_logout_the_session_is_gone(ann) -> None:
    ann.call("DELETE", "/security/session")
    assert ann.raw("GET", "/account/balance").status_code == 401


def test_a_lost_session_can_be_told_in_an_errore(sandbox, ann) -> None:
    sandbox.post("/betflag/settings", {"session_refusal": "errore"})
    sandbox.post("/betflag/sessions/lose", {})
    assert ann.get("/account/balance")["errore"] == "Sessione non valida o scaduta"


# Navigation


def test_the_menu_has_the_documents_event_and_the_worlds(ann) -> None:
    menu = ann.get("/navigation/menu-ex")
    events = [
        event
        for sport in menu["d"]
        for nation in sport["n"]
        for competition in nation["m"]
        for event in competition["a"]
    ]
    assert (events[0]["id"], events[0]["da"]) == (411222, "Lazio - Hellas Verona")
    assert events[0]["dt"] == "2020-12-12T20:45:00"
    assert len(events) > 8
    for event in events[1:]:
        assert [market["ds"] for market in event["s"]] == ["ESITO FINALE 1X2", "UNDER/OVER"]
        detail = ann.get(f"/navigation/menu/dettaglio/{event['id']}")
        assert (detail["match_id"], detail["des"]) == (event["id"], event["da"])
        assert detail["sco"] == event["s"]


def test_live_and_near_live_are_parts_of_the_menu(ann) -> None:
    def ids(path: str) -> set[int]:
        return {
            event["id"]
            for sport in ann.get(path)["d"]
            for nation in sport["n"]
            for competition in nation["m"]
            for event in competition["a"]
        }

    everything = ids("/navigation/menu-ex")
    live, near = ids("/navigation/menu-live"), ids("/navigation/menu-nearlive")
    assert live
    assert near
    assert live | near <= everything
    assert not live & near
    assert 411222 not in live | near


def test_the_documents_event_is_answered_with_its_sample(ann) -> None:
    detail = ann.get("/navigation/menu/dettaglio/411222")
    assert detail.pop("sco")[0]["id"] == MARKET
    assert detail == {
        "cs": 1,
        "ds": "CALCIO",
        "cm": 21,
        "dm": "Serie A",
        "match_id": 411222,
        "pal": 30501,
        "cod": 2561,
        "data": "2020-12-12T20:45:00",
        "des": "Lazio - Hellas Verona",
        "lg": 0,
    }


@pytest.mark.parametrize(
    "path", ["/navigation/menu/dettaglio/1", "/offers/market/1,1", "/offers/market/813016,4"]
)
def test_what_is_not_there_is_refused(ann, path) -> None:
    assert ann.get(path)["errore"]
