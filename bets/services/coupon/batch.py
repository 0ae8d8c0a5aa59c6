"""What a service is about to write, collected so that a thousand coupons cost few statements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import connection, models

from bets import insertion
from bets.models import (
    BetItem,
    Coupon,
    CouponStatus,
    Flag,
    FlagKind,
    PendingResult,
    Settlement,
    TimelineEvent,
    TimelineKind,
    Tombstone,
)
from bets.models.coupons import NEXT
from bets.services.coupon import debts
from wallets import services as ledger
from wallets.services import Kind, NewTransfer, Posted


class TransitionRefused(Exception):
    """A coupon cannot go from its state to that one."""

    def __init__(self, coupon: Coupon, to: str) -> None:
        super().__init__(f"coupon {coupon.code} cannot go from {coupon.status} to {to}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Who or what makes something happen to coupons, when, and through which delivery."""

    actor: str
    now: datetime
    delivery_id: UUID | None = None
    received_at: datetime | None = None
    reason: str = ""


@dataclass
class Batch:
    """Collects changes of locked coupons and writes them in one go per table."""

    cause: Cause
    transfers: list[NewTransfer] = field(default_factory=list)
    created: list[Coupon] = field(default_factory=list)
    changed: dict[UUID, Coupon] = field(default_factory=dict)
    items: list[BetItem] = field(default_factory=list)
    events: list[TimelineEvent] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    kept: list[PendingResult] = field(default_factory=list)
    tombstones: list[Tombstone] = field(default_factory=list)
    answered: list[tuple[UUID, FlagKind, str]] = field(default_factory=list)
    paid_debts_of: set[UUID] = field(default_factory=set)

    def move(
        self, coupon: Coupon, to: CouponStatus, kind: TimelineKind, *, reason: str = ""
    ) -> None:
        """Bring a coupon into another state and put it on its timeline."""
        if to not in NEXT[coupon.status]:
            raise TransitionRefused(coupon, to)
        before, coupon.status = coupon.status, to
        self.changed[coupon.pk] = coupon
        self.note(coupon, kind, reason=reason, before=before)

    def note(
        self, coupon: Coupon, kind: TimelineKind, *, reason: str = "", before: str | None = None
    ) -> None:
        """Put something on a coupon's timeline."""
        self.events.append(
            TimelineEvent(
                coupon=coupon,
                kind=kind,
                from_status=coupon.status if before is None else before,
                to_status=coupon.status,
                actor=self.cause.actor,
                reason=reason or self.cause.reason,
                delivery_id=self.cause.delivery_id,
                created_at=self.cause.now,
            )
        )

    def flag(self, coupon: Coupon, kind: FlagKind, detail: str, *, caused_by: Any = None) -> None:
        """Put a coupon into the staff queue, once per reason.

        `caused_by` is the member of staff whose deed somebody else has to look at.
        """
        self.note(coupon, TimelineKind.FLAGGED, reason=detail)
        self.flags.append(
            Flag(
                kind=kind,
                coupon=coupon,
                account_id=coupon.account_id,
                reference=coupon.provider_reference or "",
                detail=detail,
                delivery_id=self.cause.delivery_id,
                caused_by=caused_by,
            )
        )

    def close_flags(self, coupon: Coupon, *kinds: FlagKind, why: str, only_if: bool = True) -> None:
        """Take a coupon out of the staff queue: what was waited for has happened."""
        self.answered += [(coupon.pk, kind, why) for kind in kinds if only_if]

    def post(self) -> list[Posted]:
        """Move the money, and flag what a player owes now.

        Raises `LedgerError`, which leaves nothing behind.
        """
        transfers, self.transfers = self.transfers, []
        posted = ledger.post(transfers=transfers) if transfers else []
        for transfer, done in zip(transfers, posted, strict=True):
            self._flag_debt(transfer, done)
            self._note_paid_debt(transfer, done)
        return posted

    def _flag_debt(self, transfer: NewTransfer, done: Posted) -> None:
        coupon = self.changed.get(transfer.coupon_id) if transfer.coupon_id else None
        if coupon and done.owed_part and done.kind in (Kind.CLAWBACK, Kind.REVERSAL):
            detail = f"{done.owed_part:f} {done.currency} could not be taken back."
            self.flag(coupon, FlagKind.PLAYER_OWES, detail)

    def _note_paid_debt(self, transfer: NewTransfer, done: Posted) -> None:
        coupon = self.changed.get(transfer.coupon_id) if transfer.coupon_id else None
        if coupon and transfer.collect and done.owed_part:
            self.paid_debts_of.add(coupon.player_id)

    def write(self) -> None:
        """Write all that was collected."""
        update_coupons(list(self.changed.values()))
        insertion.insert(
            self.created,
            self.items,
            self.events,
            self.settlements,
            self.flags,
            self.kept,
            self.tombstones,
            unless_there=(Flag, Tombstone),
        )
        self._write_closed_flags()
        if self.paid_debts_of:
            debts.close_paid(now=self.cause.now, player_ids=self.paid_debts_of)

    def _write_closed_flags(self) -> None:
        for why in {why for _, _, why in self.answered}:
            closed = [
                (coupon_id, kind) for coupon_id, kind, for_this in self.answered if for_this == why
            ]
            Flag.objects.filter(
                coupon__in={coupon_id for coupon_id, _ in closed},
                kind__in={kind for _, kind in closed},
                resolved_at__isnull=True,
            ).update(
                resolved_at=self.cause.now,
                resolution=f"{self.cause.actor}: {self.cause.reason or why}",
            )


# The columns of a coupon that change after it was created, with their types in the database.
_CHANGING = {
    "status": "text",
    "result": "text",
    "odds": "numeric",
    "potential_payout": "numeric",
    "payout_limit": "numeric",
    "payout": "numeric",
    "stake_at_risk": "numeric",
    "excise": "numeric",
    "withholding": "numeric",
    "settlement_version": "integer",
    "provider_reference": "text",
    "provider_code": "text",
    "times_asked": "integer",
    "rejection": "jsonb",
    "resolve_after": "timestamptz",
    "accepted_at": "timestamptz",
    "settled_at": "timestamptz",
}


def update_coupons(coupons: Sequence[Coupon]) -> None:
    """Write what changes of coupons, in one statement for any number of them."""
    if not coupons:
        return
    names = ", ".join(_CHANGING)
    arrays = ", ".join(["%s::uuid[]", *(f"%s::{kind}[]" for kind in _CHANGING.values())])
    columns = [[coupon.pk for coupon in coupons], *(_column(name, coupons) for name in _CHANGING)]
    assigned = ", ".join(f"{name} = new.{name}" for name in _CHANGING)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE bets_coupon c SET {assigned} "  # noqa: S608
            f"FROM unnest({arrays}) AS new(id, {names}) WHERE c.id = new.id",
            columns,
        )


def _column(name: str, coupons: Iterable[Coupon]) -> list[object]:
    column = cast("models.Field[Any, Any]", Coupon._meta.get_field(name))
    return [column.get_db_prep_save(getattr(coupon, name), connection) for coupon in coupons]
