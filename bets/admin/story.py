"""What happened to a coupon and where its money is, in sentences. No queries, no HTML."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from bets.models import Coupon, Origin, Result, TimelineEvent
from bets.serializers import shown
from bets.services.following_up import returns
from config.staff.actors import actor_in_words
from config.staff.display import NOTHING, Tone, moment_text
from config.staff.page import Summary
from wallets.admin.values import amount_text

_NOTHING = Decimal(0)


class Moved(Protocol):
    """What is read of a transfer."""

    @property
    def source(self) -> str: ...
    @property
    def destination(self) -> str: ...
    @property
    def amount(self) -> Decimal: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Where a coupon's money is, summed over its transfers.

    `debt` is what could not be taken back, `paid_debt` what it paid of an older debt;
    `excise` and `withholding` are the taxes that went to accounts of their own.
    """

    held: Decimal = _NOTHING
    stakes: Decimal = _NOTHING
    paid: Decimal = _NOTHING
    debt: Decimal = _NOTHING
    paid_debt: Decimal = _NOTHING
    player: Decimal = _NOTHING
    excise: Decimal = _NOTHING
    withholding: Decimal = _NOTHING
    moved: bool = False


def money_of(transfers: Sequence[Moved]) -> Money:
    places: dict[str, Decimal] = defaultdict(Decimal)
    for transfer in transfers:
        places[_place(transfer.source)] -= transfer.amount
        places[_place(transfer.destination)] += transfer.amount
    owed = places["owed"]
    return Money(
        held=places["held"],
        stakes=places["stakes"],
        paid=-places["payouts"] - places["withholding"],
        debt=max(-owed, _NOTHING),
        paid_debt=max(owed, _NOTHING),
        player=places["available"] + places["held"] + owed,
        excise=places["excise"],
        withholding=places["withholding"],
        moved=bool(transfers),
    )


def _place(address: str) -> str:
    """`available` of `wallet/<id>/available`, `stakes` of `house/<owner>/stakes/EUR`."""
    return address.split("/")[2]


def tell(
    *,
    coupon: Coupon,
    who: str,
    transfers: Sequence[Moved],
    events: Sequence[TimelineEvent],
    owes: Decimal = _NOTHING,
) -> Summary:
    """The summary of a coupon. `who` is the player as the reader may know them.

    `owes` is what the player owes now in all, in the coupon's currency.
    """
    money = money_of(transfers)
    teller = _Teller(coupon=coupon, who=who, money=money, events=events, owes=owes)
    headline, tone = getattr(teller, coupon.status)()
    return Summary(headline=headline, detail=teller.where(), tone=tone)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Teller:
    """One method for each status."""

    coupon: Coupon
    who: str
    money: Money
    events: Sequence[TimelineEvent]
    owes: Decimal

    def amount(self, value: Decimal | None) -> str:
        return amount_text(value or _NOTHING, self.coupon.currency)

    @property
    def at(self) -> str:
        return str(self.coupon.account.code)

    @property
    def entered(self) -> TimelineEvent | None:
        """The event that brought the coupon into its status; what followed there is none."""
        arrived = [
            event
            for event in self.events
            if event.to_status == self.coupon.status != event.from_status
        ]
        return arrived[-1] if arrived else None

    @property
    def since(self) -> str:
        return moment_text(self.entered.created_at if self.entered else self.coupon.placed_at)

    def pending(self) -> tuple[str, Tone]:
        return f"Being placed at {self.at} since {self.since}; no answer yet.", Tone.WAITING

    def unknown(self) -> tuple[str, Tone]:
        told = f"No clear answer from {self.at} since {self.since}"
        if self.coupon.resolve_after is None:
            return f"{told}; the deadline has passed and it is in the staff queue.", Tone.ALERT
        again = moment_text(self.coupon.resolve_after)
        return f"{told}; it is being resolved, next look at {again}.", Tone.WAITING

    def referred(self) -> tuple[str, Tone]:
        return f"Waiting for a decision of the risk team since {self.since}.", Tone.WAITING

    def accepted(self) -> tuple[str, Tone]:
        if self.coupon.settlement_version:
            return f"The result was withdrawn on {self.since}; another is awaited.", Tone.WAITING
        taken = "Accepted by" if self.coupon.origin == Origin.PLACED else "Taken by"
        told = f"{taken} {self.at} on {moment_text(self.coupon.accepted_at)}"
        if self.coupon.resolve_after is None and self.coupon.origin == Origin.PLACED:
            return f"{told}; the result is overdue and it is in the staff queue.", Tone.ALERT
        return f"{told}; no result yet.", Tone.PLAIN

    def rejected(self) -> tuple[str, Tone]:
        return f"Rejected on {self.since}: {rejection_in_words(self.coupon)}", Tone.BAD

    def returned(self) -> tuple[str, Tone]:
        stake, why = self.amount(self.coupon.stake), self._why_returned()
        return f"Returned. {stake} went back to {self.who} on {self.since}{why}", Tone.BAD

    def _why_returned(self) -> str:
        """Who asked for it and why: whoever asked the provider, where it gave the stake back."""
        asked = [event for event in self.events if event.reason.startswith(returns.ASKED)]
        event = asked[-1] if asked else self.entered
        if event is None:
            return "."
        reason = event.reason.removeprefix(returns.ASKED).rstrip(".")
        by_whom = f", by {actor_in_words(event.actor)}" if event.actor else ""
        return f"{by_whom}: {reason}." if reason else f"{by_whom}."

    def settled(self) -> tuple[str, Tone]:
        coupon, when = self.coupon, moment_text(self.coupon.settled_at)
        paid, taxed = self.amount(coupon.payout), self._withheld()
        told = {
            Result.WON: (f"Won. {paid} was paid to {self.who} on {when}{taxed}.", Tone.GOOD),
            Result.LOST: (f"Lost on {when}. Nothing was paid.", Tone.BAD),
            Result.REFUNDED: (f"Refunded. {paid} went back to {self.who} on {when}.", Tone.BAD),
            Result.PARTLY_REFUNDED: (
                f"Partly refunded. {paid} was paid to {self.who} on {when}{taxed}.",
                Tone.GOOD,
            ),
        }
        headline, tone = told[Result(coupon.result)]
        return f"{headline}{self._again()}", tone

    def _withheld(self) -> str:
        tax = self.coupon.withholding
        return f", after {self.amount(tax)} of tax that was withheld" if tax else ""

    def _again(self) -> str:
        times = sum(event.kind == "resettled" for event in self.events)
        if not times:
            return ""
        return " The result changed once." if times == 1 else f" The result changed {times} times."

    def where(self) -> str:
        """Where the stake is now, and what else the coupon moved."""
        return " ".join(filter(None, (self._stake(), self._debt())))

    def _stake(self) -> str:
        money, stake = self.money, self.amount(self.coupon.stake)
        if not money.moved:
            return f"Nothing was taken from {self.who}."
        if money.held:
            return f"The stake of {self.amount(money.held)} is held in the wallet of {self.who}."
        if money.stakes:
            return self._with_the_house()
        return f"The stake of {stake} is back in the wallet of {self.who}."

    def _with_the_house(self) -> str:
        money = self.money
        if not money.excise:
            return f"The stake of {self.amount(money.stakes)} is with the house."
        return (
            f"Of the stake of {self.amount(money.stakes + money.excise)}, "
            f"{self.amount(money.stakes)} is with the house and {self.amount(money.excise)} went "
            "to the tax office as excise."
        )

    def _debt(self) -> str:
        if self.money.debt:
            return (
                f"{self.amount(self.money.debt)} could not be taken back at the time; {self.who} "
                f"owes {self.amount(self.owes)} now."
            )
        if self.money.paid_debt:
            return f"{self.amount(self.money.paid_debt)} of it paid off an older debt."
        return ""


def rejection_in_words(coupon: Coupon) -> str:
    """The reason of a rejection, with the new odds or the highest stake where they were given."""
    stored: Mapping[str, Any] = coupon.rejection or {}
    message = str(stored.get("message") or stored.get("code") or "no reason was given")
    told = [f"{message.rstrip('.')}."]
    for change in stored.get("changed") or ():
        before, now = odds_in_words(change["requested"]), odds_in_words(change["current"])
        told.append(f"Item {change['item'] + 1}: odds {before} → {now}.")
    # The provider's own words may have it already.
    if stored.get("max_stake") and "highest stake" not in message.lower():
        told.append(f"Highest stake: {stored['max_stake']} {coupon.currency}.")
    return " ".join(told)


def odds_in_words(odds: Decimal | str | None) -> str:
    """With two decimals at least, as partners see them."""
    return shown.odds(Decimal(odds)) or NOTHING if odds is not None else NOTHING


def since_in_words(moment: datetime | None) -> str:
    return moment_text(moment, seconds=True)
