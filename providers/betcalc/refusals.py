"""betcalc's error codes and words, as neutral codes and in words that people read.

Source: `documents/betcalc.txt`, the table of error codes.
"""

_BY_MESSAGE = {
    "error_wrong_bet_data": "wrong_bet_data",
    "error_block_bet_data": "bet_blocked",
    "error_repeat_bet_data": "repeated_selection",
}
_BY_CODE = {2: "odds_changed", 3: "selection_not_found"}
_IN_WORDS = {
    "wrong_bet_data": "The bet data are wrong",
    "bet_blocked": "The bet is blocked for the moment",
    "repeated_selection": "Two outcomes of one match cannot be combined",
    "selection_not_found": "The selection is no longer on offer",
}


def neutral_code(*, full_code: int | None, message: str) -> str:
    """The neutral code of a refusal; `provider_refused` for one that no document names."""
    if full_code == 99:
        return "provider_misconfigured"
    if full_code == 1:
        return _BY_MESSAGE.get(message.strip().lower(), "provider_refused")
    return _BY_CODE.get(full_code or 0, "provider_refused")


def in_words(*, code: str, message: str) -> str:
    """What to tell people: bare error words, such as `error_exist_bet`, say nothing to them."""
    words = _IN_WORDS.get(code)
    if words is None:
        return message or code
    return f"{words} ({message})." if message else f"{words}."
