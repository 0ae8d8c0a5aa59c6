"""When a market is read next: soon while a look may tell something, ever less often afterwards."""

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from bets.models import LIVE, UNANSWERED, ExchangeMarket, ExchangeOrder
from bets.services.exchange import resolving
from bets.services.exchange.missing import GIVEN_UP_AFTER

FIRST = timedelta(seconds=3)
LONGEST = timedelta(minutes=1)
# Where the exchange is away: it comes back one day.
LONGEST_AWAY = timedelta(minutes=10)
# Where nothing new is to be expected: the exchange has said what it has to say.
LONGEST_HOPELESS = timedelta(hours=6)
FIRST_FOR_STATE = timedelta(minutes=2)
# A market that is not open, or not shown, for this long has ended, in whatever words that is told.
_NOT_OPEN_FOR = timedelta(days=2)
CLOSED = frozenset({"closed", ExchangeMarket.GONE})
_RUNNING = frozenset({"", "open", "suspended"})


def waited_for(market: ExchangeMarket, now: datetime) -> QuerySet[ExchangeOrder]:
    """The orders of a market of which a look may tell something new."""
    return ExchangeOrder.objects.filter(
        Q(status__in=(*LIVE, *UNANSWERED)) | Q(told__lt=F("matched")) | resolving.was_given_up(now),
        account_id=market.account_id,
        market_id=market.market_id,
    )


def next_look(row: ExchangeMarket, now: datetime) -> datetime | None:
    """After the exchange has answered; `None` once there is nothing left to learn."""
    waiting = waited_for(row, now)
    if not waiting.exists():
        awaits_end = is_end_awaited(row, now)
        return now + _pause(row, FIRST_FOR_STATE, LONGEST_HOPELESS) if awaits_end else None
    is_hopeless = not waiting.exclude(_hopeless(now)).exists()
    return now + _pause(row, FIRST, LONGEST_HOPELESS if is_hopeless else LONGEST)


def after_failure(row: ExchangeMarket, now: datetime, *, is_refused: bool) -> datetime | None:
    """After it has not. A refusal is an answer, which will not change soon."""
    if not waited_for(row, now).exists() and not is_end_awaited(row, now):
        return None
    return now + _pause(row, FIRST, LONGEST_HOPELESS if is_refused else LONGEST_AWAY)


def is_end_awaited(row: ExchangeMarket, now: datetime) -> bool:
    """Whether something was matched on a market that may still be running."""
    ended_since = row.failing_since if row.state in _RUNNING else row.state_since
    ended_for = now - (ended_since or now)
    return row.state not in CLOSED and ended_for < _NOT_OPEN_FOR and _has_matches(row)


def _hopeless(now: datetime) -> Q:
    """Orders that are with staff: no longer listed, or without an answer for too long."""
    unlisted = Q(status__in=LIVE, missing_since__lte=now - GIVEN_UP_AFTER)
    return unlisted | Q(status__in=UNANSWERED, resolve_after__lte=now)


def _has_matches(row: ExchangeMarket) -> bool:
    matched = ExchangeOrder.objects.filter(
        account_id=row.account_id, market_id=row.market_id, matched__gt=0
    )
    return matched.exists()


def _pause(row: ExchangeMarket, first: timedelta, longest: timedelta) -> timedelta:
    """It doubles with each quiet look, and `quiet` counts no further than it grows."""
    row.quiet = min(row.quiet, (longest // first - 1).bit_length())
    factor: int = 2**row.quiet
    return min(first * factor, longest)
