"""gr8's error codes: named, in plain words, and as neutral codes.

Source: `documents/gr8.txt`, the tables of error codes below "Bet placement" and "Specific codes".
"""

from dataclasses import dataclass
from enum import IntEnum


class Code(IntEnum):
    """Every error code of the document, by its name there."""

    # General.
    UNKNOWN = 1
    COEFFICIENT_CHANGED = 3
    MAXIMUM_AMOUNT_EXCEEDED = 6
    EXPRESS_OUTCOMES_LOWER_LIMIT = 10
    ORDINAR_BETS_ONLY = 11
    BET_PLACEMENT_STOPPED = 15
    MINIMAL_BET_SUM = 21
    TOO_MANY_BETS_FOR_EVENT = 27
    BET_ITEMS_DEPENDENT = 29
    TECHNICAL_TIME_OUT = 33
    EXPRESS_ITEMS_UPPER_BOUND = 34
    MARKET_PARAMETER_CHANGED = 42
    BET_PLACEMENT_STOPPED_BY_ANTI_FRAUD = 80
    BET_ALREADY_PROCESSED = 93
    # Where the GR8 Tech wallet is used.
    NOT_ENOUGH_MONEY = 2
    NOT_VERIFIED_USER = 23
    WRONG_LOGIN_PASSWORD = 25
    UNVERIFIED_PLAYER_BLOCK = 63
    RESPONSIBLE_LIMIT_EXCEEDED = 100
    # Where open bets are turned on.
    BET_WAS_ALREADY_SETTLED = 40
    LIMIT_IS_EXCEEDED_DURING_THE_ADDING_ITEMS = 61
    # Where overask is turned on.
    BET_SUM_OVER_OVERASK = 36
    BET_SUM_LESS_OVERASK = 37
    DIFF_BETWEEN_MAX_BET_BET_SUM_LESS_OVERASK_SUM = 38
    OVERASK_DISALLOWED = 39
    # Where free bets are turned on.
    INVALID_FREE_BET = 51
    FREE_BET_EXPIRED = 52
    FREE_BET_ALREADY_USED = 53
    FREE_BET_NOT_FOUND = 54
    INVALID_FREE_BET_EVENT_STAGE = 90
    INVALID_FREE_BET_BET_TYPE = 91
    INVALID_FREE_BET_SPORT_TYPE = 92
    TOO_MANY_FREE_BETS_PER_EVENT = 95
    # Where bonuses are turned on.
    NOT_ENOUGH_MONEY_BONUS = 94
    NOT_ENOUGH_MONEY_WITHOUT_BONUS = 96
    # Where bet builders are turned on.
    BET_BUILDER_COEFFICIENT_CHANGED = 97
    BET_BUILDER_SELECTION_EXPIRED = 98
    BET_BUILDER_NOT_AVAILABLE = 99
    # Of single outcomes only ("Specific codes").
    STAKE_SUSPENDED = 5
    EVENT_STARTED = 12
    BET_PARAMETER_CHANGED = 14
    UNKNOWN_EVENT_ID = 1000
    UNSUPPORTED_SPORT = 1001
    UNSUPPORTED_OUTCOME_KEY = 1002


@dataclass(frozen=True, slots=True)
class Meaning:
    """`code` is neutral, `words` are for people."""

    code: str
    words: str


MEANINGS: dict[Code, Meaning] = {
    Code.UNKNOWN: Meaning("provider_refused", "A technical error at gr8."),
    Code.COEFFICIENT_CHANGED: Meaning(
        "odds_changed", "The odds have changed and the player did not agree to that."
    ),
    Code.MAXIMUM_AMOUNT_EXCEEDED: Meaning(
        "stake_too_high", "The number or the amount of allowed bets is exceeded."
    ),
    Code.EXPRESS_OUTCOMES_LOWER_LIMIT: Meaning(
        "too_few_selections", "The express has fewer outcomes than the line of an outcome demands."
    ),
    Code.ORDINAR_BETS_ONLY: Meaning("singles_only", "The outcome is offered for singles only."),
    Code.BET_PLACEMENT_STOPPED: Meaning(
        "bet_blocked",
        "Bets are stopped for the moment: the event is suspended, its market is calculated "
        "already, or there is a technical problem.",
    ),
    Code.MINIMAL_BET_SUM: Meaning("stake_too_low", "The stake is below the minimum."),
    Code.TOO_MANY_BETS_FOR_EVENT: Meaning(
        "too_many_bets", "The player has reached the number of bets on this event."
    ),
    Code.BET_ITEMS_DEPENDENT: Meaning(
        "repeated_selection", "Outcomes that depend on each other cannot be combined."
    ),
    Code.TECHNICAL_TIME_OUT: Meaning(
        "provider_refused", "gr8 ran out of time: the bet is either accepted or rejected."
    ),
    Code.EXPRESS_ITEMS_UPPER_BOUND: Meaning(
        "too_many_selections", "An express cannot have that many outcomes."
    ),
    Code.MARKET_PARAMETER_CHANGED: Meaning(
        "market_changed",
        "The market's parameter has changed and the player did not agree to that.",
    ),
    Code.BET_PLACEMENT_STOPPED_BY_ANTI_FRAUD: Meaning(
        "refused_by_risk", "gr8's anti-fraud operator refused the bet."
    ),
    Code.BET_ALREADY_PROCESSED: Meaning(
        "provider_refused", "A bet with this id was processed already."
    ),
    Code.NOT_ENOUGH_MONEY: Meaning(
        "insufficient_funds", "The balance that gr8 sees is below the stake."
    ),
    Code.NOT_VERIFIED_USER: Meaning("player_not_verified", "gr8 has not verified the player."),
    Code.WRONG_LOGIN_PASSWORD: Meaning(
        "provider_credentials_refused", "gr8 refused the authorization of the bet."
    ),
    Code.UNVERIFIED_PLAYER_BLOCK: Meaning(
        "player_not_verified", "Bets are blocked until the player's account is verified."
    ),
    Code.RESPONSIBLE_LIMIT_EXCEEDED: Meaning(
        "player_limit_reached", "The player's own loss limit is exceeded."
    ),
    Code.BET_WAS_ALREADY_SETTLED: Meaning(
        "bet_already_settled", "The bet that was to be changed is calculated already."
    ),
    Code.LIMIT_IS_EXCEEDED_DURING_THE_ADDING_ITEMS: Meaning(
        "stake_too_high", "With the added outcomes the bet is above its limits."
    ),
    Code.BET_SUM_OVER_OVERASK: Meaning(
        "stake_too_high",
        "The stake is above the highest allowed, and high enough to be offered as an overask.",
    ),
    Code.BET_SUM_LESS_OVERASK: Meaning(
        "stake_too_high",
        "The stake is above the highest allowed, and below the least amount of an overask.",
    ),
    Code.DIFF_BETWEEN_MAX_BET_BET_SUM_LESS_OVERASK_SUM: Meaning(
        "stake_too_high",
        "The stake is above the highest allowed by less than the least amount of an overask.",
    ),
    Code.OVERASK_DISALLOWED: Meaning(
        "overask_not_allowed",
        "No overask is allowed: the player may not, the event does not take any, or it begins "
        "within five minutes.",
    ),
    Code.INVALID_FREE_BET: Meaning(
        "free_bet_not_valid", "The bet does not meet the conditions of the free bet."
    ),
    Code.FREE_BET_EXPIRED: Meaning("free_bet_not_valid", "The free bet has expired."),
    Code.FREE_BET_ALREADY_USED: Meaning("free_bet_not_valid", "The free bet is used already."),
    Code.FREE_BET_NOT_FOUND: Meaning("free_bet_not_valid", "There is no such free bet."),
    Code.INVALID_FREE_BET_EVENT_STAGE: Meaning(
        "free_bet_not_valid", "The free bet is not for this stage of an event, live or before it."
    ),
    Code.INVALID_FREE_BET_BET_TYPE: Meaning(
        "free_bet_not_valid", "The free bet is not for this type of bet."
    ),
    Code.INVALID_FREE_BET_SPORT_TYPE: Meaning(
        "free_bet_not_valid", "The free bet is not for this sport."
    ),
    Code.TOO_MANY_FREE_BETS_PER_EVENT: Meaning(
        "free_bet_not_valid", "The number of free bets on this event is exceeded."
    ),
    Code.NOT_ENOUGH_MONEY_BONUS: Meaning(
        "insufficient_funds", "Only a part of the bonus may be used for this bet."
    ),
    Code.NOT_ENOUGH_MONEY_WITHOUT_BONUS: Meaning(
        "insufficient_funds", "The bonus may not be used for this bet."
    ),
    Code.BET_BUILDER_COEFFICIENT_CHANGED: Meaning(
        "odds_changed", "The odds of the bet builder have changed."
    ),
    Code.BET_BUILDER_SELECTION_EXPIRED: Meaning(
        "selection_not_found", "A market of the bet builder is no longer on offer."
    ),
    Code.BET_BUILDER_NOT_AVAILABLE: Meaning(
        "bet_builder_not_available", "The bet builder takes no bets at the moment."
    ),
    Code.STAKE_SUSPENDED: Meaning("bet_blocked", "The outcome is suspended for the moment."),
    Code.EVENT_STARTED: Meaning("event_started", "The event has begun."),
    Code.BET_PARAMETER_CHANGED: Meaning("market_changed", "A parameter of the bet has changed."),
    Code.UNKNOWN_EVENT_ID: Meaning("selection_not_found", "gr8 does not know the event."),
    Code.UNSUPPORTED_SPORT: Meaning("sport_not_supported", "gr8 takes no bets on this sport."),
    Code.UNSUPPORTED_OUTCOME_KEY: Meaning(
        "selection_not_found", "gr8 does not know the outcome's key."
    ),
}

# After these the bet may exist all the same, so they are no refusal.
UNCLEAR = frozenset({Code.UNKNOWN, Code.TECHNICAL_TIME_OUT, Code.BET_ALREADY_PROCESSED})

_BY_NAME = {code.name.replace("_", "").lower(): code for code in Code}


def documented(number: int | None) -> Code | None:
    """The code of this number, if the document has it."""
    try:
        return Code(number) if number is not None else None
    except ValueError:
        return None


def by_name(name: str) -> Code | None:
    """The code of this name, as `CoefficientChanged`."""
    return _BY_NAME.get(name.strip().lower())
