"""The two ways in which gr8 says no: error codes, or a map of fields to what is wrong with them.

Source: `documents/gr8.txt`: "400 - Bad Request", "422 - Unprocessable Entity" and "Specific codes".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from providers import wire
from providers.contract import Rejected
from providers.gr8.protocol.codes import MEANINGS, UNCLEAR, Code, by_name, documented

_CODED = ("common", "specific", "specificV2")
_COMMON_FIELDS = frozenset({"code", "maxBetSum", "currency", "overaskBetAmount"})
_SPECIFIC_FIELDS = frozenset({"code", "itemIndex", "sourceOutcomeIndex", "marketParameter"})
_KNOWN_FIELDS = frozenset({"errors", "message"})
_CODE_TEXT = re.compile(r"\s*(\d{1,9})(?:\s*-.*)?", re.DOTALL)
_LONGEST = 300

# What gr8 calls a field, and what our own API does.
_OUR_FIELDS = {
    "amount": "stake",
    "bettype": "type",
    "systemsize": "system_size",
    "oddschangepolicy": "odds_policy",
    "marketchangepolicy": "options.market_policy",
    "isoverask": "options.overask",
    "amountlimitrelative": "options.amount_limit_relative",
    "transactionid": "id",
    "betid": "id",
    "currency": "currency",
    "x-player-currency": "currency",
    "x-channel": "options.channel",
    "x-player-id": "player",
    "externaluserid": "player",
    "operatoruserid": "external_id",
    "operatorusername": "username",
    "prematchamountlimitrelative": "prematch",
    "liveamountlimitrelative": "live",
    "eventid": "event_id",
    "sourceoutcomes": "legs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedError:
    """One error code; `item` and `outcome` count from 0, where it is about a single outcome."""

    number: int | None
    place: str
    item: int | None = None
    outcome: int | None = None
    market_parameter: Decimal | None = None

    @property
    def code(self) -> Code | None:
        return documented(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """All that an answer says of why not. `max_stake` is in `currency`, where it names one."""

    errors: tuple[CodedError, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    message: str = ""
    max_stake: Decimal | None = None
    overask_amount: Decimal | None = None
    currency: str = ""
    unknown_fields: tuple[str, ...] = ()
    unknown_values: tuple[str, ...] = ()

    @property
    def is_clear(self) -> bool:
        """Whether it says for certain that nothing was done."""
        codes = [error.code for error in self.errors]
        return bool(codes or self.fields) and not any(
            code is None or code in UNCLEAR for code in codes
        )

    @property
    def numbers(self) -> str:
        """The codes as they came, for staff."""
        found = dict.fromkeys(
            "?" if error.number is None else str(error.number) for error in self.errors
        )
        return ",".join(found)


def read_refusal(answer: Mapping[str, Any]) -> Refusal | None:
    """What the `errors` of an answer say; `None` where there are none that can be read."""
    errors = answer.get("errors")
    if not isinstance(errors, Mapping):
        return None
    common = errors.get("common")
    common = common if isinstance(common, Mapping) else {}
    specific = _specific(errors)
    coded = (*specific, *_common(common, is_all=not specific))
    fields = tuple(_field_messages(errors))
    if not coded and not fields:
        return None
    currency = common.get("currency")
    return Refusal(
        errors=coded,
        fields=fields,
        message=_text(answer.get("message")),
        max_stake=_amount(common.get("maxBetSum")),
        overask_amount=_amount(common.get("overaskBetAmount")),
        currency=currency if isinstance(currency, str) else "",
        unknown_fields=tuple(sorted(set(_unknown_fields(answer, errors)))),
        unknown_values=tuple(
            f"{error.place}={'?' if error.number is None else error.number}"
            for error in coded
            if error.code is None
        ),
    )


def rejected(refusal: Refusal, *, currency: str) -> Rejected:
    """The refusal in neutral words. What is about a single outcome goes before the rest.

    `currency` is that of the coupon: a highest stake in another one is not the coupon's.
    """
    first = next(iter(refusal.errors), None)
    meaning = MEANINGS[first.code] if first and first.code else None
    same_currency = refusal.currency in ("", currency)
    return Rejected(
        code=meaning.code if meaning else ("provider_refused" if first else "wrong_bet_data"),
        message=" ".join(_sentences(refusal)) or "gr8 refused it.",
        provider_code=refusal.numbers,
        max_stake=refusal.max_stake if same_currency else None,
        fields=tuple(our_field(name) for name, _ in refusal.fields),
    )


def our_field(name: str) -> str:
    """What our API calls a field: `items[0].sourceOutcomes[1].odds` is `items[0].legs[1].odds`.

    Some servers write `$.items[0]` where a value cannot be read at all.
    """
    parts = []
    for part in name.removeprefix("$.").split("."):
        word, bracket, index = part.partition("[")
        parts.append(_OUR_FIELDS.get(word.lower(), _lower_first(word)) + bracket + index)
    return ".".join(parts)[:_LONGEST]


def _specific(errors: Mapping[str, Any]) -> tuple[CodedError, ...]:
    """From `specificV2`; the older `specific` counts only without it."""
    second = _listed(errors.get("specificV2"), "errors.specificV2[].code")
    return tuple(second) or tuple(_listed(errors.get("specific"), "errors.specific[].code"))


def _listed(value: Any, place: str) -> Iterator[CodedError]:
    """A list of errors, or a map of them by the index of their item."""
    if isinstance(value, Mapping):
        pairs = [(wire.as_whole(key), entry) for key, entry in value.items()]
    else:
        pairs = [(None, entry) for entry in value] if isinstance(value, list) else []
    for index, entry in pairs:
        if isinstance(entry, Mapping):
            yield CodedError(
                number=_number(entry.get("code")),
                place=place,
                item=wire.as_whole(entry.get("itemIndex")) if index is None else index,
                outcome=wire.as_whole(entry.get("sourceOutcomeIndex")),
                market_parameter=wire.as_decimal(entry.get("marketParameter")),
            )


def _common(common: Mapping[str, Any], *, is_all: bool) -> tuple[CodedError, ...]:
    """Beside codes of single outcomes it may hold the limits alone, and adds no code of its own."""
    if not common or (common.get("code") is None and not is_all):
        return ()
    return (CodedError(number=_number(common.get("code")), place="errors.common.code"),)


def _number(value: Any) -> int | None:
    """From 37, `37`, `37-BetSumLessOverask` or `BetSumLessOverask`."""
    if isinstance(value, str):
        found = _CODE_TEXT.fullmatch(value)
        return int(found[1]) if found else by_name(value)
    return wire.as_whole(value)


def _field_messages(errors: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields and what is wrong with them, which is a text or a list of texts."""
    for name, messages in errors.items():
        texts = messages if isinstance(messages, list) else [messages]
        if name not in _CODED and texts and all(isinstance(text, str) for text in texts):
            yield str(name)[:_LONGEST], " ".join(texts)[:_LONGEST]


def _sentences(refusal: Refusal) -> Iterator[str]:
    for error in refusal.errors:
        words = MEANINGS[error.code].words if error.code else "gr8 refused it."
        where = "" if error.item is None else f"Item {error.item}: "
        now = "" if error.market_parameter is None else f" It is {error.market_parameter} now."
        yield f"{where}{words}{now}"
    if refusal.max_stake is not None:
        yield f"The highest stake is {refusal.max_stake} {refusal.currency}.".replace(" .", ".")
    if refusal.overask_amount is not None:
        # The sample names the document's "minimum Overask amount ($100)" in the other currency.
        least = f"{refusal.overask_amount} {refusal.currency}".rstrip()
        yield f"Traders look at overasks from {least} on."
    for name, text in refusal.fields:
        yield f"{our_field(name)}: {text}"


def _unknown_fields(answer: Mapping[str, Any], errors: Mapping[str, Any]) -> Iterator[str]:
    yield from (name for name in answer if name not in _KNOWN_FIELDS)
    named = {name for name, _ in _field_messages(errors)}
    yield from (f"errors.{name}" for name in errors if name not in (*_CODED, *named))
    if isinstance(errors.get("common"), Mapping):
        yield from (f"errors.common.{name}" for name in errors["common"].keys() - _COMMON_FIELDS)
    for part in ("specific", "specificV2"):
        listed = errors.get(part)
        entries = listed.values() if isinstance(listed, Mapping) else listed or ()
        for entry in entries if not isinstance(entries, str | int | Decimal) else ():
            if isinstance(entry, Mapping):
                yield from (f"errors.{part}[].{name}" for name in entry.keys() - _SPECIFIC_FIELDS)


def _amount(value: Any) -> Decimal | None:
    number = wire.as_decimal(value)
    return number if number is not None and number >= 0 else None


def _text(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def _lower_first(word: str) -> str:
    return word[:1].lower() + word[1:]
