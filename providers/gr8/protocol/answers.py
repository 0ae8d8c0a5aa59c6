"""What gr8's answers say: a bet taken or refused, a highest stake, something done or not.

Source: `documents/gr8.txt`, the responses of each call. An answer that the document does not
describe is never a refusal: the bet may exist.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from providers import wire
from providers.contract import (
    Accepted,
    BetSlip,
    Done,
    MalformedPayload,
    Quote,
    Rejected,
    Selection,
    Unknown,
)
from providers.gr8.protocol.refusals import Refusal, read_refusal, rejected

_REFUSALS = (400, 422)
_PLACED_FIELDS = frozenset(
    {"betId", "betOdd", "betDate", "offerType", "possiblePayout", "items", "specialBetTypes"}
)
_ITEM_FIELDS = frozenset({"acceptedOdd", "sourceOutcomeSelectionKeys"})
_QUOTE_FIELDS = frozenset({"maxBet", "isVipEnabled", "reason"})
_OFFER_TYPES = ("BonusAmount", "BetCondition", "BetInsurance", "BetCollection", "FreeBet")
_TAKEN_AS = {"Overask": "Taken as an overask, a VIP's bet above the limit."}
_OVERASK_UNCLEAR = "It was asked as an overask: gr8's traders may still decide on it."
_LONGEST = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[T]):
    """What an answer means, and what in it the document does not know."""

    meaning: T
    unknown_fields: tuple[str, ...] = ()
    unknown_values: tuple[str, ...] = ()


def read_placement(
    *, status: int, body: bytes, slip: BetSlip
) -> Reading[Accepted | Rejected | Unknown]:
    """What became of a bet ("Response", "400 - Bad Request")."""
    answer = _object(body)
    if answer is None:
        return Reading(meaning=_unreadable(status))
    refusal = read_refusal(answer)
    bet_id = _text(answer.get("betId"))
    if 200 <= status < 300 and not answer.get("errors") and bet_id:
        return _accepted(answer, slip)
    if status in _REFUSALS and refusal is not None and not bet_id:
        return _refused(refusal, currency=slip.currency)
    return Reading(meaning=_unreadable(status))


def of_overask(unclear: Unknown) -> Unknown:
    """No clear answer to an overask, which the document says is processed differently."""
    return replace(unclear, reason=f"{unclear.reason.rstrip('.')}. {_OVERASK_UNCLEAR}")


def read_quote(*, status: int, body: bytes, slip: BetSlip) -> Reading[Quote | Rejected | Unknown]:
    """The highest stake ("Getting max amount of bet")."""
    answer = _object(body)
    if answer is None:
        return Reading(meaning=_unreadable(status))
    refusal = read_refusal(answer)
    if status in _REFUSALS and refusal is not None:
        # No bet is asked for, so that even a code that nobody knows is a plain no.
        return _reading(rejected(refusal, currency=slip.currency), refusal)
    most = wire.as_decimal(answer.get("maxBet"))
    if not 200 <= status < 300 or most is None or most < 0:
        return Reading(meaning=_unreadable(status))
    return Reading(
        meaning=Quote(
            max_stake=most,
            vip=_is_true(answer.get("isVipEnabled")),
            reason=_text(answer.get("reason")),
        ),
        unknown_fields=tuple(sorted(answer.keys() - _QUOTE_FIELDS)),
    )


def read_deed(*, status: int, body: bytes) -> Reading[Done | Rejected | Unknown]:
    """Whether something was done. What a success says is not documented, so nothing is read.

    It is none with errors in it, or if it is not JSON: that is a page of somebody in between.
    """
    answer = _object(body)
    if 200 <= status < 300 and _may_be_success(body):
        done = Done(note=f"gr8 answered with HTTP {status}.")
        return Reading(meaning=done, unknown_fields=tuple(sorted(answer or ())))
    refusal = None if answer is None else read_refusal(answer)
    if status not in _REFUSALS or refusal is None:
        return Reading(meaning=_unreadable(status))
    return _refused(refusal, currency="")


def read_registration(*, status: int, body: bytes) -> Reading[Done | Rejected | Unknown]:
    """As `read_deed`; a player whom gr8 says it knows already is registered."""
    reading = read_deed(status=status, body=body)
    answer = _object(body)
    refusal = None if answer is None else read_refusal(answer)
    known = refusal is not None and not refusal.errors and _says_already(refusal)
    if isinstance(reading.meaning, Rejected) and known:
        return Reading(meaning=Done(note=f"gr8 knows the player: {reading.meaning.message}"))
    return reading


def _says_already(refusal: Refusal) -> bool:
    """Every complaint is that the player's id is taken (how a repeat is answered is open)."""
    return all(
        name.lower() in ("externaluserid", "operatoruserid") and "already" in text.lower()
        for name, text in refusal.fields
    )


def _accepted(answer: Mapping[str, Any], slip: BetSlip) -> Reading[Accepted | Rejected | Unknown]:
    bet_id = _text(answer.get("betId"))
    listed = _listed(answer.get("items"))
    meaning: Accepted | Unknown
    if _uuid(bet_id) == slip.coupon_id:
        odds, moved = _item_odds(listed, slip)
        payout = wire.as_decimal(answer.get("possiblePayout"))
        meaning = Accepted(
            reference=str(slip.coupon_id),
            odds=_odds(answer.get("betOdd")),
            item_odds=odds,
            # Nothing is no payout that could be promised.
            potential_payout=payout if payout and payout > 0 else None,
            notes=(*moved, *_notes(answer)),
        )
    else:
        # Whatever gr8 took, it is not under the id by which results and returns will name it.
        meaning = Unknown(reason=f"gr8 accepted a bet under another id, {bet_id!r}", final=True)
    return Reading(
        meaning=meaning,
        unknown_fields=tuple(sorted(set(_unknown_fields(answer, listed)))),
        unknown_values=tuple(_unknown_values(answer)),
    )


def _refused(refusal: Refusal, *, currency: str) -> Reading[Any]:
    if refusal.is_clear:
        return _reading(rejected(refusal, currency=currency), refusal)
    words = rejected(refusal, currency=currency)
    reason = f"gr8 answered with code {refusal.numbers}, which leaves it open: {words.message}"
    return _reading(Unknown(reason=reason), refusal)


def _reading(meaning: Any, refusal: Refusal) -> Reading[Any]:
    return Reading(
        meaning=meaning,
        unknown_fields=refusal.unknown_fields,
        unknown_values=refusal.unknown_values,
    )


def _item_odds(
    listed: Sequence[Mapping[str, Any]], slip: BetSlip
) -> tuple[tuple[Decimal | None, ...], tuple[str, ...]]:
    """The accepted odds of each selection, and notes on outcomes that gr8 took for others."""
    waiting = list(listed)
    found: list[Mapping[str, Any] | None] = []
    for selection in slip.selections:
        keys = _asked_keys(selection)
        match = next((entry for entry in waiting if _keys(entry) == keys), None)
        if match is not None:
            waiting.remove(match)
        found.append(match)
    # With a market that may move the keys change, and only the order is left to go by.
    if len(listed) == len(slip.selections):
        found = [entry or (waiting.pop(0) if waiting else None) for entry in found]
    odds = tuple(None if entry is None else _odds(entry.get("acceptedOdd")) for entry in found)
    return odds, tuple(_moved(found, slip))


def _moved(found: Sequence[Mapping[str, Any] | None], slip: BetSlip) -> Iterator[str]:
    for index, (entry, selection) in enumerate(zip(found, slip.selections, strict=True)):
        keys = frozenset() if entry is None else _keys(entry)
        if keys and keys != _asked_keys(selection):
            yield f"item {index} was taken as {', '.join(sorted(keys))}"[:_LONGEST]


def _asked_keys(selection: Selection) -> frozenset[str]:
    return frozenset(leg.selection for leg in selection.legs) or frozenset({selection.selection})


def _keys(entry: Mapping[str, Any]) -> frozenset[str]:
    keys = entry.get("sourceOutcomeSelectionKeys")
    listed = keys if isinstance(keys, list) else []
    return frozenset(key for key in listed if isinstance(key, str))


def _notes(answer: Mapping[str, Any]) -> Iterator[str]:
    offer = _offer_type(answer)
    if offer:
        yield f"offer: {offer}"
    for special in _special_types(answer):
        yield _TAKEN_AS.get(special, f"special bet: {special}")


def _offer_type(answer: Mapping[str, Any]) -> str:
    """By name; the document numbers the names too."""
    value = answer.get("offerType")
    number = wire.as_whole(value)
    if number is not None and 0 <= number < len(_OFFER_TYPES):
        return _OFFER_TYPES[number]
    return "" if value is None else str(value)[:_LONGEST]


def _special_types(answer: Mapping[str, Any]) -> list[str]:
    value = answer.get("specialBetTypes")
    return [str(each)[:_LONGEST] for each in value] if isinstance(value, list) else []


def _unknown_values(answer: Mapping[str, Any]) -> Iterator[str]:
    offer = _offer_type(answer)
    if offer and offer not in _OFFER_TYPES:
        yield f"offerType={offer}"
    for special in _special_types(answer):
        if special not in _TAKEN_AS:
            yield f"specialBetTypes={special}"


def _unknown_fields(
    answer: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    yield from answer.keys() - _PLACED_FIELDS
    for entry in listed:
        yield from (f"items[].{name}" for name in entry.keys() - _ITEM_FIELDS)


def _unreadable(status: int) -> Unknown:
    return Unknown(reason=f"HTTP {status} with an answer that is neither yes nor no")


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = wire.loads(body)
    except MalformedPayload:
        return None
    return value if isinstance(value, dict) else None


def _may_be_success(body: bytes) -> bool:
    """Nothing at all, or JSON that names no errors."""
    try:
        value = wire.loads(body) if body.strip() else None
    except MalformedPayload:
        return False
    return not (isinstance(value, dict) and value.get("errors"))


def _listed(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _odds(value: Any) -> Decimal | None:
    number = wire.as_decimal(value)
    return number if number is not None and number >= 1 else None


def _text(value: Any) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""


def _is_true(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
