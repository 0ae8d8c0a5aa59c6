from decimal import Decimal

import pytest

from providers.sandbox.grading import Grade, Leg, grade, to_cents
from providers.sandbox.world import Result


def legs(*rows: tuple[str, Result, int]) -> list[Leg]:
    return [
        Leg(str(number), "1|1|0", Decimal(odds), False, known_at, result)
        for number, (odds, result, known_at) in enumerate(rows)
    ]


def graded(taken: list[Leg], now: int = 10) -> Grade | None:
    return grade(taken, now=now, ordered=lambda match, code: None)


@pytest.mark.parametrize(
    ("taken", "result", "coefficient"),
    [
        (legs(("2.5", "won", 1)), "won", "2.5"),
        (legs(("2.5", "lost", 1)), "lost", "0"),
        (legs(("2.5", "void", 1)), "reduced", "1"),
        (legs(("4.27", "won", 1), ("1.12", "won", 1)), "won", "4.7824"),
        (legs(("4.27", "won", 1), ("1.12", "lost", 1)), "lost", "0"),
        (legs(("4.27", "won", 1), ("1.12", "void", 1)), "reduced", "4.27"),
        (legs(("4.27", "void", 1), ("1.12", "void", 1)), "reduced", "1"),
        (legs(("4.27", "void", 1), ("1.12", "lost", 1)), "lost", "0"),
    ],
)
def test_an_express_is_graded(taken: list[Leg], result: str, coefficient: str) -> None:
    assert graded(taken) == Grade(result, Decimal(coefficient))


def test_one_lost_leg_decides_before_the_others_are_known() -> None:
    assert graded(legs(("2", "lost", 5), ("2", "won", 99))) == Grade("lost", Decimal(0))


def test_a_coupon_stays_open_while_a_leg_could_still_lose_it() -> None:
    assert graded(legs(("2", "won", 5), ("2", "lost", 11))) is None


def test_an_ordered_result_goes_before_chance() -> None:
    result = grade(legs(("2", "lost", 5)), now=10, ordered=lambda match, code: "won")
    assert result == Grade("won", Decimal(2))


def test_amounts_are_rounded_half_up_to_cents() -> None:
    assert to_cents(Decimal("9.565")) == Decimal("9.57")
