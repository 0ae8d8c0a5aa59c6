"""Every error code of the document has a name and plain words."""

import pytest

from providers.gr8.protocol.codes import MEANINGS, UNCLEAR, Code, by_name, documented

# The document's tables, as it writes them.
DOCUMENT = {
    1: "Unknown",
    2: "NotEnoughMoney",
    3: "CoefficientChanged",
    5: "StakeSuspended",
    6: "MaximumAmountExceeded",
    10: "ExpressOutcomesLowerLimit",
    11: "OrdinarBetsOnly",
    12: "EventStarted",
    14: "BetParameterChanged",
    15: "BetPlacementStopped",
    21: "MinimalBetSum",
    23: "NotVerifiedUser",
    25: "WrongLoginPassword",
    27: "TooManyBetsForEvent",
    29: "BetItemsDependent",
    33: "TechnicalTimeOut",
    34: "ExpressItemsUpperBound",
    36: "BetSumOverOverask",
    37: "BetSumLessOverask",
    38: "DiffBetweenMaxBetBetSumLessOveraskSum",
    39: "OveraskDisallowed",
    40: "BetWasAlreadySettled",
    42: "MarketParameterChanged",
    51: "InvalidFreeBet",
    52: "FreeBetExpired",
    53: "FreeBetAlreadyUsed",
    54: "FreeBetNotFound",
    61: "LimitIsExceededDuringTheAddingItems",
    63: "UnverifiedPlayerBlock",
    80: "BetPlacementStoppedByAntiFraud",
    90: "InvalidFreeBetEventStage",
    91: "InvalidFreeBetBetType",
    92: "InvalidFreeBetSportType",
    93: "BetAlreadyProcessed",
    94: "NotEnoughMoneyBonus",
    95: "TooManyFreeBetsPerEvent",
    96: "NotEnoughMoneyWithoutBonus",
    97: "BetBuilderCoefficientChanged",
    98: "BetBuilderSelectionExpired",
    99: "BetBuilderNotAvailable",
    100: "ResponsibleLimitExceeded",
    1000: "UnknownEventId",
    1001: "UnsupportedSport",
    1002: "UnsupportedOutcomeKey",
}


def test_the_codes_are_those_of_the_document():
    assert {code.value for code in Code} == DOCUMENT.keys()
    assert {number: by_name(name) for number, name in DOCUMENT.items()} == {
        number: Code(number) for number in DOCUMENT
    }


def test_each_is_explained():
    assert MEANINGS.keys() == set(Code)
    assert all(len(meaning.words.split()) >= 4 for meaning in MEANINGS.values())
    assert all(meaning.code for meaning in MEANINGS.values())


def test_three_leave_it_open_whether_the_bet_exists():
    assert {code.value for code in UNCLEAR} == {1, 33, 93}


@pytest.mark.parametrize("number", [None, 0, -1, 4, 777, 10**9])
def test_what_no_table_has_is_no_code(number):
    assert documented(number) is None
