"""Reads the markets on which there are orders, while there is anything to wait for.

One look at a market asks for all of the account's own offers there, once for any number of
orders. A market on which nothing changes is read less and less often. A look also resolves the
orders whose placement got no answer, unless somebody is placing on the market at that moment.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from bets.models import (
    LIVE,
    UNANSWERED,
    ExchangeMarket,
    ExchangeOrder,
    Flag,
    FlagKind,
    OrderStatus,
)
from bets.services.exchange import quiet, resolving, updating
from bets.services.exchange.journal import Journal, lock_market, lock_orders
from bets.services.exchange.updating import Seen
from providers import exchange, subjects
from providers.contract import OwnOffer, ReadRefused
from providers.leases import LeaseBusy
from providers.transport import Deadline

WATCHER = "watch"
FIRST_DELAY = timedelta(seconds=3)
LONGEST_DELAY = timedelta(minutes=1)
# Whoever took a market to look at it and died is followed by another after this long.
_CLAIMED = timedelta(seconds=60)
_BUSY_DELAY = timedelta(seconds=2)
_LOOK_DEADLINE_S = 10.0
_BUDGET_S = 25.0
_FAILING_TOO_LONG = timedelta(minutes=15)
_MOST_DOUBLINGS = 8
_LONGEST_FAILURE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What became of a look: the exchange's refusal is empty where it answered."""

    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """What a market is read for: orders that wait or have no answer yet, orders whose matched
    parts are not told with their odds, and orders given up that might come up after all.
    """

    orders: int
    parts: int
    given_up: int


def awaited(*, market: ExchangeMarket, now: datetime) -> Awaited:
    """One query."""
    waits = Q(status__in=(*LIVE, *UNANSWERED))
    counted: dict[str, int] = _waited_for(market, now).aggregate(
        orders=Count("id", filter=waits),
        parts=Count("id", filter=~waits & Q(told__lt=F("matched"))),
        given_up=Count("id", filter=Q(status=OrderStatus.REJECTED)),
    )
    return Awaited(**counted)


def run(*, now: datetime, budget_s: float = _BUDGET_S) -> int:
    """Look at the markets that are due, until the time is up; returns how many.

    Any number may run at once: each market is taken by one.
    """
    started, looked = time.monotonic(), 0
    while (spent := time.monotonic() - started) < budget_s:
        market = _claim(now + timedelta(seconds=spent))
        if market is None:
            break
        try:
            look(market=market, now=now + timedelta(seconds=spent))
        except LeaseBusy:
            _put_off(market, now + timedelta(seconds=spent) + _BUSY_DELAY)
        looked += 1
    return looked


def look(
    *,
    market: ExchangeMarket,
    now: datetime,
    deadline_s: float = _LOOK_DEADLINE_S,
    wait_s: float = 0,
    actor: str = WATCHER,
) -> Look:
    """Read a market from the exchange and book what is new. Not inside a transaction.

    Raises `leases.LeaseBusy` where somebody else looks at it.
    """
    with quiet.looking_at(market, seconds=deadline_s, wait_s=wait_s):
        journal = Journal(actor=actor, now=now)
        if not _expire(market, journal):
            return Look()
        with quiet.if_nobody_places(market, seconds=deadline_s) as is_quiet:
            try:
                seen = _read(market, Deadline(deadline_s))
            except ReadRefused as error:
                _note_failure(market, error, now)
                return Look(failure=error.message)
            _book(market, seen, Journal(actor=actor, now=now), may_resolve=is_quiet)
    return Look()


@transaction.atomic
def _claim(now: datetime) -> ExchangeMarket | None:
    due = ExchangeMarket.objects.filter(look_after__lte=now).select_related("account")
    market = (
        due.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .order_by("look_after")
        .first()
    )
    if market:
        market.look_after = now + _CLAIMED
        market.save(update_fields=["look_after"])
    return market


def _put_off(market: ExchangeMarket, moment: datetime) -> None:
    ExchangeMarket.objects.filter(pk=market.pk).update(look_after=moment)


@transaction.atomic
def _expire(market: ExchangeMarket, journal: Journal) -> bool:
    """Give up the calls that nobody is in any more; whether there is anything to look for."""
    row = lock_market(account_id=market.account_id, market_id=market.market_id)
    resolving.expire(journal, row)
    journal.write()
    waited_for = _waited_for(row, journal.now).exists()
    if not waited_for:
        row.look_after, row.failing_since, row.failure = None, None, ""
        row.save(update_fields=["look_after", "failing_since", "failure"])
    return waited_for


def _waited_for(market: ExchangeMarket, now: datetime) -> QuerySet[ExchangeOrder]:
    """The orders of a market of which a look may tell something new."""
    return ExchangeOrder.objects.filter(
        Q(status__in=(*LIVE, *UNANSWERED)) | Q(told__lt=F("matched")) | resolving.was_given_up(now),
        account_id=market.account_id,
        market_id=market.market_id,
    )


def _read(market: ExchangeMarket, deadline: Deadline) -> Seen:
    """The account's offers there, and their matched parts if these may tell something new.

    Raises ReadRefused if the offers cannot be read; the parts can wait.
    """
    with subjects.about(exchange.MARKET, market.pk):
        offers = exchange.own_offers(
            account=market.account, market_id=market.market_id, deadline_s=deadline.left_s
        )
        if not _parts_may_tell(market, offers):
            return Seen(offers=offers, parts=None)
        try:
            parts = exchange.matches(
                account=market.account, market_id=market.market_id, deadline_s=deadline.left_s
            )
        except ReadRefused:
            return Seen(offers=offers, parts=None)
    return Seen(offers=offers, parts=parts)


def _parts_may_tell(market: ExchangeMarket, offers: tuple[OwnOffer, ...]) -> bool:
    """Where an offer was matched anew, and where one that is looked for is not listed."""
    told = dict(
        ExchangeOrder.objects.filter(account_id=market.account_id, market_id=market.market_id)
        .filter(Q(status__in=(*LIVE, OrderStatus.UNKNOWN)) | Q(told__lt=F("matched")))
        .values_list("provider_reference", "told")
    )
    matched = {offer.reference: offer.matched for offer in offers}
    return any(
        reference not in matched or matched[reference] > amount
        for reference, amount in told.items()
    )


@transaction.atomic
def _book(market: ExchangeMarket, seen: Seen, journal: Journal, *, may_resolve: bool) -> None:
    row = lock_market(account_id=market.account_id, market_id=market.market_id)
    orders = lock_orders(_waited_for(row, journal.now).select_related("batch"))
    if may_resolve:
        resolving.resolve(journal, row, orders, seen)
    updating.update(journal, [order for order in orders if order.provider_reference], seen)
    resolving.flag_overdue(journal, orders)
    has_changed = bool(journal.changed)
    journal.write()
    _schedule(row, journal.now, has_changed=has_changed)


def _schedule(row: ExchangeMarket, now: datetime, *, has_changed: bool) -> None:
    """When the market is read next: sooner after a change, not at all once nothing is left."""
    row.quiet = 0 if has_changed else min(row.quiet + 1, _MOST_DOUBLINGS)
    row.looked_at, row.failing_since, row.failure = now, None, ""
    goes_on = _waited_for(row, now).exists()
    row.look_after = now + _delay(row.quiet) if goes_on else None
    row.save()


def _delay(doublings: int) -> timedelta:
    factor: int = 2**doublings
    return min(FIRST_DELAY * factor, LONGEST_DELAY)


@transaction.atomic
def _note_failure(market: ExchangeMarket, error: ReadRefused, now: datetime) -> None:
    """The orders stay as they are. A market that cannot be read for long is for staff."""
    row = lock_market(account_id=market.account_id, market_id=market.market_id)
    row.failing_since = row.failing_since or now
    row.failure = error.message[:_LONGEST_FAILURE]
    row.quiet = min(row.quiet + 1, _MOST_DOUBLINGS)
    row.look_after = now + _delay(row.quiet)
    row.save()
    if now - row.failing_since < _FAILING_TOO_LONG:
        return
    detail = f"Market {row.market_id} cannot be read since {row.failing_since:%Y-%m-%d %H:%M} UTC"
    flag = Flag(
        kind=FlagKind.ORDER_DIFFERS,
        account_id=row.account_id,
        reference=row.market_id,
        detail=f"{detail}: {row.failure}",
    )
    Flag.objects.bulk_create([flag], ignore_conflicts=True)
    journal = Journal(actor=WATCHER, now=now)
    unanswered = _waited_for(row, now).filter(status=OrderStatus.UNKNOWN)
    resolving.flag_overdue(journal, lock_orders(unanswered))
    journal.write()
