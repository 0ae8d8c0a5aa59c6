from collections import Counter
from decimal import Decimal

import pytest

from providers.sandbox.world import DOCUMENT_MATCH, Match, World

START = 1_800_000_000
MATCH_S = 40


def world(seed: int = 1) -> World:
    return World(seed=seed, match_s=MATCH_S, started_at=START)


def many_matches(seed: int = 1) -> list[Match]:
    one = world(seed)
    by_id = {match.id: match for step in range(200) for match in one.matches(now=START + step * 20)}
    return list(by_id.values())


def test_the_same_seed_gives_the_same_world() -> None:
    assert list(world(7).offers(now=START + 33)) == list(world(7).offers(now=START + 33))


def test_another_seed_gives_another_world() -> None:
    assert list(world(7).offers(now=START + 33)) != list(world(8).offers(now=START + 33))


def test_at_every_moment_there_is_something_to_take_before_and_during_a_match() -> None:
    one = world()
    for second in range(400):
        open_offers = [
            offer
            for offer in one.offers(now=START + second)
            if offer.match_id != DOCUMENT_MATCH and not offer.blocked
        ]
        assert {offer.is_live for offer in open_offers} == {True, False}


def test_a_finished_match_makes_room_for_a_new_one() -> None:
    one = world()
    before = {match.id for match in one.matches(now=START)}
    after = {match.id for match in one.matches(now=START + MATCH_S)}
    assert len(before) == len(after) == 8
    assert not before & after


def test_every_match_ends_within_one_length_of_being_offered() -> None:
    for second in range(0, 200, 7):
        now = START + second
        for offer in world().offers(now=now):
            assert now < offer.ends_at <= now + MATCH_S


def test_the_line_offer_ends_with_the_kick_off() -> None:
    one = world()
    match = one.matches(now=START)[0]
    before = {"now": match.kick_off_at - 1, "is_live": False}
    after = {"now": match.kick_off_at + 1, "is_live": False}
    assert one.find(match.id, "1|1|0", **before) is not None
    assert one.find(match.id, "1|1|0", **after) is None
    assert one.find(match.id, "1|1|0", **{**after, "is_live": True}) is not None


def test_betting_is_blocked_shortly_before_the_end() -> None:
    one = world()
    match = one.matches(now=START)[0]
    late = one.find(match.id, "1|1|0", is_live=True, now=match.finishes_at - 1)
    assert late is not None
    assert late.blocked


@pytest.mark.parametrize("is_live", [True, False])
@pytest.mark.parametrize(("code", "odds"), [("17|954|2.5", "4.27"), ("87|4|0", "1.12")])
@pytest.mark.parametrize("second", [0, 39, 41, 100_000])
def test_the_documents_selections_are_always_there_at_its_odds(
    code: str, odds: str, is_live: bool, second: int
) -> None:
    offer = world().find("586464528", code, is_live=is_live, now=START + second)
    assert offer is not None
    assert (offer.odds, offer.blocked) == (Decimal(odds), False)
    assert offer.ends_at == START + second + MATCH_S


@pytest.mark.parametrize(("match", "code"), [("586464528", "1|1|0"), ("1", "17|954|2.5")])
def test_what_is_not_offered_is_not_found(match: str, code: str) -> None:
    assert world().find(match, code, is_live=False, now=START) is None


def test_odds_drift_while_a_match_runs_and_stay_above_one() -> None:
    one = world()
    drifted = set()
    for match in one.matches(now=START):
        seen = {
            offer.odds
            for second in range(MATCH_S)
            for offer in one.offers(now=match.opens_at + second)
            if (offer.match_id, offer.code) == (match.id, "1|1|0")
        }
        assert min(seen) > 1
        drifted.add(len(seen) > 1)
    assert True in drifted


def test_the_results_of_a_match_agree_with_each_other() -> None:
    for match in many_matches():
        results = {code: selection.result for code, selection in match.selections.items()}
        winner = Counter(results[code] for code in ("1|1|0", "1|2|0", "1|3|0"))
        if winner["void"]:
            assert set(results.values()) == {"void"}
            continue
        assert (winner["won"], winner["lost"]) == (1, 2)
        assert {results["4|1|2.5"], results["4|2|2.5"]} == {"won", "lost"}
        drawn = results["1|2|0"] == "won"
        assert (results["2|7|0"] == "void") is (results["2|8|0"] == "void") is drawn


def test_every_result_comes_up() -> None:
    results = Counter(
        selection.result for match in many_matches() for selection in match.selections.values()
    )
    assert min(results["won"], results["lost"], results["void"]) > 10


def test_an_ordered_result_holds_until_it_is_left_to_chance_again() -> None:
    one = world()
    one.order_result("586464528", "87|4|0", "void")
    assert one.ordered_result("586464528", "87|4|0") == "void"
    one.order_result("586464528", "87|4|0", None)
    assert one.ordered_result("586464528", "87|4|0") is None
