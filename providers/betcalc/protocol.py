"""The wire of betcalc: requests built, responses and results read. No I/O.

Source: `documents/betcalc.txt` and the page beside it. Amounts are major units: texts in
requests, numbers in responses and results.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from providers import wire
from providers.betcalc import refusals
from providers.betcalc.documented import read_object
from providers.contract import (
    LONGEST_REFERENCE,
    Accepted,
    BetSlip,
    ChangedOdds,
    CouponType,
    Inbound,
    OddsPolicy,
    Outcome,
    Parsed,
    Refused,
    Rejected,
    Reply,
    Selection,
    Settle,
    Unknown,
    Verdict,
)

LOGIN_PATH = "/WebServices/BCService.asmx/LogIn/"
PLACE_PATH = "/bet/place/"
RESULT_PATH = "/api/bet/result"
LEAST_FIXED_AMOUNT = Decimal(1000)

_MOST_SELECTIONS = 50
_LONGEST_BAR_CODE = 2**20


# --- login --------------------------------------------------------------------------------------


def login_body(*, login: str, password: str) -> dict[str, str]:
    return {"login": login, "password": password}


def logged_in(body: bytes) -> bool | None:
    """Whether the answer to a login says yes, no, or (`None`) nothing that can be read."""
    answer = read_object(body)
    if answer is None or not isinstance(answer.get("d"), dict):
        return None
    return bool(answer["d"].get("UserId"))


# --- placement ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AmountMode:
    """Which amount betcalc is told: the stake, or always the same (stake confidentiality)."""

    fixed: Decimal | None

    def told(self, stake: Decimal) -> Decimal:
        return stake if self.fixed is None else self.fixed

    @classmethod
    def read(cls, text: str) -> "AmountMode":
        """From `real` or `fixed:<amount>`."""
        _, _, amount = text.partition(":")
        return cls(fixed=Decimal(amount) if amount else None)


@dataclass(frozen=True, slots=True)
class SessionLost:
    """Refused for want of a valid session: log in again, then the bet may be sent once more."""

    message: str


def check_slip(slip: BetSlip) -> Rejected | None:
    """Refuse what has no form on this wire."""
    if slip.type not in (CouponType.SINGLE, CouponType.EXPRESS):
        return Rejected(
            code="coupon_type_not_supported", message="betcalc takes singles and expresses only"
        )
    if not 1 <= len(slip.selections) <= _MOST_SELECTIONS:
        return Rejected(
            code="wrong_bet_data", message=f"a coupon has 1 to {_MOST_SELECTIONS} selections"
        )
    for index, selection in enumerate(slip.selections):
        if not _sendable(selection):
            return Rejected(
                code="wrong_bet_data",
                message=(
                    f"Item {index + 1} cannot be sent: betcalc's events and bet codes have plain "
                    "characters, no # and no blanks around them, and an event has no |"
                ),
            )
    return None


def place_body(slip: BetSlip, *, lang: str) -> dict[str, Any]:
    """The request of a placement (documents/betcalc.txt, "list_bets")."""
    return {
        "data": {
            "list_bets": [bet_code(selection) for selection in slip.selections],
            "realAmount": wire.decimal_text(_told(slip)),
            "currency": slip.currency,
            "lang": lang,
            "remote_host": slip.callback_url,
            "rate_mode": rate_mode(slip.odds_policy),
        }
    }


def _told(slip: BetSlip) -> Decimal:
    return slip.stake if slip.told_stake is None else slip.told_stake


def bet_code(selection: Selection) -> str:
    """As `line#586464528|17|954|2.5#4.27`."""
    kind = "live" if selection.is_live else "line"
    odds = wire.decimal_text(selection.asked_odds)
    return f"{kind}#{selection.event_id}|{selection.selection}#{odds}"


def rate_mode(policy: OddsPolicy) -> str:
    """The wire knows no "only if they rise": such a change is handed back, never taken unasked."""
    return "accept" if policy is OddsPolicy.ANY else "reject"


def read_placement(
    *, status: int, body: bytes, slip: BetSlip
) -> Accepted | Rejected | Unknown | SessionLost:
    """What the answer to a placement says. What cannot be read is never a refusal."""
    answer = read_object(body)
    head = None if answer is None else _head(answer)
    if head is None or not (200 <= status < 300 or 400 <= status < 500):
        return Unknown(reason=f"HTTP {status} with a body that cannot be read")
    code, full_code = wire.as_whole(head.get("errorcode")), _full_code(head)
    bet_code = _bet_code(head)
    if code == 0 and full_code in (0, None) and bet_code and status < 300:
        return _accepted(head, bet_code=bet_code, slip=slip)
    if code in (0, None) or bet_code:
        return Unknown(reason=f"HTTP {status} with an answer that is neither yes nor no")
    if full_code is None and not _message(head):
        return Unknown(reason=f"HTTP {status} with error {code} and no word about it")
    return _refused(head, code=code, full_code=full_code, slip=slip)


def _refused(
    head: Mapping[str, Any], *, code: int | None, full_code: int | None, slip: BetSlip
) -> Rejected | SessionLost:
    message = _message(head)
    if full_code == 99 and "remote host" not in message.lower():
        return SessionLost(message=message)
    neutral = refusals.neutral_code(full_code=full_code, message=message)
    return Rejected(
        code=neutral,
        message=refusals.in_words(code=neutral, message=message),
        provider_code=f"{code}/{'' if full_code is None else full_code}",
        changed=tuple(_changed(head.get("changed"), slip)) if neutral == "odds_changed" else (),
    )


def _accepted(head: Mapping[str, Any], *, bet_code: str, slip: BetSlip) -> Accepted:
    total, items, notes = _odds(head.get("coef"), slip)
    pays = head.get("amountout", head.get("poswin"))
    payout = wire.as_decimal(pays) if _told(slip) == slip.stake else None
    return Accepted(
        reference=bet_code,
        odds=total,
        item_odds=items,
        # Nothing is no payout that could be promised; some answers carry a zero there.
        potential_payout=payout if payout and payout > 0 else None,
        notes=notes,
    )


def _odds(
    coef: Any, slip: BetSlip
) -> tuple[Decimal | None, tuple[Decimal | None, ...], tuple[str, ...]]:
    """Total and item odds from `Coef`, which is one number for the coupon or a list of them."""
    count = len(slip.selections)
    listed = coef if isinstance(coef, list) else [coef]
    numbers = [_odds_number(value) for value in listed]
    if coef is None:
        return None, (None,) * count, ()
    if None in numbers or len(numbers) not in (1, count):
        return None, (None,) * count, (f"Coef could not be read: {str(coef)[:100]}",)
    known = [number for number in numbers if number is not None]
    if len(known) == count:
        return _product(known), tuple(known), ()
    return known[0], (None,) * count, ()


def _changed(listed: Any, slip: BetSlip) -> Iterator[ChangedOdds]:
    """The items whose odds changed. `rt` is left aside: the document's example contradicts it."""
    waiting = dict(enumerate(slip.selections))
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict):
            continue
        ours, current = _odds_number(entry.get("rb")), _odds_number(entry.get("rg"))
        index = _changed_item(str(entry.get("gid")), ours, waiting)
        if index is not None and current is not None:
            requested = waiting.pop(index).asked_odds
            yield ChangedOdds(item=index, requested=requested, current=current)


def _changed_item(
    event_id: str, ours: Decimal | None, waiting: Mapping[int, Selection]
) -> int | None:
    """Which selection is meant: that of the event, and of several the one with these odds."""
    of_event = [index for index, item in waiting.items() if item.event_id == event_id]
    with_odds = [index for index in of_event if waiting[index].odds == ours]
    return next(iter(with_odds or of_event), None)


def _head(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of a placement's answer, from both nestings, by their name in lower case.

    `None` where neither is there or the two contradict each other.
    """
    inner = answer.get("d")
    detail = inner.get("BetHeadDetail") if isinstance(inner, dict) else None
    nested = _by_lower_name(detail) if isinstance(detail, dict) else {}
    flat = _by_lower_name({name: value for name, value in answer.items() if name != "d"})
    for name in ("errorcode", "fullerrorcode", "betcode"):
        values = {str(fields[name]) for fields in (flat, nested) if fields.get(name) is not None}
        if len(values) > 1:
            return None
    head = {**nested, **{name: value for name, value in flat.items() if value is not None}}
    return head if "errorcode" in head else None


def _by_lower_name(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in fields.items()}


def _full_code(head: Mapping[str, Any]) -> int | None:
    return wire.as_whole(head.get("fullerrorcode"))


def _message(head: Mapping[str, Any]) -> str:
    return str(head.get("errormessage") or "")[:500]


def _bet_code(head: Mapping[str, Any]) -> str:
    value = head.get("betcode")
    if isinstance(value, int) and not isinstance(value, bool) and value:
        return str(value)
    # A code with a replacement character in it is not the one that results will name.
    if not isinstance(value, str) or len(value) > LONGEST_REFERENCE or "\ufffd" in value:
        return ""
    return value.strip()


def _odds_number(value: Any) -> Decimal | None:
    number = wire.as_decimal(value)
    return number if number is not None and number >= 1 else None


def _product(numbers: Sequence[Decimal]) -> Decimal:
    total = Decimal(1)
    for number in numbers:
        total *= number
    return total


def _sendable(selection: Selection) -> bool:
    """`#` separates the parts of a bet code, so none of them may bring one along."""
    parts = (selection.event_id, selection.selection)
    return all(
        part.isascii() and part.isprintable() and part.strip() == part != "" and "#" not in part
        for part in parts
    ) and ("|" not in selection.event_id)


# --- results ------------------------------------------------------------------------------------


def parse_results(request: Inbound, *, mode: AmountMode, return_statuses: frozenset[str]) -> Parsed:
    """Read a result callback with one or many heads (documents/betcalc.txt, "Heads").

    `mode` stands in for what betcalc was told where a coupon does not know it. Raises
    `MalformedPayload` or `WrongShape`.
    """
    message = wire.Fields(wire.loads(request.body), any_case=True)
    parsed = read_results(message, key=request.coupon_key, mode=mode, returns=return_statuses)
    if not parsed.commands:
        message.wrong("Heads", "must not be empty")
    return parsed


def read_results(
    message: wire.Fields, *, key: str, mode: AmountMode, returns: frozenset[str]
) -> Parsed:
    """The results in a message, which may have none. Raises `WrongShape`."""
    message.raw("remote_host")
    heads = list(message.objects("Heads"))
    # A coupon's own key says something of a lost placement only if there is one head.
    key = key if len(heads) == 1 else ""
    unknown: list[str] = []
    commands = []
    for head in heads:
        inner = head.inner("KeyHead")
        commands.append(_settle(head, inner, key=key, mode=mode, returns=returns))
        unknown += [*head.unread(), *inner.unread()]
    unclear = {each.raw_result for each in commands if each.verdict is Verdict.UNCLEAR}
    return Parsed(
        commands=tuple(commands),
        unknown_fields=tuple(sorted({*message.unread(), *unknown})),
        unknown_values=tuple(sorted(f"Status/ExtStatus={pair}" for pair in unclear)),
    )


def _settle(
    head: wire.Fields,
    inner: wire.Fields,
    *,
    key: str,
    mode: AmountMode,
    returns: frozenset[str],
) -> Settle:
    reference, status = _bar_code(inner), head.whole("Status")
    extra = head.whole("ExtStatus", default=0)
    dated_at = head.unix_seconds("DateReceive")
    meaning = _meaning(status, extra, returns)
    result: dict[str, Any] = {
        "reference": reference,
        "dated_at": dated_at,
        "coupon_key": key,
        "raw_result": f"{status}/{extra}",
        "details": {
            "id": str(inner.raw("Id") or "")[:100],
            "amount_out": str(head.raw("AmountOut") or "")[:100],
        },
    }
    if meaning in (Verdict.WON, Verdict.PARTLY_REFUNDED):
        return Settle(verdict=meaning, **_payout(head, meaning, mode), **result)
    if meaning is Verdict.LOST:
        return Settle(verdict=Verdict.LOST, payout=Decimal(0), **result)
    if meaning is Verdict.REFUNDED:
        return Settle(verdict=Verdict.REFUNDED, **result)
    flag = "status_pending" if status == 1 else "status_unclear"
    return Settle(verdict=Verdict.UNCLEAR, flag=flag, **result)


def _bar_code(inner: wire.Fields) -> str:
    """One that is longer than any we keep is nobody's, and no reason to refuse the other heads."""
    return inner.reference("BarCode", longest=_LONGEST_BAR_CODE)[: LONGEST_REFERENCE + 1]


_DOCUMENTED = {
    (2, 0): Verdict.WON,
    (2, 1): Verdict.PARTLY_REFUNDED,
    (4, 0): Verdict.LOST,
}


def _meaning(status: int, extra: int, returns: frozenset[str]) -> Verdict:
    """The table of the page: what is not in it is unclear, unless the account says otherwise."""
    documented = _DOCUMENTED.get((status, extra))
    if documented is not None:
        return documented
    if f"{status}/{extra}" in returns or str(status) in returns:
        return Verdict.REFUNDED
    return Verdict.UNCLEAR


def _payout(head: wire.Fields, meaning: Verdict, mode: AmountMode) -> dict[str, Any]:
    """What is credited. For another stake than ours betcalc's amount is converted."""
    return {
        "payout_rule": "stake_times_odds" if meaning is Verdict.WON else "scaled",
        "sent_payout": head.amount("AmountOut"),
        "sent_stake": mode.fixed,
    }


def read_return_statuses(text: str) -> frozenset[str]:
    """From `3,4/1`: statuses, or status/ext pairs, that mean the stake goes back."""
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def reply(outcomes: Sequence[Outcome]) -> Reply:
    """betcalc only wants to know that the result is stored."""
    return Reply(status=200, body=b'{"status":"ok"}')


def refusal(error: Refused) -> Reply:
    answer = {"error": error.code, "message": error.message, "field": error.field_name}
    return Reply(status=error.status, body=wire.dumps(answer))
