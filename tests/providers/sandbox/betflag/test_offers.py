"""How offers are matched, paid, taken back and refused."""

import pytest

from tests.providers.sandbox.betflag.conftest import MARKET, Client, back, lay, names, side

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
    carl = Client(http, sandbox, f"carl-{next(names)}")
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
