"""Which offers belong to which unanswered orders, without a database."""

from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest

from bets.services.exchange.matching import Claim, judge, terms_of
from providers.contract import OfferStatus, OwnOffer, Side

_numbers = count(1)


def offer(reference: str, *, odds: str = "2.00", stake: str = "10", side=Side.BACK) -> OwnOffer:
    return OwnOffer(
        reference=reference,
        selection_id="1",
        side=side,
        odds=Decimal(odds),
        stake=Decimal(stake),
        matched=Decimal(0),
        status=OfferStatus.OPEN,
    )


def claim(batch: int, *before: str, of: OwnOffer | None = None) -> Claim:
    return Claim(
        order_id=UUID(int=next(_numbers)),
        batch_id=UUID(int=batch),
        terms=terms_of(of or offer("any")),
        before=frozenset(before),
    )


def found(verdict) -> dict[UUID, str]:
    return {order: each.reference for order, each in verdict.found.items()}


def test_the_one_new_offer_with_the_terms_is_the_orders() -> None:
    one = claim(1, "A")
    verdict = judge(claims=[one], offers=[offer("A"), offer("B")], taken=())
    assert found(verdict) == {one.order_id: "B"}


@pytest.mark.parametrize(
    "other", [{"odds": "2.02"}, {"stake": "10.01"}, {"side": Side.LAY}], ids=str
)
def test_an_offer_of_other_terms_is_nobodys(other) -> None:
    one = claim(1)
    verdict = judge(claims=[one], offers=[offer("B", **other)], taken=())
    assert (found(verdict), verdict.absent) == ({}, {one.order_id})
    assert [each.reference for each in verdict.spare] == ["B"]


def test_an_offer_that_an_order_has_is_not_given_away() -> None:
    one = claim(1)
    verdict = judge(claims=[one], offers=[offer("B")], taken={"B"})
    assert (found(verdict), verdict.absent) == ({}, {one.order_id})


def test_equal_orders_of_one_batch_take_what_there_is_in_turn() -> None:
    one, two = claim(1), claim(1)
    verdict = judge(claims=[one, two], offers=[offer("B")], taken=())
    assert found(verdict) == {one.order_id: "B"}
    assert verdict.absent == {two.order_id}


def test_more_new_offers_than_orders_decide_nothing() -> None:
    one = claim(1)
    verdict = judge(claims=[one], offers=[offer("B"), offer("C")], taken=())
    assert (found(verdict), verdict.unclear, verdict.absent) == ({}, {one.order_id}, set())


def test_two_batches_that_could_both_have_an_offer_get_none() -> None:
    one, two = claim(1), claim(2)
    verdict = judge(claims=[one, two], offers=[offer("B")], taken=())
    assert (found(verdict), verdict.unclear) == ({}, {one.order_id, two.order_id})


def test_two_offers_for_two_batches_are_not_shared_out_by_guess() -> None:
    one, two = claim(1), claim(2)
    verdict = judge(claims=[one, two], offers=[offer("B"), offer("C")], taken=())
    assert (found(verdict), verdict.unclear) == ({}, {one.order_id, two.order_id})


def test_what_was_there_before_the_second_is_the_firsts_and_the_rest_the_seconds() -> None:
    one, two = claim(1), claim(2, "B")
    verdict = judge(claims=[two, one], offers=[offer("C"), offer("B")], taken=())
    assert found(verdict) == {one.order_id: "B", two.order_id: "C"}


def test_a_batch_that_nothing_can_belong_to_is_absent_while_another_is_found() -> None:
    one, two = claim(1), claim(2, "B")
    verdict = judge(claims=[one, two], offers=[offer("B")], taken=())
    assert (found(verdict), verdict.absent) == ({one.order_id: "B"}, {two.order_id})
