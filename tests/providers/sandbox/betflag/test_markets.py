"""What happens to markets, on order and with time."""

from typing import Any

import pytest
import requests

from providers.sandbox.server import running_sandbox
from tests.providers.sandbox.betflag.conftest import MARKET, Client, back, lay, order, side, version


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
