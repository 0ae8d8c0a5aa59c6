"""Reads the markets on which there are orders, while there is anything to wait for.

One look at a market asks for all of the account's own offers there, once for any number of
orders. A market on which nothing changes is read less and less often. A look also resolves the
orders whose placement got no answer, unless somebody is placing on the market at that moment.
Where nothing is waited for but something was matched, it only asks whether the market has closed.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, Q

from bets.models import (
    LIVE,
    UNANSWERED,
    ExchangeMarket,
    Flag,
    FlagKind,
    OrderStatus,
)
from bets.services.exchange import missing, pauses, quiet, reading, resolving, updating
from bets.services.exchange.journal import Journal, lock_market, lock_orders
from bets.services.exchange.updating import Seen
from providers.contract import ReadRefused
from providers.leases import LeaseBusy
from providers.transport import Deadline

WATCHER = "watch"
# Whoever took a market to look at it and died is followed by another after this long.
_CLAIMED = timedelta(seconds=60)
_BUSY_DELAY = timedelta(seconds=2)
_LOOK_DEADLINE_S = 10.0
_BUDGET_S = 25.0
_FAILING_TOO_LONG = timedelta(minutes=15)
_LONGEST_FAILURE = 300
_REFUSED = "provider_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What became of a look: the exchange's refusal is empty where it answered."""

    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """What a market is read for: orders that wait or have no answer yet, orders whose matched
    parts are not told with their odds, and orders given up that might come up after all.

    `missing` are those of `orders` that the exchange does not list any more.
    """

    orders: int
    missing: int
    parts: int
    given_up: int


def awaited(*, market: ExchangeMarket, now: datetime) -> Awaited:
    """One query."""
    waits = Q(status__in=(*LIVE, *UNANSWERED))
    counted: dict[str, int] = pauses.waited_for(market, now).aggregate(
        orders=Count("id", filter=waits),
        missing=Count("id", filter=Q(missing_since__isnull=False)),
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
        try:
            if _expire(market, Journal(actor=actor, now=now)):
                _look_at_orders(market, Journal(actor=actor, now=now), deadline_s)
            elif actor != WATCHER or pauses.is_end_awaited(market, now):
                _look_at_state(market, now, deadline_s)
            else:
                _rest(market, now)
        except ReadRefused as error:
            _note_failure(market, error, now)
            return Look(failure=error.message)
    return Look()


def _look_at_orders(market: ExchangeMarket, journal: Journal, deadline_s: float) -> None:
    with quiet.if_nobody_places(market, seconds=deadline_s) as is_quiet:
        seen = reading.read(market, Deadline(deadline_s))
        _book(market, seen, journal, may_resolve=is_quiet and seen.state != ExchangeMarket.GONE)


def _look_at_state(market: ExchangeMarket, now: datetime, deadline_s: float) -> None:
    """Nothing is waited for: whether the market has closed is all that can be told."""
    state = reading.state_of(market, Deadline(deadline_s))
    with transaction.atomic():
        row = lock_market(account_id=market.account_id, market_id=market.market_id)
        _note_answer(row, now, state=state)
        _schedule(row, now, has_changed=False)


@transaction.atomic
def _rest(market: ExchangeMarket, now: datetime) -> None:
    """There is nothing to ask, unless somebody has just placed an order there."""
    row = lock_market(account_id=market.account_id, market_id=market.market_id)
    if not pauses.waited_for(row, now).exists():
        row.look_after, row.failing_since, row.failure = None, None, ""
        row.save()


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
    """Give up the calls that nobody is in any more; whether there is any order to look for."""
    row = lock_market(account_id=market.account_id, market_id=market.market_id)
    resolving.expire(journal, row)
    journal.write()
    return pauses.waited_for(row, journal.now).exists()


@transaction.atomic
def _book(market: ExchangeMarket, seen: Seen, journal: Journal, *, may_resolve: bool) -> None:
    row = lock_market(account_id=market.account_id, market_id=market.market_id)
    orders = lock_orders(pauses.waited_for(row, journal.now).select_related("batch"))
    if may_resolve:
        resolving.resolve(journal, row, orders, seen)
    placed = [order for order in orders if order.provider_reference]
    missing.judge(journal, placed, seen)
    updating.update(journal, placed, seen)
    resolving.flag_overdue(journal, orders)
    has_changed = bool(journal.changed) or row.failing_since is not None
    journal.write()
    _note_answer(row, journal.now, state=seen.state)
    _schedule(row, journal.now, has_changed=has_changed)


def _note_answer(row: ExchangeMarket, now: datetime, *, state: str) -> None:
    """The exchange has answered, and maybe said in which state the market is."""
    if row.failing_since:
        Flag.objects.filter(
            kind=FlagKind.ORDER_DIFFERS,
            account_id=row.account_id,
            reference=row.market_id,
            order__isnull=True,
            resolved_at__isnull=True,
        ).update(resolved_at=now, resolution="The market can be read again.")
    row.looked_at, row.failing_since, row.failure = now, None, ""
    if not state and row.state == ExchangeMarket.GONE:
        row.state, row.state_since = "", None
    elif state and state != row.state:
        row.state, row.state_since = state, now


def _schedule(row: ExchangeMarket, now: datetime, *, has_changed: bool) -> None:
    row.quiet = 0 if has_changed else row.quiet + 1
    row.look_after = pauses.next_look(row, now)
    row.save()


@transaction.atomic
def _note_failure(market: ExchangeMarket, error: ReadRefused, now: datetime) -> None:
    """The orders stay as they are. A market that cannot be read for long is for staff."""
    row = lock_market(account_id=market.account_id, market_id=market.market_id)
    row.failing_since = row.failing_since or now
    row.failure = error.message[:_LONGEST_FAILURE]
    row.quiet += 1
    row.look_after = pauses.after_failure(row, now, is_refused=error.code == _REFUSED)
    row.save()
    waiting = pauses.waited_for(row, now)
    if now - row.failing_since < _FAILING_TOO_LONG or not waiting.exists():
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
    resolving.flag_overdue(journal, lock_orders(waiting.filter(status=OrderStatus.UNKNOWN)))
    journal.write()
