"""What happens to locked orders, collected and written in few statements: states and timelines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from bets.models import (
    ExchangeMarket,
    ExchangeOrder,
    ExchangeOrderEvent,
    Flag,
    FlagKind,
    OrderEventKind,
    OrderStatus,
)
from bets.models.exchange import NEXT_OF_ORDER
from providers.contract import NotSent, Rejected, Side

_CHANGING = (
    "status",
    "matched",
    "remaining",
    "told",
    "average_matched_odds",
    "exposure",
    "provider_reference",
    "resolve_after",
    "missing_since",
    "changed_at",
)
_NOTHING = Decimal(0)


class TransitionRefused(Exception):
    """An order cannot go from its state to that one."""


def lock_market(*, account_id: UUID, market_id: str) -> ExchangeMarket:
    """Lock a market of an account, which everything does that changes orders on it."""
    wanted = ExchangeMarket.objects.filter(account_id=account_id, market_id=market_id)
    # Placing forgets a market that the exchange does not know, maybe just after it was inserted.
    while not (found := list(wanted.select_for_update(no_key=True))):
        row = ExchangeMarket(account_id=account_id, market_id=market_id)
        ExchangeMarket.objects.bulk_create([row], ignore_conflicts=True)
    return found[0]


def lock_orders(orders: QuerySet[ExchangeOrder]) -> list[ExchangeOrder]:
    """Lock orders of a locked market, oldest first."""
    return list(orders.select_for_update(of=("self",), no_key=True).order_by("id"))


@dataclass
class Journal:
    """Collects changes of locked orders and writes them in one go per table."""

    actor: str
    now: datetime
    changed: dict[UUID, ExchangeOrder] = field(default_factory=dict)
    events: list[ExchangeOrderEvent] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)

    def move(
        self,
        order: ExchangeOrder,
        to: OrderStatus,
        kind: OrderEventKind,
        *,
        reason: str = "",
        amount: Decimal | None = None,
    ) -> None:
        """Bring an order into another state. Raises TransitionRefused."""
        if to not in NEXT_OF_ORDER[order.status]:
            raise TransitionRefused(f"order {order.pk} cannot go from {order.status} to {to}")
        before, order.status = order.status, to
        self.note(order, kind, before=before, reason=reason, amount=amount)
        self.touch(order)

    def touch(self, order: ExchangeOrder) -> None:
        """The order has changed: its exposure follows from its parts."""
        order.changed_at = self.now
        order.exposure = exposure_of(order)
        self.changed[order.pk] = order

    def note(
        self,
        order: ExchangeOrder,
        kind: OrderEventKind,
        *,
        before: str | None = None,
        reason: str = "",
        amount: Decimal | None = None,
        odds: Decimal | None = None,
    ) -> None:
        """Put something on an order's timeline."""
        self.events.append(
            ExchangeOrderEvent(
                order=order,
                kind=kind,
                from_status=order.status if before is None else before,
                to_status=order.status,
                amount=amount,
                odds=odds,
                actor=self.actor,
                reason=reason,
                created_at=self.now,
            )
        )

    def flag(self, order: ExchangeOrder, kind: FlagKind, detail: str) -> None:
        """Put an order into the staff queue, once per reason while the flag is open."""
        self.flags.append(
            Flag(
                kind=kind,
                order=order,
                account_id=order.account_id,
                reference=str(order.pk),
                detail=detail,
            )
        )

    def reject(self, order: ExchangeOrder, answer: Rejected | NotSent) -> None:
        """No offer of it is at the exchange."""
        order.rejection = rejection_of(answer)
        order.remaining, order.resolve_after = _NOTHING, None
        self.move(order, OrderStatus.REJECTED, OrderEventKind.REJECTED, reason=answer.message)

    def write(self) -> None:
        """Write all that was collected."""
        self._write_flags()
        rejected = [order for order in self.changed.values() if order.rejection]
        others = [order for order in self.changed.values() if not order.rejection]
        # Written along with values, a missing rejection would become a JSON null.
        if rejected:
            ExchangeOrder.objects.bulk_update(rejected, [*_CHANGING, "rejection"])
        if others:
            ExchangeOrder.objects.bulk_update(others, _CHANGING)
        ExchangeOrderEvent.objects.bulk_create(self.events)

    def _write_flags(self) -> None:
        if not self.flags:
            return
        known = set(
            Flag.objects.filter(
                order__in=[flag.order_id for flag in self.flags], resolved_at__isnull=True
            ).values_list("kind", "order_id")
        )
        new = [flag for flag in self.flags if (flag.kind, flag.order_id) not in known]
        for flag in new:
            if flag.order is not None:
                self.note(flag.order, OrderEventKind.FLAGGED, reason=flag.detail)
        Flag.objects.bulk_create(new, ignore_conflicts=True)


def rejection_of(answer: Rejected | NotSent) -> dict[str, Any]:
    """The reason of a rejection as it is stored and shown."""
    provider_code = answer.provider_code if isinstance(answer, Rejected) else ""
    return {"code": answer.code, "message": answer.message, "provider_code": provider_code}


def exposure_of(order: ExchangeOrder) -> Decimal:
    """What an order can lose as it stands: its matched part and the part that still waits."""
    matched, remaining = Decimal(order.matched), Decimal(order.remaining)
    if order.side == Side.BACK:
        return matched + remaining
    odds = Decimal(order.odds)
    matched_odds = Decimal(order.average_matched_odds or odds)
    return matched * (matched_odds - 1) + remaining * (odds - 1)


def close_flags(
    *, orders: Sequence[ExchangeOrder], kind: FlagKind, now: datetime, resolution: str
) -> None:
    """What was waited for is known: the flags that say so leave the queue."""
    Flag.objects.filter(order__in=orders, kind=kind, resolved_at__isnull=True).update(
        resolved_at=now, resolution=resolution
    )
