"""The book of a market."""

from decimal import Decimal

import pytest

from providers import wire
from providers.betflag.protocol import book
from providers.betflag.protocol.reading import Notes
from providers.contract import Book, BookSelection, Price, WrongShape
from tests.providers.samples import sample


def message(case: str):
    return wire.loads(sample("betflag", case, "response"))


def price(odds: str, amount: str) -> Price:
    return Price(odds=Decimal(odds), amount=Decimal(amount))


def read_book(found=None, notes=None, *, depth=3, back_takes="banca", statuses=None):
    return book.read_book(
        found or message("book"),
        notes or Notes(),
        market_id="813016",
        depth=depth,
        back_takes=back_takes,
        statuses={"2": "open"} if statuses is None else statuses,
    )


BANCA = ((("1.52", "5.00"), ("1.50", "120.00"), ("1.49", "300.00")), (("4.10", "25.50"),), ())
PUNTA = ((("1.54", "7.00"), ("1.55", "90.00"), ("1.60", "1.00")), (), (("7.50", "0.99"),))


def selections(back, lay, depth=3):
    return tuple(
        BookSelection(
            id=str(number),
            label=label,
            back=tuple(price(*each) for each in back[number - 1][:depth]),
            lay=tuple(price(*each) for each in lay[number - 1][:depth]),
        )
        for number, label in ((1, "1"), (2, "X"), (3, "2"))
    )


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_book_is_read_to_its_depth(depth):
    notes = Notes()

    assert read_book(notes=notes, depth=depth) == Book(
        market_id="813016", version=1, status="open", selections=selections(BANCA, PUNTA, depth)
    )
    assert (notes.fields, notes.values) == (set(), set())


def test_which_side_a_back_takes_is_a_setting():
    assert read_book(back_takes="punta").selections == selections(PUNTA, BANCA)


def test_the_best_price_is_the_one_ranked_first():
    found = message("book")
    found["offerte"]["banca"][0]["esi"][0]["off"].reverse()

    assert read_book(found, depth=1).selections[0].back == (price("1.52", "5.00"),)


def test_a_selection_on_one_side_alone_is_there():
    found = message("book")
    del found["offerte"]["banca"]

    assert read_book(found).selections == selections(((), (), ()), PUNTA)


@pytest.mark.parametrize(
    ("betflag", "sogei", "statuses", "status", "noted"),
    [
        (2, 2, {"2": "open"}, "open", set()),
        ("2", "2", {"2": "open"}, "open", set()),
        (2, 9, {"2": "open"}, "9", {"stato_sogei=9"}),
        (3, 2, {"2": "open", "3": "suspended"}, "suspended", set()),
        (3, 9, {"2": "open", "3": "suspended"}, "suspended", {"stato_sogei=9"}),
    ],
)
def test_a_market_is_open_only_if_both_say_so(betflag, sogei, statuses, status, noted):
    found, notes = message("book"), Notes()
    found["offerte"] |= {"stato_betflag": betflag, "stato_sogei": sogei}

    assert read_book(found, notes, statuses=statuses).status == status
    assert notes.values == noted


def test_the_live_delay_is_in_seconds():
    found = {**message("book"), "ritardo_live": "5"}

    assert read_book(found).live_delay_s == 5


@pytest.mark.parametrize(
    ("place", "value"),
    [("versione", None), ("versione", "x"), ("stato_betflag", None), ("banca", [{"esi": None}])],
)
def test_what_is_no_book_is_refused(place, value):
    found = message("book")
    found["offerte"][place] = value

    with pytest.raises(WrongShape):
        read_book(found)


# --- prices that do not look as they always do --------------------------------------------------


def first_prices(found) -> list[dict]:
    return found["offerte"]["banca"][0]["esi"][0]["off"]


@pytest.mark.parametrize(
    "change",
    [
        {"i": "500"},
        {"q": "152"},
        {"p": "1"},
        {"i": Decimal("500.0")},
        {"q": Decimal("1.52E+2")},
        {"p": Decimal("1.0")},
        {"p": -4},
        {"p": None},
    ],
    ids=str,
)
def test_a_price_written_otherwise_is_the_same_price(change):
    found = message("book")
    first_prices(found)[0].update(change)

    assert read_book(found) == read_book()


def test_a_field_that_a_price_never_had_is_noted_and_the_price_is_read():
    found, notes = message("book"), Notes()
    first_prices(found)[1]["zz"] = 7

    assert read_book(found, notes) == read_book()
    assert notes.fields == {"offerte.banca[].esi[].off[].zz"}


def test_a_field_in_place_of_the_rank_is_noted():
    found, notes = message("book"), Notes()
    first_prices(found)[0]["zz"] = first_prices(found)[0].pop("p")

    assert read_book(found, notes) == read_book()
    assert notes.fields == {"offerte.banca[].esi[].off[].zz"}


@pytest.mark.parametrize(
    "change",
    [
        {"q": 100},
        {"q": 0},
        {"q": 10**9},
        {"q": True},
        {"q": None},
        {"i": -1},
        {"i": 10**15},
        {"i": True},
        {"i": Decimal("0.5")},
        {"p": True},
        {"p": "first"},
    ],
    ids=str,
)
def test_what_is_no_price_refuses_the_book(change):
    found = message("book")
    first_prices(found)[0].update(change)

    with pytest.raises(WrongShape):
        read_book(found)


@pytest.mark.parametrize("offers", ["x", 7, [None], [[1, 2, 3]], ["abc"], {"i": 1}], ids=str)
def test_what_are_no_prices_refuse_the_book(offers):
    found = message("book")
    found["offerte"]["banca"][0]["esi"][0]["off"] = offers

    with pytest.raises(WrongShape):
        read_book(found)


def test_amounts_and_odds_stay_exact():
    found = message("book")
    first_prices(found)[0].update(i=10**15 - 1, q=10**9 - 1)

    (best, *_) = read_book(found).selections[0].back

    assert (best.amount, best.odds) == (Decimal("9999999999999.99"), Decimal("9999999.99"))
