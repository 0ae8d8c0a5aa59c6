"""What gr8's answers say."""

from dataclasses import replace
from decimal import Decimal

import pytest

from providers.contract import Accepted, Done, Leg, Quote, Rejected, Selection, Unknown
from providers.gr8.protocol.answers import (
    read_deed,
    read_placement,
    read_quote,
    read_registration,
)
from tests.providers.gr8.asked import BET, DOCUMENT_SELECTION, slip
from tests.providers.samples import sample
from tests.providers.suite import damage

YES = damage.loads(sample("gr8", "place_single", "response"))


def placed(answer, *selections, status=200, **changes):
    return read_placement(
        status=status, body=damage.dumps(answer), slip=slip(*selections, **changes)
    )


def test_the_documents_answer_is_read_exactly():
    reading = placed(YES)

    assert reading.meaning == Accepted(
        reference=str(BET),
        odds=Decimal("2.0"),
        item_odds=(Decimal("2.0"),),
        potential_payout=Decimal("200.0"),
    )
    assert (reading.unknown_fields, reading.unknown_values) == ((), ())


@pytest.mark.parametrize("form", [str.upper, lambda text: text.replace("-", "")])
def test_our_id_is_known_in_any_form(form):
    assert placed({**YES, "betId": form(str(BET))}).meaning.reference == str(BET)


@pytest.mark.parametrize("other", ["2ee1766f-02bd-4f40-b3cf-aa691f6ca9e9", "12345", "x" * 5000])
def test_a_bet_under_another_id_is_for_staff(other):
    meaning = placed({**YES, "betId": other}).meaning

    assert isinstance(meaning, Unknown)
    assert meaning.final
    assert other[:20] in meaning.reason


def test_an_overask_and_an_offer_are_noted():
    meaning = placed(damage.loads(sample("gr8", "place_overask", "response"))).meaning

    assert meaning.notes == (
        "offer: FreeBet",
        "Taken as an overask, a VIP's bet above the limit.",
    )


@pytest.mark.parametrize("number", [4, "4"])
def test_an_offer_may_be_a_number(number):
    reading = placed({**YES, "offerType": number})

    assert reading.meaning.notes == ("offer: FreeBet",)
    assert reading.unknown_values == ()


def test_the_odds_of_each_item_are_found_by_its_outcomes():
    first, second = (replace(DOCUMENT_SELECTION, selection=key) for key in ("[1]", "[2]"))
    items = [
        {"acceptedOdd": 3, "sourceOutcomeSelectionKeys": ["[2]"]},
        {"acceptedOdd": "1.50", "sourceOutcomeSelectionKeys": ["[1]"]},
    ]

    meaning = placed({**YES, "items": items}, first, second).meaning

    assert meaning.item_odds == (Decimal("1.50"), Decimal(3))
    assert meaning.notes == ()


def test_an_outcome_that_has_moved_is_noted():
    moved = {"acceptedOdd": Decimal("1.9"), "sourceOutcomeSelectionKeys": ["[2,[],[0],1,4,[]]"]}

    meaning = placed({**YES, "items": [moved]}).meaning

    assert meaning.item_odds == (Decimal("1.9"),)
    assert meaning.notes == ("item 0 was taken as [2,[],[0],1,4,[]]",)


def test_a_bet_builder_is_found_by_all_its_outcomes():
    legs = tuple(Leg(selection=key, odds=Decimal("1.5")) for key in ("[1]", "[2]"))
    builder = Selection(event_id="1", selection="", odds=Decimal(2), is_live=False, legs=legs)
    items = [
        {"acceptedOdd": 7, "sourceOutcomeSelectionKeys": ["[2,[],[0],1,3,[]]"]},
        {"acceptedOdd": 5, "sourceOutcomeSelectionKeys": ["[2]", "[1]"]},
    ]

    meaning = placed({**YES, "items": items}, builder, DOCUMENT_SELECTION).meaning

    assert meaning.item_odds == (Decimal(5), Decimal(7))


@pytest.mark.parametrize("items", [None, [], "x", [1], [{}, {}], [{"acceptedOdd": "x"}]])
def test_odds_that_cannot_be_read_are_not_made_up(items):
    meaning = placed({**YES, "items": items, "betOdd": "high"}).meaning

    assert isinstance(meaning, Accepted)
    assert (meaning.odds, meaning.item_odds) == (None, (None,))


@pytest.mark.parametrize("payout", [0, "0", -5, None, "much", True])
def test_a_payout_of_nothing_is_none_that_could_be_promised(payout):
    assert placed({**YES, "possiblePayout": payout}).meaning.potential_payout is None


@pytest.mark.parametrize("bet_id", [None, "", "  ", 7, True, [], {}])
def test_a_yes_without_an_id_is_unknown(bet_id):
    assert isinstance(placed({**YES, "betId": bet_id}).meaning, Unknown)


def test_what_the_document_does_not_know_is_named():
    items = [{**YES["items"][0], "newB": 1}]

    reading = placed({**YES, "newA": 1, "items": items, "specialBetTypes": ["Turbo"]})

    assert isinstance(reading.meaning, Accepted)
    assert reading.unknown_fields == ("items[].newB", "newA")
    assert reading.unknown_values == ("specialBetTypes=Turbo",)


def quoted(body, *, status=200):
    return read_quote(status=status, body=body, slip=slip()).meaning


def test_the_documents_quote_is_read():
    assert quoted(sample("gr8", "quote", "response")) == Quote(
        max_stake=Decimal(50), vip=False, reason=""
    )


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        ({"maxBet": "50.5"}, Quote(max_stake=Decimal("50.5"), vip=False)),
        ({"maxBet": 0, "isVipEnabled": "True"}, Quote(max_stake=Decimal(0), vip=True)),
        (
            {"maxBet": 1, "isVipEnabled": True, "reason": "limits"},
            Quote(max_stake=Decimal(1), vip=True, reason="limits"),
        ),
    ],
)
def test_a_quote_may_drift(answer, quote):
    assert quoted(damage.dumps(answer)) == quote


def test_a_refused_quote_says_why():
    common = quoted(sample("gr8", "quote_refused_common", "response"), status=422)
    specific = quoted(sample("gr8", "quote_refused_specific", "response"), status=422)
    fields = quoted(sample("gr8", "refused_fields", "response"), status=400)

    assert (common.code, common.provider_code) == ("provider_refused", "1")
    assert (specific.code, specific.provider_code) == ("selection_not_found", "1000")
    assert (fields.code, fields.fields) == ("wrong_bet_data", ("currency",))


@pytest.mark.parametrize("most", [None, -1, "much", [], True])
def test_a_quote_without_an_amount_is_none(most):
    assert isinstance(quoted(damage.dumps({"maxBet": most})), Unknown)


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{}", b"null", b'{"betId": "x"}', b'{"errors": null}']
)
def test_what_a_success_says_is_left_open(body):
    assert isinstance(read_deed(status=200, body=body).meaning, Done)


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"a": ', b"\xff", b'{"errors": {"betId": ["is unknown"]}}']
)
def test_a_success_that_cannot_be_one_moves_no_money(body):
    assert isinstance(read_deed(status=200, body=body).meaning, Unknown)


def test_a_refused_return_names_the_field():
    meaning = read_deed(status=400, body=sample("gr8", "return_refused", "response")).meaning

    assert isinstance(meaning, Rejected)
    assert meaning.fields == ("id",)
    assert "The betId field is UUID." in meaning.message


@pytest.mark.parametrize("status", [302, 404, 500])
def test_any_other_status_leaves_a_deed_open(status):
    assert isinstance(read_deed(status=status, body=b"{}").meaning, Unknown)


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ({"externalUserId": ["This player already exists."]}, Done),
        ({"OperatorUserId": ["Already registered"]}, Done),
        ({"externalUserId": ["The externalUserId field is required."]}, Rejected),
        ({"externalUserId": ["already there"], "formName": ["is wrong"]}, Rejected),
        ({"common": {"code": 23}, "externalUserId": ["already there"]}, Rejected),
    ],
)
def test_a_player_whom_gr8_knows_already_is_registered(errors, kind):
    body = damage.dumps({"errors": errors})

    assert isinstance(read_registration(status=400, body=body).meaning, kind)
