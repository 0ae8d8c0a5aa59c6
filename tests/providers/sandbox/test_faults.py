from decimal import Decimal
from typing import Any

import pytest

from providers.sandbox.faults import Fault, FaultBoard
from providers.sandbox.fields import Fields
from providers.sandbox.messages import BadOrderError


@pytest.fixture
def board() -> FaultBoard:
    board = FaultBoard(seed=1)
    points = {"place": frozenset({"reject", "slow"}), "login": frozenset({"slow"})}
    board.declare("betcalc", points, frozenset({"3"}))
    return board


def order(board: FaultBoard, **details: Any) -> Fault:
    return board.order(Fields({"provider": "betcalc", "fault": "reject", **details}))


def test_a_fault_strikes_the_next_call_once(board: FaultBoard) -> None:
    order(board)
    first, second = board.draw("betcalc", "place"), board.draw("betcalc", "place")
    assert first is not None
    assert first.fault == "reject"
    assert second is None


def test_a_fault_strikes_as_many_calls_as_ordered(board: FaultBoard) -> None:
    order(board, next=3)
    struck = [board.draw("betcalc", "place") is not None for _ in range(4)]
    assert struck == [True, True, True, False]


def test_a_rate_strikes_about_as_often_as_it_says(board: FaultBoard) -> None:
    order(board, rate="0.25")
    struck = sum(board.draw("betcalc", "place") is not None for _ in range(2000))
    assert 400 < struck < 600
    assert board.listed()[0]["rate"] == Decimal("0.25")


def test_a_fault_waits_for_its_own_call(board: FaultBoard) -> None:
    order(board, fault="slow", call="login", seconds="0.5")
    assert board.draw("betcalc", "place") is None
    drawn = board.draw("betcalc", "login")
    assert drawn is not None
    assert drawn.seconds == 0.5


def test_clearing_withdraws_everything(board: FaultBoard) -> None:
    order(board, next=5)
    order(board, rate="1")
    assert board.clear() == 2
    assert board.listed() == []
    assert board.draw("betcalc", "place") is None


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"provider": "nobody"}, "provider"),
        ({"fault": "meteor"}, "fault"),
        ({"call": "callback"}, "call"),
        ({"fault": "reject", "call": "login"}, "fault"),
        ({"next": 0}, "next"),
        ({"next": "1.5"}, "next"),
        ({"rate": "1.5"}, "rate"),
        ({"rate": "often"}, "rate"),
        ({"rate": "0.5", "next": 1}, "rate"),
        ({"seconds": -1}, "seconds"),
        ({"seconds": 4000}, "seconds"),
        ({"code": "77"}, "code"),
        ({"taken": "yes"}, "taken"),
        ({"nxt": 3}, "nxt"),
    ],
)
def test_a_wrong_order_is_refused_by_its_field(
    board: FaultBoard, details: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadOrderError) as refused:
        order(board, **details)
    assert refused.value.field == field
    assert board.listed() == []
