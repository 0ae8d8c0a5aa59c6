"""gr8's error codes and wrong fields, in all the forms that the document has."""

from decimal import Decimal

import pytest

from providers.contract import Accepted, Rejected, Unknown
from providers.gr8.protocol.answers import read_placement
from providers.gr8.protocol.codes import MEANINGS, UNCLEAR, Code
from providers.gr8.protocol.refusals import our_field
from tests.providers.gr8.asked import slip
from tests.providers.samples import sample
from tests.providers.suite import damage


def read(errors, *, status=400, currency="USD"):
    body = damage.dumps({"errors": errors, "message": "Failed to place a bet"})
    return read_placement(status=status, body=body, slip=slip(currency=currency))


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.name)
@pytest.mark.parametrize(
    "form",
    [
        lambda code: {"common": {"code": code}},
        lambda code: {"specificV2": [{"itemIndex": 0, "code": code}]},
        lambda code: {"specific": {"0": {"code": code}}},
        lambda code: {"specific": [{"itemIndex": 0, "code": code}], "common": None},
    ],
    ids=["common", "specific V2", "specific map", "specific list"],
)
def test_every_code_is_understood_in_every_form(code, form):
    placed = read(form(code.value)).meaning

    if code in UNCLEAR:
        assert isinstance(placed, Unknown)
        assert MEANINGS[code].words in placed.reason
    else:
        assert isinstance(placed, Rejected)
        assert (placed.code, placed.provider_code) == (MEANINGS[code].code, str(code.value))
        assert MEANINGS[code].words in placed.message


@pytest.mark.parametrize(
    "written", ["37", 37, Decimal("37.0"), "37-BetSumLessOverask", "BetSumLessOverask"]
)
def test_a_code_may_be_written_in_several_ways(written):
    assert read({"common": {"code": written}}).meaning.provider_code == "37"


def test_the_documents_common_error_names_the_highest_stake():
    body = sample("gr8", "refused_common", "response")

    in_hryvnia = read_placement(status=400, body=body, slip=slip(currency="UAH")).meaning
    in_dollars = read_placement(status=400, body=body, slip=slip(currency="USD")).meaning

    assert (in_hryvnia.code, in_hryvnia.max_stake) == ("stake_too_high", Decimal("414.51"))
    assert in_dollars.max_stake is None
    assert "414.51 UAH" in in_dollars.message
    assert "overasks from 4145.08 UAH on" in in_dollars.message


@pytest.mark.parametrize("case", ["refused_specific", "refused_specific_map"])
def test_the_documents_specific_error_names_the_item(case):
    reading = read_placement(status=400, body=sample("gr8", case, "response"), slip=slip())

    assert reading.meaning.code == "market_changed"
    assert reading.meaning.message.startswith("Item 0: ")
    assert "It is 4.5 now." in reading.meaning.message
    assert (reading.unknown_fields, reading.unknown_values) == ((), ())


@pytest.mark.parametrize("code", [{}, {"code": None}])
def test_limits_beside_the_code_of_an_outcome_leave_nothing_open(code):
    errors = {
        "common": {"maxBetSum": 5, "currency": "USD", **code},
        "specificV2": [{"itemIndex": 0, "code": 42}],
    }

    placed = read(errors).meaning

    assert isinstance(placed, Rejected)
    assert (placed.code, placed.provider_code, placed.max_stake) == ("market_changed", "42", 5)


def test_the_newer_form_goes_before_the_obsolete_one():
    errors = {
        "specific": {"0": {"code": 12}},
        "specificV2": [{"itemIndex": 1, "code": 42}, {"itemIndex": 2, "code": 5}],
    }

    placed = read(errors).meaning

    assert (placed.code, placed.provider_code) == ("market_changed", "42,5")
    assert "Item 1: " in placed.message
    assert "Item 2: " in placed.message


@pytest.mark.parametrize("empty", [[], {}, None])
def test_an_empty_newer_form_leaves_the_obsolete_one(empty):
    assert read({"specificV2": empty, "specific": {"0": {"code": 12}}}).meaning.code == (
        "event_started"
    )


@pytest.mark.parametrize(
    "errors",
    [
        {"common": {"code": 777}},
        {"common": {"code": None}},
        {"common": {"code": "nonsense"}},
        {"specificV2": [{"itemIndex": 0, "code": 777}]},
        {"common": {"code": 37}, "specificV2": [{"itemIndex": 0, "code": 777}]},
        {"common": {"code": 33}, "specific": {"0": {"code": 3}}},
        {"common": {"code": 1}, "Amount": ["is wrong"]},
    ],
)
def test_with_one_code_that_is_unclear_the_bet_is_unknown(errors):
    assert isinstance(read(errors).meaning, Unknown)


@pytest.mark.parametrize(
    ("errors", "noted"),
    [
        ({"common": {"code": 777}}, "errors.common.code=777"),
        ({"common": {}, "specificV2": [{"code": "odd"}]}, "errors.specificV2[].code=?"),
        ({"specific": {"3": {"code": 778}}}, "errors.specific[].code=778"),
    ],
)
def test_an_undocumented_code_is_named(errors, noted):
    assert noted in read(errors).unknown_values


def test_wrong_fields_are_a_refusal_that_names_them():
    errors = {
        "Amount": ["The Amount field is required.", "It is below 0."],
        "items[0].sourceOutcomes[1].odds": "is no number",
    }

    placed = read(errors).meaning

    assert placed.code == "wrong_bet_data"
    assert placed.fields == ("stake", "items[0].legs[1].odds")
    assert placed.message.startswith("stake: The Amount field is required. It is below 0.")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Currency", "currency"),
        ("betType", "type"),
        ("Items[2].EventId", "items[2].event_id"),
        ("MarketChangePolicy", "options.market_policy"),
        ("$.items[1].odds", "items[1].odds"),
        ("$.amount", "stake"),
        ("SomethingElse", "somethingElse"),
    ],
)
def test_fields_have_our_names(theirs, ours):
    assert our_field(theirs) == ours


@pytest.mark.parametrize(
    "errors", [{}, None, [], "no", {"common": None}, {"specific": []}, {"common": "text"}, {"x": 1}]
)
def test_errors_that_say_nothing_are_unknown(errors):
    assert isinstance(read(errors).meaning, Unknown)


@pytest.mark.parametrize("status", [200, 201, 403, 404, 409, 418, 500, 503])
def test_a_no_with_another_status_is_unknown(status):
    assert isinstance(read({"common": {"code": 37}}, status=status).meaning, Unknown)


def test_422_says_no_as_well():
    assert isinstance(read({"common": {"code": 37}}, status=422).meaning, Rejected)


def test_an_answer_that_says_yes_and_no_is_unknown():
    yes = damage.loads(sample("gr8", "place_single", "response"))
    both = damage.dumps({**yes, "errors": {"common": {"code": 37}}})

    for status in (200, 400):
        placed = read_placement(status=status, body=both, slip=slip()).meaning
        assert isinstance(placed, Unknown)
        assert not isinstance(placed, Accepted)


@pytest.mark.parametrize("nothing", [None, {}, []])
def test_empty_fields_of_the_other_answer_contradict_nothing(nothing):
    yes = damage.loads(sample("gr8", "place_single", "response"))
    no = damage.loads(sample("gr8", "refused_common", "response"))

    accepted = damage.dumps({**yes, "errors": nothing})
    refused = damage.dumps({**no, "betId": None})

    assert isinstance(read_placement(status=200, body=accepted, slip=slip()).meaning, Accepted)
    assert isinstance(read_placement(status=400, body=refused, slip=slip()).meaning, Rejected)


def test_what_the_document_does_not_know_is_named():
    reading = read(
        {
            "common": {"code": 37, "newA": 1},
            "specificV2": [{"code": 42, "newB": 1}],
            "specific": {"0": {"code": 42, "newC": 1}},
            "newD": {"x": 1},
        }
    )

    assert reading.unknown_fields == (
        "errors.common.newA",
        "errors.newD",
        "errors.specificV2[].newB",
        "errors.specific[].newC",
    )
