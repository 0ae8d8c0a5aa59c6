"""Asks providers for the results of coupons that have waited too long for one."""

import logging
import time
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from bets.models import Coupon, CouponStatus, Flag, FlagKind
from bets.services.coupon import results
from bets.services.coupon.batch import Cause
from providers import completion, leases
from providers import services as providers
from providers.contract import Capability, Effect, Incomplete
from providers.models import ProviderAccount

logger = logging.getLogger(__name__)

_POLLER = "poll"
_EVERY_S = 900
_AT_ONCE = 50
_DEADLINE_S = 10.0
_LONGEST_RUN_S = 20


def poll_due(*, now: datetime, budget_s: float = _LONGEST_RUN_S) -> int:
    """Ask for results that are overdue, each account every quarter of an hour.

    Stops when the time is up; an account that was not reached is asked by the next run. Returns
    how many coupons are settled by that. Any number may run at once. Never call it inside a
    transaction.
    """
    able = providers.providers_that(Capability.POLL)
    accounts = [
        account
        for account in ProviderAccount.objects.filter(provider__in=able).order_by("code")
        if completion.polls(account=account) and _overdue(account).exists()
    ]
    end = time.monotonic() + budget_s
    return sum(_poll(account, now=now, end=end) for account in accounts)


def _poll(account: ProviderAccount, *, now: datetime, end: float) -> int:
    """Nobody else asks this account until its lease has ended; who has no time takes none."""
    if time.monotonic() >= end:
        return 0
    if not leases.take(name=f"poll:{account.pk}", owner=uuid4().hex, seconds=_EVERY_S):
        return 0
    references = [str(coupon.provider_reference) for coupon in _overdue(account)]
    settled = 0
    for start in range(0, len(references), _AT_ONCE):
        if time.monotonic() >= end:
            break
        try:
            settled += _ask(account, references[start : start + _AT_ONCE], now)
        except Incomplete as error:
            logger.warning("%s did not tell its results: %s", account.code, error)
            break
    return settled


def _ask(account: ProviderAccount, references: list[str], now: datetime) -> int:
    found = completion.poll(account=account, references=references, deadline_s=_DEADLINE_S)
    with transaction.atomic():
        outcomes = results.apply(
            account=account,
            reports=found,
            cause=Cause(actor=_POLLER, now=now, received_at=now, reason="The provider was asked."),
        )
    return sum(outcome.effect is Effect.APPLIED for outcome in outcomes)


def _overdue(account: ProviderAccount) -> QuerySet[Coupon]:
    """Those that staff are shown as overdue, the newest first: an old one may be asked in vain."""
    flags = Flag.objects.filter(
        coupon=OuterRef("pk"), kind=FlagKind.RESULT_OVERDUE, resolved_at__isnull=True
    )
    return (
        Coupon.objects.filter(Exists(flags), account=account, status=CouponStatus.ACCEPTED)
        .exclude(provider_reference=None)
        .only("id", "provider_reference")
        .order_by("-id")
    )
