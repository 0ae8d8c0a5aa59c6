"""Results, and their withdrawals, that came before their coupon was accepted: kept until it is."""

import dataclasses
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from bets.models import Coupon, PendingResult
from bets.services.coupon.batch import Cause
from providers.contract import Rollback, Settle, Verdict
from providers.models import ProviderAccount

_AMOUNTS = ("payout", "sent_payout", "sent_stake", "withholding")


def row(
    account: ProviderAccount, coupon: Coupon | None, report: Settle | Rollback, cause: Cause
) -> PendingResult:
    return PendingResult(
        account=account,
        coupon=coupon,
        game=report.game,
        reference=report.reference,
        command=encode(report),
        delivery_id=cause.delivery_id,
        created_at=cause.received_at or cause.now,
    )


def waiting(coupon: Coupon) -> QuerySet[PendingResult]:
    """What waits for a coupon, by its reference or on its own key, oldest first."""
    mine = Q(coupon=coupon) | Q(reference=coupon.provider_reference, game=coupon.game)
    return (
        PendingResult.objects.filter(mine, account_id=coupon.account_id, applied_at__isnull=True)
        .select_for_update(no_key=True)
        # As they came: a result whose amounts were asked for is kept later than it came.
        .order_by("created_at", "id")
    )


def encode(report: Settle | Rollback) -> dict[str, Any]:
    fields = dataclasses.asdict(report)
    if isinstance(report, Settle):
        for name in _AMOUNTS:
            fields[name] = None if fields[name] is None else str(fields[name])
    fields["dated_at"] = report.dated_at.isoformat() if report.dated_at else None
    return fields


def decode(fields: dict[str, Any]) -> Settle | Rollback:
    values = dict(fields)
    if values["dated_at"]:
        values["dated_at"] = datetime.fromisoformat(values["dated_at"])
    if "verdict" not in values:
        return Rollback(**values)
    for name in _AMOUNTS:
        # A result that was kept before a field was known has none of it.
        amount = values.get(name)
        values[name] = None if amount is None else Decimal(amount)
    return Settle(**{**values, "verdict": Verdict(values["verdict"])})
