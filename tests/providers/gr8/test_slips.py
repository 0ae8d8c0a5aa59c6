"""Which bets gr8 can take, and how headers are written."""

from dataclasses import replace
from decimal import Decimal

import pytest

from providers.contract import CouponType, Leg, Selection
from providers.gr8.protocol import slips
from tests.providers.gr8.asked import DOCUMENT_SELECTION, slip

OTHERS = tuple(replace(DOCUMENT_SELECTION, event_id=str(number)) for number in range(13))


def system(size, count=4):
    return slip(*OTHERS[:count], type=CouponType.SYSTEM, system_size=size)


@pytest.mark.parametrize(
    "allowed",
    [
        slip(),
        slip(*OTHERS[:2]),
        slip(stake=Decimal("0.01")),
        slip(stake=Decimal("10.5000")),
        slip(replace(DOCUMENT_SELECTION, odds=Decimal("1.01"))),
        system(2),
        system(3),
        system(11, count=12),
    ],
)
def test_what_the_document_allows_is_sent(allowed):
    assert slips.check_slip(allowed) is None


@pytest.mark.parametrize(
    ("refused", "field"),
    [
        (slip(stake=Decimal("10.005")), "stake"),
        (slip(stake=Decimal(0)), "stake"),
        (slip(stake=Decimal(-1)), "stake"),
        (slip(replace(DOCUMENT_SELECTION, odds=Decimal("1.00"))), "items[0].odds"),
        (slip(OTHERS[0], replace(OTHERS[1], odds=Decimal("2.005"))), "items[1].odds"),
        (slip(replace(DOCUMENT_SELECTION, odds=None)), "items[0].odds"),
        (slip(replace(DOCUMENT_SELECTION, event_id="")), "items[0]"),
        (slip(replace(DOCUMENT_SELECTION, selection="")), "items[0]"),
        (slip(*OTHERS[:2], type=CouponType.SINGLE), "items"),
        (slip(type=CouponType.EXPRESS), "items"),
        (system(1), "system_size"),
        (system(4), "system_size"),
        (system(12, count=13), "system_size"),
        (system(None), "system_size"),
    ],
)
def test_what_it_does_not_allow_is_refused_by_its_field(refused, field):
    answer = slips.check_slip(refused)

    assert answer.code == "wrong_bet_data"
    assert answer.fields == (field,)


def test_the_legs_of_a_bet_builder_have_odds_too():
    builder = Selection(
        event_id="1",
        selection="",
        odds=Decimal("2.50"),
        is_live=False,
        legs=(
            Leg(selection="[1]", odds=Decimal("1.50")),
            Leg(selection="[2]", odds=Decimal("1.001")),
        ),
    )

    assert slips.check_slip(slip(builder)).fields == ("items[0].legs[1].odds",)


@pytest.mark.parametrize(
    ("reason", "header"),
    [
        ("by request", "by request"),
        ("", "no reason given"),
        (" \t ", "no reason given"),
        ("one\r\nX-Evil: 1", "one X-Evil: 1"),
        ("50% off", "50%25 off"),
        ("żółw", "%C5%BC%C3%B3%C5%82w"),
        ("a\x00b\x7fc", "a%00b%7Fc"),
    ],
)
def test_a_reason_fits_into_a_header(reason, header):
    assert slips.comment_header(reason) == {"Comment": header}


def test_a_long_reason_is_cut():
    assert len(slips.comment_header("ż" * 5000)["Comment"]) <= 300 * len("%C5%BC")
