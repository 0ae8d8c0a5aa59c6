"""The sentences of a coupon's page, without a database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from bets.admin import story
from bets.models import Coupon, CouponStatus, Origin, Result, TimelineEvent
from config.staff.display import NOTHING, Tone
from providers.models import ProviderAccount

WHEN = datetime(2026, 11, 21, 14, 3, 7, tzinfo=UTC)
WALLET = f"wallet/{UUID(int=7)}"
AVAILABLE, HELD, OWED = f"{WALLET}/available", f"{WALLET}/held", f"{WALLET}/owed"
STAKES, PAYOUTS = "house/betcalc/stakes/EUR", "house/betcalc/payouts/EUR"


@dataclass
class Moved:
    source: str
    destination: str
    amount: Decimal


HOLD = Moved(AVAILABLE, HELD, Decimal("10"))
CAPTURE = Moved(HELD, STAKES, Decimal("10"))
RELEASE = Moved(HELD, AVAILABLE, Decimal("10"))
VOID = Moved(STAKES, AVAILABLE, Decimal("10"))
PAYOUT = Moved(PAYOUTS, AVAILABLE, Decimal("42.70"))


def _coupon(status: str, **changes: Any) -> Coupon:
    fields = {
        "account": ProviderAccount(code="betcalc"),
        "origin": Origin.PLACED,
        "stake": Decimal("10"),
        "currency": "EUR",
        "status": status,
        "placed_at": WHEN,
        "accepted_at": WHEN,
        "resolve_after": WHEN + timedelta(minutes=15),
    }
    return Coupon(**{**fields, **changes})


def _entered(status: str, *, kind: str = "note", reason: str = "") -> TimelineEvent:
    return TimelineEvent(to_status=status, kind=kind, created_at=WHEN, reason=reason)


def _tell(
    coupon: Coupon,
    *transfers: Moved,
    events: tuple[TimelineEvent, ...] = (),
    owes: Decimal = Decimal(0),
) -> Any:
    return story.tell(coupon=coupon, who="ada", transfers=transfers, events=events, owes=owes)


def test_won():
    coupon = _coupon(
        CouponStatus.SETTLED, result=Result.WON, payout=Decimal("42.70"), settled_at=WHEN
    )
    told = _tell(coupon, HOLD, CAPTURE, PAYOUT)
    assert told.headline == "Won. 42.70 EUR was paid to ada on 21 Nov 2026 14:03 UTC."
    assert told.detail == "The stake of 10.00 EUR is with the house."
    assert told.tone is Tone.GOOD


def test_lost():
    coupon = _coupon(CouponStatus.SETTLED, result=Result.LOST, payout=Decimal(0), settled_at=WHEN)
    assert _tell(coupon, HOLD, CAPTURE).headline == (
        "Lost on 21 Nov 2026 14:03 UTC. Nothing was paid."
    )


def test_refunded():
    coupon = _coupon(
        CouponStatus.SETTLED, result=Result.REFUNDED, payout=Decimal("10"), settled_at=WHEN
    )
    told = _tell(coupon, HOLD, CAPTURE, VOID)
    assert told.headline == "Refunded. 10.00 EUR went back to ada on 21 Nov 2026 14:03 UTC."
    assert told.detail == "The stake of 10.00 EUR is back in the wallet of ada."


@pytest.mark.parametrize(
    ("times", "ending"), [(0, "UTC."), (1, "changed once."), (2, "changed 2 times.")]
)
def test_a_result_that_changed_says_so(times, ending):
    coupon = _coupon(
        CouponStatus.SETTLED, result=Result.WON, payout=Decimal("42.70"), settled_at=WHEN
    )
    again = tuple(_entered("settled", kind="resettled") for _ in range(times))
    assert _tell(coupon, HOLD, CAPTURE, PAYOUT, events=again).headline.endswith(ending)


def test_unknown_says_since_when_and_what_is_next():
    told = _tell(_coupon(CouponStatus.UNKNOWN), HOLD, events=(_entered("unknown"),))
    assert told.headline == (
        "No clear answer from betcalc since 21 Nov 2026 14:03 UTC; it is being resolved, "
        "next look at 21 Nov 2026 14:18 UTC."
    )
    assert told.detail == "The stake of 10.00 EUR is held in the wallet of ada."


def test_no_clear_answer_is_since_the_first_such_moment():
    later = TimelineEvent(
        from_status="unknown",
        to_status="unknown",
        kind="note",
        created_at=WHEN + timedelta(hours=1),
        reason="Still no clear answer.",
    )
    told = _tell(_coupon(CouponStatus.UNKNOWN), HOLD, events=(_entered("unknown"), later))
    assert told.headline.startswith("No clear answer from betcalc since 21 Nov 2026 14:03 UTC;")


def test_unknown_past_its_deadline_is_with_staff():
    told = _tell(_coupon(CouponStatus.UNKNOWN, resolve_after=None), HOLD)
    assert told.headline.endswith("the deadline has passed and it is in the staff queue.")
    assert told.tone is Tone.ALERT


def test_rejected_with_new_odds():
    coupon = _coupon(
        CouponStatus.REJECTED,
        rejection={
            "code": "odds_changed",
            "message": "Odds changed.",
            "changed": [{"item": 0, "requested": "4.27", "current": "4.10"}],
            "max_stake": "5",
        },
    )
    told = _tell(coupon, HOLD, RELEASE, events=(_entered("rejected"),))
    assert told.headline == (
        "Rejected on 21 Nov 2026 14:03 UTC: Odds changed. Item 1: odds 4.27 → 4.10. "
        "Highest stake: 5 EUR."
    )
    assert told.detail == "The stake of 10.00 EUR is back in the wallet of ada."


def test_the_highest_stake_is_said_once():
    message = "The stake is above the limit. The highest stake is 5.00 EUR."
    coupon = _coupon(
        CouponStatus.REJECTED,
        rejection={"code": "stake_too_high", "message": message, "max_stake": "5"},
    )
    told = _tell(coupon, HOLD, RELEASE, events=(_entered("rejected"),))
    assert told.headline == f"Rejected on 21 Nov 2026 14:03 UTC: {message}"


def test_odds_have_two_decimals():
    assert story.odds_in_words(Decimal("2")) == "2.00"
    assert story.odds_in_words("1.015") == "1.015"
    assert story.odds_in_words(None) == NOTHING


def test_taxes_are_told_with_the_stake_and_the_winnings():
    excise = Moved(STAKES, "house/betcalc/excise/EUR", Decimal("0.33"))
    coupon = _coupon(
        CouponStatus.SETTLED,
        result=Result.WON,
        payout=Decimal("42.70"),
        withholding=Decimal("2.30"),
        settled_at=WHEN,
    )
    told = _tell(coupon, HOLD, CAPTURE, excise, PAYOUT)
    assert told.headline == (
        "Won. 42.70 EUR was paid to ada on 21 Nov 2026 14:03 UTC, after 2.30 EUR of tax that was "
        "withheld."
    )
    assert told.detail == (
        "Of the stake of 10.00 EUR, 9.67 EUR is with the house and 0.33 EUR went to the tax "
        "office as excise."
    )


def test_rejected_before_anything_was_held():
    coupon = _coupon(
        CouponStatus.REJECTED, rejection={"code": "player_blocked", "message": "Blocked"}
    )
    assert _tell(coupon).detail == "Nothing was taken from ada."


def test_returned_says_why():
    events = (_entered("returned", reason="The match was abandoned."),)
    told = _tell(_coupon(CouponStatus.RETURNED), HOLD, CAPTURE, VOID, events=events)
    assert told.headline == (
        "Returned. 10.00 EUR went back to ada on 21 Nov 2026 14:03 UTC: The match was abandoned."
    )


def test_returned_says_who_asked_for_it():
    asked = TimelineEvent(
        from_status="accepted",
        to_status="accepted",
        kind="note",
        actor="partner:acme",
        created_at=WHEN,
        reason="The provider is asked to return it: Wrong event",
    )
    back = _entered("returned", reason="Returned by the provider.")
    back.actor = "provider:betcalc"
    told = _tell(_coupon(CouponStatus.RETURNED), HOLD, CAPTURE, VOID, events=(asked, back))
    assert told.headline.endswith("on 21 Nov 2026 14:03 UTC, by partner acme: Wrong event.")
    told = _tell(_coupon(CouponStatus.RETURNED), HOLD, CAPTURE, VOID, events=(back,))
    assert told.headline.endswith("the provider, by betcalc: Returned by the provider.")


def test_accepted():
    told = _tell(_coupon(CouponStatus.ACCEPTED), HOLD, CAPTURE)
    assert told.headline == "Accepted by betcalc on 21 Nov 2026 14:03 UTC; no result yet."


def test_accepted_and_overdue_is_with_staff():
    told = _tell(_coupon(CouponStatus.ACCEPTED, resolve_after=None), HOLD, CAPTURE)
    assert told.headline.endswith("the result is overdue and it is in the staff queue.")


def test_taken_from_our_wallet_by_the_provider():
    coupon = _coupon(CouponStatus.ACCEPTED, origin=Origin.WALLET, resolve_after=None)
    assert _tell(coupon, Moved(AVAILABLE, STAKES, Decimal("10"))).headline.startswith("Taken by")


def test_a_withdrawn_result_waits_for_another():
    coupon = _coupon(CouponStatus.ACCEPTED, settlement_version=2)
    told = _tell(coupon, HOLD, CAPTURE, events=(_entered("accepted"),))
    assert told.headline == (
        "The result was withdrawn on 21 Nov 2026 14:03 UTC; another is awaited."
    )


@pytest.mark.parametrize("status", ["pending", "referred"])
def test_what_waits_is_held(status):
    told = _tell(_coupon(status), HOLD)
    assert "21 Nov 2026 14:03 UTC" in told.headline
    assert told.detail == "The stake of 10.00 EUR is held in the wallet of ada."


def test_a_clawback_that_left_a_debt():
    back = Moved(AVAILABLE, PAYOUTS, Decimal("30"))
    owed = Moved(OWED, PAYOUTS, Decimal("12.70"))
    coupon = _coupon(CouponStatus.SETTLED, result=Result.LOST, payout=Decimal(0), settled_at=WHEN)
    told = _tell(coupon, HOLD, CAPTURE, PAYOUT, back, owed, owes=Decimal("3"))
    then = "12.70 EUR could not be taken back at the time"
    assert told.detail.endswith(f"{then}; ada owes 3.00 EUR now.")
    told = _tell(coupon, HOLD, CAPTURE, PAYOUT, back, owed)
    assert told.detail.endswith(f"{then}; ada owes 0.00 EUR now.")
    money = story.money_of((HOLD, CAPTURE, PAYOUT, back, owed))
    assert (money.paid, money.debt, money.player) == (
        Decimal(0), Decimal("12.70"), Decimal("-10.00"),
    )  # fmt: skip


def test_a_payout_that_paid_an_older_debt():
    collected = Moved(AVAILABLE, OWED, Decimal("5"))
    coupon = _coupon(
        CouponStatus.SETTLED, result=Result.WON, payout=Decimal("42.70"), settled_at=WHEN
    )
    told = _tell(coupon, HOLD, CAPTURE, PAYOUT, collected)
    assert told.detail.endswith("5.00 EUR of it paid off an older debt.")


def test_yen_have_no_decimals():
    coupon = _coupon(CouponStatus.ACCEPTED, currency="JPY", stake=Decimal("1000"))
    transfers = [
        Moved(AVAILABLE, HELD, Decimal("1000")), Moved(HELD, STAKES, Decimal("1000")),
    ]  # fmt: skip
    assert _tell(coupon, *transfers).detail == "The stake of 1,000 JPY is with the house."


@pytest.mark.parametrize("status", CouponStatus.values)
def test_every_status_has_its_sentence(status):
    settled = {"result": Result.WON, "payout": Decimal(1), "settled_at": WHEN}
    told = _tell(_coupon(status, **(settled if status == "settled" else {})))
    assert told.headline.strip()
