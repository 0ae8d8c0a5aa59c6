"""The betflag wire, by documents/betflag.txt and the page beside it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from providers.sandbox.server import RunningSandbox, running_sandbox

MARKET = 813016
KEY = {"X-BFkey": "any"}
DOCUMENT = ("username di accesso Betflag", "password di accesso Betflag")


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=40, seed=5, auto_settle=False) as sandbox:
        sandbox.post("/betflag/settings", {"traders": False})
        yield sandbox


@pytest.fixture
def sandbox(shared: RunningSandbox) -> Iterator[RunningSandbox]:
    """Without traders, and with an empty book that nobody has offers in."""
    yield shared
    shared.call("DELETE", "/faults")
    shared.post(
        "/betflag/settings",
        {
            "traders": False,
            "session_refusal": "status",
            "lay_amount": "stake",
            "back_takes": "banca",
            "session_s": 1200,
        },
    )
    shared.post("/betflag/settle", {"winner": 0})


class Client:
    """One account at the exchange."""

    def __init__(self, http: requests.Session, sandbox: RunningSandbox, username: str) -> None:
        self.http, self.url = http, sandbox.url + "/betflag"
        self.headers = dict(KEY)
        login = self.call("POST", "/security/session", {"Username": username, "Pwd": "right"})
        self.headers["X-BF-Session-Token"] = login["SessionToken"]

    def raw(self, method: str, path: str, body: Any = None, **how: Any) -> requests.Response:
        return self.http.request(method, self.url + path, json=body, headers=self.headers, **how)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.raw(method, path, body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def place(self, *offers: dict[str, int], **changes: Any) -> Any:
        return self.call("POST", "/offers", order(*offers, **changes))

    def own(self, market: int = MARKET) -> list[dict[str, Any]]:
        return self.get(f"/offers/all/{market}")["offerte"]["o"]

    def balance(self) -> dict[str, int]:
        return self.get("/account/balance")


_names = iter(range(10_000))


@pytest.fixture
def ann(http, sandbox) -> Client:
    return Client(http, sandbox, f"ann-{next(_names)}")


@pytest.fixture
def bob(http, sandbox) -> Client:
    return Client(http, sandbox, f"bob-{next(_names)}")


def offer(tipo: int, quota: int, importo: int, esito: int = 1) -> dict[str, int]:
    liability = importo if tipo else -(-importo * (quota - 100) // 100)
    return {
        "tipo": tipo,
        "esito": esito,
        "quota": quota,
        "importo": importo,
        "max_esposizione": liability,
    }


def back(quota: int, importo: int, esito: int = 1) -> dict[str, int]:
    return offer(1, quota, importo, esito)


def lay(quota: int, importo: int, esito: int = 1) -> dict[str, int]:
    return offer(0, quota, importo, esito)


def order(*offers: dict[str, int], **changes: Any) -> dict[str, Any]:
    body = {
        "id_mercato": MARKET,
        "versione_mercato": 0,
        "puntata": sum(each["importo"] for each in offers),
        "ritira": 0,
        "mantieni": 0,
        "offerta": list(offers),
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def side(client: Client, name: str, depth: int = 3, market: int = MARKET) -> list[Any]:
    """Rank, odds and amount of the first selection."""
    book = client.get(f"/offers/market/{market},{depth}")["offerte"]
    return [(each["p"], each["q"], each["i"]) for each in book[name][0]["esi"][0]["off"]]


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
    sandbox.post("/betflag/settings", {"session_s": "0.6"})
    kept, left = Client(http, sandbox, "kept"), Client(http, sandbox, "left")
    for _ in range(2):
        time.sleep(0.4)
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


# The document's own session


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


# Matching


def test_offers_lie_in_the_book_by_price_then_time(ann, bob) -> None:
    ann.place(lay(150, 1000), lay(152, 500), lay(150, 300), lay(149, 100))
    bob.place(back(155, 700), back(160, 900), back(154, 100))
    assert side(ann, "banca") == [(1, 152, 500), (2, 150, 1300), (3, 149, 100)]
    assert side(ann, "punta") == [(1, 154, 100), (2, 155, 700), (3, 160, 900)]
    assert side(ann, "banca", depth=1) == [(1, 152, 500)]


def test_a_back_takes_the_best_lays_first_and_leaves_its_rest(ann, bob) -> None:
    first = ann.place(lay(150, 1000), lay(152, 500))["ordine"]
    (placed,) = bob.place(back(150, 2000))["ordine"]
    assert placed["abbinato"] == 1500
    assert side(ann, "banca") == []
    assert side(ann, "punta") == [(1, 150, 500)]
    matches = bob.get(f"/offers/matches/{MARKET}")["abbinamenti"]["o"]
    assert [(each["id"], each["quo"], each["imp"]) for each in matches] == [
        (placed["offerta"], 152, 500),
        (placed["offerta"], 150, 1000),
    ]
    assert [(each["id"], each["abb"]) for each in ann.own()] == [
        (first[0]["offerta"], 1000),
        (first[1]["offerta"], 500),
    ]


def test_a_lay_takes_the_lowest_backs_first(ann, bob) -> None:
    ann.place(back(155, 1000), back(154, 500))
    (placed,) = bob.place(lay(155, 700))["ordine"]
    assert placed["abbinato"] == 700
    assert side(ann, "punta") == [(1, 155, 800)]


def test_equal_prices_are_served_in_the_order_of_time(ann, bob, http, sandbox) -> None:
    carl = Client(http, sandbox, f"carl-{next(_names)}")
    ann.place(lay(150, 1000))
    carl.place(lay(150, 1000))
    bob.place(back(150, 1500))
    assert [each["abb"] for each in (*ann.own(), *carl.own())] == [1000, 500]


def test_nobody_meets_himself(ann) -> None:
    ann.place(lay(150, 1000))
    (placed,) = ann.place(back(140, 1000))["ordine"]
    assert placed["abbinato"] == 0


def test_prices_apart_do_not_meet(ann, bob) -> None:
    ann.place(lay(150, 1000))
    (placed,) = bob.place(back(151, 1000))["ordine"]
    assert placed["abbinato"] == 0


def test_the_sides_of_the_book_can_be_swapped(sandbox, ann) -> None:
    ann.place(lay(150, 1000))
    sandbox.post("/betflag/settings", {"back_takes": "punta"})
    assert side(ann, "punta") == [(1, 150, 1000)]
    assert side(ann, "banca") == []


# Money


def test_the_balance_is_bound_by_the_worst_outcome(ann) -> None:
    ann.place(lay(176, 11500))
    assert ann.balance() == {
        "Balance": 1_000_000,
        "FreeBalance": 1_000_000 - 8740,
        "FunBalance": 80000,
        "LockedBalance": 8740,
    }
    exposure = ann.get(f"/offers/exp/{MARKET}")["esposizione"]
    assert exposure == {
        "tot": 8740,
        "esi": [{"c": 1, "e": -8740}, {"c": 2, "e": 0}, {"c": 3, "e": 0}],
    }


def test_what_is_matched_is_netted_across_offers(ann, bob) -> None:
    ann.place(back(200, 1000))
    bob.place(lay(200, 1000))
    assert ann.balance()["LockedBalance"] == 1000
    ann.place(lay(180, 1000))
    bob.place(back(180, 1000))
    # 1 wins: +1000 - 800; 1 does not win: -1000 + 1000.
    assert ann.balance()["LockedBalance"] == 0


def test_more_than_the_free_balance_is_refused(ann) -> None:
    assert ann.place(back(200, 999_999))["esito"] == 1024
    assert ann.place(back(200, 2, esito=2)) == {"errore": "Saldo insufficiente", "esito": 1020}
    assert len(ann.own()) == 1


def test_an_order_is_taken_whole_or_not_at_all(ann) -> None:
    assert ann.place(back(200, 500_000), back(200, 600_000, esito=2))["esito"] == 1020
    assert ann.own() == []


def test_a_settled_market_pays_less_its_commission(sandbox, ann, bob) -> None:
    ann.place(back(250, 10_000))
    bob.place(lay(250, 10_000))
    sandbox.post("/betflag/settle", {"market": MARKET, "winner": 1})
    # 150.00 won, 2.51 % of it is 3.765.
    assert ann.balance()["Balance"] == 1_000_000 + 15_000 - 376
    assert bob.balance()["Balance"] == 1_000_000 - 15_000
    assert bob.balance()["LockedBalance"] == 0
    assert ann.own()[0]["abb"] == 10_000


# Deleting


def test_what_is_not_matched_can_be_taken_back(ann, bob) -> None:
    (placed,) = ann.place(lay(150, 1000))["ordine"]
    bob.place(back(150, 400))
    body = {"id_mercato": MARKET, "offerte": [{"id": placed["offerta"]}]}
    assert ann.call("DELETE", "/offers", body)["offerta"] == [{"id": placed["offerta"]}]
    (own,) = ann.own()
    assert (own["st"], own["abb"], own["imp"]) == (3, 400, 1000)
    assert ann.call("DELETE", "/offers", body)["esito"] == 1030
    assert ann.get(f"/offers/open/{MARKET}")["o"] == []


def test_nobody_takes_back_anothers(ann, bob) -> None:
    (placed,) = ann.place(lay(150, 1000))["ordine"]
    body = {"id_mercato": MARKET, "offerte": [{"id": placed["offerta"]}]}
    assert bob.call("DELETE", "/offers", body)["esito"] == 1030
    assert ann.own()[0]["st"] == 1


def test_everything_unmatched_can_be_taken_back_at_once(ann) -> None:
    placed = ann.place(lay(150, 1000), back(300, 500))["ordine"]
    gone = ann.call("DELETE", "/offers/unmatched", {"id_mercato": MARKET})
    assert [each["id"] for each in gone["offerta"]] == [each["offerta"] for each in placed]
    assert ann.call("DELETE", "/offers/unmatched", {"id_mercato": MARKET})["offerta"] == []


# What the document does not allow


@pytest.mark.parametrize(
    ("offers", "changes", "esito"),
    [
        ([back(150, 100)], {"puntata": 99}, 1022),
        ([lay(176, 11500) | {"max_esposizione": 8000}], {}, 1023),
        ([back(150, 100) | {"esito": 9}], {}, 1015),
        ([back(100, 100)], {}, 1021),
        ([back(150, 100) | {"tipo": 2}], {}, 1021),
        ([back(150, 100) | {"quota": "150"}], {}, 1021),
        ([], {}, 1021),
        ([back(150, 100)], {"ritira": 2}, 1021),
        ([back(150, 100)], {"id_mercato": 1}, 1010),
        ([back(150, 100)], {"versione_mercato": 10_000}, 1013),
        ([back(150, 100)], {"puntata": None}, 1021),
    ],
)
def test_a_wrong_order_is_refused(ann, offers, changes, esito) -> None:
    assert ann.place(*offers, **changes)["esito"] == esito
    assert ann.own() == []


def test_a_wrong_form_is_noted_as_the_clients_error(sandbox, ann) -> None:
    ann.place(back(150, 100), puntata=99)
    assert sandbox.client_errors()[-1]["reason"] == "puntata is not 100"


def test_lays_can_count_with_their_liability(sandbox, ann) -> None:
    sandbox.post("/betflag/settings", {"lay_amount": "liability"})
    assert ann.place(lay(176, 11500), puntata=8740)["esito"] == 1024
    assert ann.place(lay(176, 11500), puntata=11500)["esito"] == 1022


# What happens to markets


def version(client: Client) -> int:
    return client.get(f"/offers/market/{MARKET},1")["offerte"]["versione"]


def test_a_suspended_market_takes_nothing_and_has_another_version(sandbox, ann) -> None:
    before = version(ann)
    sandbox.post("/betflag/suspend", {"market": MARKET})
    book = ann.get(f"/offers/market/{MARKET},1")["offerte"]
    assert (book["stato_betflag"], book["stato_sogei"]) == (3, 3)
    assert book["versione"] > before
    assert ann.place(back(150, 100))["esito"] == 1011
    sandbox.post("/betflag/reopen", {"market": MARKET})
    assert ann.place(back(150, 100))["esito"] == 1024


def test_at_kick_off_the_offers_for_before_it_go(sandbox, ann) -> None:
    ann.place(lay(150, 100), ritira=1)
    ann.place(lay(151, 100), ritira=0)
    sandbox.post("/betflag/live", {"market": MARKET})
    assert [each["st"] for each in ann.own()] == [3, 1]
    about = ann.get(f"/offers/all/{MARKET}")
    assert (about["live"], about["ritardo_live"]) == ("true", 5)


def test_a_live_suspension_drops_what_is_not_to_be_kept(sandbox, ann) -> None:
    sandbox.post("/betflag/live", {"market": MARKET})
    ann.place(lay(150, 100), mantieni=0)
    ann.place(lay(151, 100), mantieni=1)
    sandbox.post("/betflag/suspend", {"market": MARKET})
    assert [each["st"] for each in ann.own()] == [3, 1]


def test_a_suspension_before_kick_off_drops_nothing(sandbox, ann) -> None:
    ann.place(lay(150, 100), mantieni=0)
    sandbox.post("/betflag/suspend", {"market": MARKET})
    assert ann.own()[0]["st"] == 1


def test_offers_can_be_matched_and_cancelled_on_order(sandbox, ann) -> None:
    first, second = ann.place(lay(150, 1000), lay(151, 1000))["ordine"]
    taken = sandbox.post("/betflag/match", {"offer": first["offerta"], "amount": 300})
    dropped = sandbox.post("/betflag/cancel", {"offer": second["offerta"]})
    assert (taken, dropped) == ({"matched": 300}, {"cancelled": [second["offerta"]]})
    assert [(each["abb"], each["st"]) for each in ann.own()] == [(300, 2), (0, 3)]


@pytest.mark.parametrize("order", ["match", "cancel", "suspend", "live", "settle", "version"])
def test_an_order_for_an_unknown_market_names_the_field(sandbox, order) -> None:
    with pytest.raises(requests.HTTPError, match="market"):
        sandbox.post(f"/betflag/{order}", {"market": 1})


# Time and traders


def test_traders_keep_a_ladder_and_take_what_others_offer(http, eventually) -> None:
    with running_sandbox(match_seconds=50, seed=5) as sandbox:
        client = Client(http, sandbox, "ann")
        eventually(lambda: len(side(client, "banca")) == 3 and len(side(client, "punta")) == 3)
        best_lay, best_back = side(client, "banca")[0][1], side(client, "punta")[0][1]
        assert best_lay < best_back
        (taken,) = client.place(back(best_lay, 500))["ordine"]
        assert taken["abbinato"] == 500
        client.place(lay(best_lay + 1, 700))
        eventually(lambda: client.own()[-1]["abb"] == 700, timeout_s=30)


def test_matches_go_live_are_suspended_and_settled(http, eventually) -> None:
    with running_sandbox(match_seconds=4, seed=5) as sandbox:
        client = Client(http, sandbox, "ann")

        def market() -> dict[str, Any] | None:
            """One that has just come in: it has its whole life before it."""
            return next(
                (
                    each
                    for each in sandbox.get("/betflag/markets")["markets"]
                    if each["version"] == 1 and each["market"] not in (MARKET, *known)
                ),
                None,
            )

        known = {each["market"] for each in sandbox.get("/betflag/markets")["markets"]}
        market_id = eventually(market)["market"]

        def state() -> tuple[str, bool]:
            (found,) = [
                each
                for each in sandbox.get("/betflag/markets")["markets"]
                if each["market"] == market_id
            ]
            return found["state"], found["is_live"]

        offers = [lay(120, 1000), back(900, 1000)]
        client.call("POST", "/offers", order(*offers, id_mercato=market_id, ritira=0))
        for expected in (("open", True), ("suspended", True), ("closed", True)):
            eventually(lambda expected=expected: state() == expected)
        assert {each["st"] for each in client.own(market_id) if each["abb"] < each["imp"]} <= {3}
        assert client.balance()["LockedBalance"] == 0


def test_offers_and_money_survive_a_restart(http, tmp_path) -> None:
    path = tmp_path / "state.json"
    with running_sandbox(match_seconds=40, seed=5, state_path=path) as sandbox:
        sandbox.post("/betflag/settings", {"traders": False})
        client = Client(http, sandbox, "ann")
        (placed,) = client.place(lay(176, 11500))["ordine"]
        sandbox.post("/betflag/match", {"offer": placed["offerta"], "amount": 1000})
    with running_sandbox(match_seconds=40, seed=5, state_path=path) as sandbox:
        client = Client(http, sandbox, "ann")
        (own,) = [each for each in client.own() if each["id"] == placed["offerta"]]
        assert own["abb"] >= 1000
        assert client.balance()["LockedBalance"] == 8740


# Faults


@pytest.mark.parametrize(("fault", "taken"), [("accept_then_timeout", True), ("timeout", False)])
def test_an_order_can_be_lost_before_or_after_it_was_taken(sandbox, ann, fault, taken) -> None:
    sandbox.order_fault("betflag", fault, seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        ann.raw("POST", "/offers", order(lay(150, 100)), timeout=5)
    assert len(ann.own()) == int(taken)


def test_a_refusal_can_be_ordered(sandbox, ann) -> None:
    sandbox.order_fault("betflag", "reject", code="insufficient_funds")
    assert ann.place(lay(150, 100)) == {"errore": "Saldo insufficiente", "esito": 1020}
    assert ann.place(lay(150, 100))["esito"] == 1024


def test_a_market_can_be_suspended_or_changed_just_before_an_order(sandbox, ann) -> None:
    sandbox.order_fault("betflag", "stale_version")
    assert ann.place(lay(150, 100), versione_mercato=version(ann))["esito"] == 1013
    sandbox.order_fault("betflag", "suspend")
    assert ann.place(lay(150, 100))["esito"] == 1011


def test_an_answer_can_lack_an_offer_that_was_taken(sandbox, ann) -> None:
    sandbox.order_fault("betflag", "partial_answer")
    placed = ann.place(lay(150, 100), lay(149, 100))
    assert len(placed["ordine"]) == 1
    assert len(ann.own()) == 2


def test_a_session_can_be_lost_at_any_call(sandbox, ann) -> None:
    for call, method, path in (
        ("read", "GET", "/account/balance"),
        ("place", "POST", "/offers"),
        ("cancel", "DELETE", "/offers"),
        ("keep_alive", "PUT", "/security/keepalive"),
    ):
        fresh = Client(ann.http, sandbox, f"eve-{next(_names)}")
        sandbox.order_fault("betflag", "session_lost", call=call)
        assert fresh.raw(method, path, {}).status_code == 401
