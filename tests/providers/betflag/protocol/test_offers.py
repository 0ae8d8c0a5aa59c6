"""Exposure and own offers."""

from decimal import Decimal

import pytest

from providers import wire
from providers.betflag.protocol import offers
from providers.betflag.protocol.offers import ExposureNames
from providers.betflag.protocol.reading import Notes
from providers.contract import (
    Exposure,
    Match,
    OfferStatus,
    OwnOffer,
    Side,
    WrongShape,
)
from tests.providers.samples import sample

NAMES = ExposureNames.read("tot,esi,c,e")
STATES = {"1": "open", "2": "open", "3": "cancelled"}


def message(case: str):
    return wire.loads(sample("betflag", case, "response"))


def test_an_exposure_is_read_by_selection():
    notes = Notes()

    exposure = offers.read_exposure(message("exposure"), notes, market_id="813016", names=NAMES)

    assert exposure == Exposure(
        market_id="813016",
        worst=Decimal("87.40"),
        results=(
            ("1", Decimal("-87.40")),
            ("2", Decimal("115.00")),
            ("3", Decimal("115.00")),
        ),
    )
    assert notes.fields == set()


def test_the_worst_follows_from_the_results_where_it_is_not_named():
    found = message("exposure")
    del found["esposizione"]["tot"]

    assert offers.read_exposure(found, Notes(), market_id="1", names=NAMES).worst == Decimal(
        "87.40"
    )


def test_the_fields_of_an_exposure_can_have_other_names():
    found = {"esposizione": {"max": "-500", "righe": [{"id": 1, "imp": 20}]}}

    exposure = offers.read_exposure(
        found, Notes(), market_id="1", names=ExposureNames.read("max, righe,id , imp")
    )

    assert exposure.worst == Decimal("5.00")
    assert exposure.results == (("1", Decimal("0.20")),)


def test_an_exposure_of_another_shape_is_refused_and_noted():
    notes = Notes()

    with pytest.raises(WrongShape):
        offers.read_exposure({"esposizione": {"totale": 5}}, notes, market_id="1", names=NAMES)

    assert notes.fields == {"esposizione.totale"}


def test_own_offers_are_read():
    notes = Notes()

    rows = offers.read_own_offers(message("own_offers"), notes, statuses=STATES)

    assert [row.offer.status for row in rows] == [
        OfferStatus.OPEN,
        OfferStatus.PARTLY_MATCHED,
        OfferStatus.MATCHED,
    ]
    assert rows[0].offer == OwnOffer(
        reference="BC0001",
        selection_id="1",
        side=Side.LAY,
        odds=Decimal("1.76"),
        stake=Decimal("115.00"),
        matched=Decimal(0),
        status=OfferStatus.OPEN,
    )
    assert (notes.fields, notes.values) == (set(), set())


def test_open_offers_lie_at_the_top():
    rows = offers.read_open_offers(message("open_offers"), Notes(), statuses=STATES)

    assert [row.offer.reference for row in rows] == ["BC0001", "BC0002"]


@pytest.mark.parametrize(
    ("code", "matched", "state", "status", "noted"),
    [
        (1, 0, "open", OfferStatus.OPEN, set()),
        ("2", "1", "open", OfferStatus.PARTLY_MATCHED, set()),
        (3, 0, "cancelled", OfferStatus.CANCELLED, set()),
        (3, 400, "cancelled", OfferStatus.CANCELLED, set()),
        (3, 11500, "cancelled", OfferStatus.MATCHED, set()),
        (8, 0, None, OfferStatus.OPEN, {"st=8"}),
        (8, 11500, None, OfferStatus.MATCHED, {"st=8"}),
        (None, 0, "open", OfferStatus.OPEN, set()),
    ],
)
def test_the_status_follows_from_amounts_and_state(code, matched, state, status, noted):
    found, notes = message("own_offers"), Notes()
    found["offerte"]["o"] = [{**found["offerte"]["o"][0], "st": code, "abb": matched}]

    (row,) = offers.read_own_offers(found, notes, statuses=STATES)

    assert (row.state, row.offer.status) == (state, status)
    assert notes.values == noted


@pytest.mark.parametrize(
    ("name", "value"),
    [("abb", 11501), ("abb", None), ("imp", "-1"), ("imp", "1.5"), ("quo", 100), ("tipo", 2)],
)
def test_an_offer_that_cannot_be_is_refused(name, value):
    found = message("own_offers")
    found["offerte"]["o"][0][name] = value

    with pytest.raises(WrongShape):
        offers.read_own_offers(found, Notes(), statuses=STATES)


def test_matches_and_their_average():
    matches = offers.read_matches(message("matches"), Notes())

    assert matches[1] == Match(
        reference="BC0002",
        selection_id="3",
        side=Side.BACK,
        odds=Decimal("1.55"),
        amount=Decimal("300.00"),
    )
    rows = offers.read_own_offers(message("own_offers"), Notes(), statuses=STATES)
    averaged = offers.with_average_odds([row.offer for row in rows], matches)
    assert [each.average_matched_odds for each in averaged] == [
        None,
        Decimal("1.5380"),
        Decimal("2.0000"),
    ]


def test_an_average_is_weighed_by_amount_and_rounded_once():
    def match(odds: str, amount: str) -> Match:
        return Match(
            reference="A",
            selection_id="1",
            side=Side.BACK,
            odds=Decimal(odds),
            amount=Decimal(amount),
        )

    offer = OwnOffer(
        reference="A",
        selection_id="1",
        side=Side.BACK,
        odds=Decimal("1.50"),
        stake=Decimal(30),
        matched=Decimal(3),
        status=OfferStatus.PARTLY_MATCHED,
    )
    matches = [match("1.50", "1.00"), match("1.51", "1.00"), match("1.51", "1.00")]

    (averaged,) = offers.with_average_odds([offer], matches)

    assert averaged.average_matched_odds == Decimal("1.5067")
    for others in (matches[:2], [*matches, match("9.00", "1.00")]):
        # Read at another moment than the offer, they tell nothing of its average.
        (open_ended,) = offers.with_average_odds([offer], others)
        assert open_ended.average_matched_odds is None


@pytest.mark.parametrize("name", ["o", "a", "abb"])
def test_the_list_of_matches_may_have_one_of_several_names(name):
    found = message("matches")
    found["abbinamenti"] = {name: found["abbinamenti"]["o"]}

    assert len(offers.read_matches(found, Notes())) == 3


# --- markets without any of them ----------------------------------------------------------------

READERS = {
    "own_offers": ("offerte", lambda found: offers.read_own_offers(found, Notes(), statuses={})),
    "matches": ("abbinamenti", lambda found: list(offers.read_matches(found, Notes()))),
}


@pytest.mark.parametrize("nothing", [None, {}, {"o": None}, {"o": []}], ids=str)
@pytest.mark.parametrize("case", READERS)
def test_a_market_without_any_is_told_in_some_way(case, nothing):
    place, read = READERS[case]

    assert read({**message(case), place: nothing}) == []


@pytest.mark.parametrize("value", [None, []], ids=str)
def test_a_market_without_open_offers(value):
    found = {**message("open_offers"), "o": value}

    assert offers.read_open_offers(found, Notes(), statuses={}) == []


@pytest.mark.parametrize(
    "other", [{"righe": []}, {"o": None, "righe": []}, {"o": {}}, [], ""], ids=str
)
@pytest.mark.parametrize("case", READERS)
def test_what_may_be_them_under_another_name_is_not_taken_for_none(case, other):
    place, read = READERS[case]

    with pytest.raises(WrongShape):
        read({**message(case), place: other})


@pytest.mark.parametrize("case", READERS)
def test_what_is_not_there_at_all_is_not_taken_for_none(case):
    place, read = READERS[case]
    found = message(case)
    del found[place]

    with pytest.raises(WrongShape):
        read(found)
    without = message("open_offers")
    del without["o"]
    with pytest.raises(WrongShape):
        offers.read_open_offers(without, Notes(), statuses={})
