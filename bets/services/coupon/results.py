"""Results, cancellations and rollbacks of coupons that a provider reports."""

from collections.abc import Sequence
from uuid import UUID

from django.utils import timezone

from bets.models import (
    Coupon,
    CouponStatus,
    Flag,
    FlagKind,
    PendingResult,
    TimelineKind,
    Tombstone,
)
from bets.services.coupon import acceptance, kept, locks, money, settlement
from bets.services.coupon.batch import Batch, Cause
from bets.services.coupon.locks import Key
from bets.services.coupon.settlement import History, PayoutUnreadable
from providers import registry
from providers.contract import (
    LONGEST_REFERENCE,
    Accepted,
    Cancel,
    Capability,
    Effect,
    Outcome,
    Rejected,
    Rollback,
    Settle,
)
from providers.models import ProviderAccount
from wallets.services import LedgerError

Report = Settle | Cancel | Rollback
_OPEN = (CouponStatus.PENDING, CouponStatus.REFERRED, CouponStatus.UNKNOWN)


def apply(*, account: ProviderAccount, reports: Sequence[Report], cause: Cause) -> list[Outcome]:
    """Apply reports on coupons in their order and say what became of each.

    A coupon whose posting the ledger refuses is flagged for staff and does not hold up the rest.
    """
    stuck: dict[UUID, str] = {}
    while reports:
        run = _Run(account, cause, stuck)
        run.load(reports)
        outcomes = [run.report(report) for report in reports]
        try:
            run.finish()
        except LedgerError as error:
            stuck[run.coupon_behind(error)] = str(error)
        else:
            return outcomes
    return []


def apply_kept(*, coupon: Coupon, cause: Cause) -> int:
    """Apply what was reported of a locked coupon before it was accepted, oldest first.

    Returns how many reports there were; the coupon has to be read anew after one.
    """
    waiting = list(kept.waiting(coupon))
    for row in waiting:
        report = kept.decode(row.command)
        came_with = Cause(
            actor=cause.actor,
            now=cause.now,
            delivery_id=row.delivery_id,
            received_at=row.created_at,
        )
        apply(account=coupon.account, reports=[report], cause=came_with)
        PendingResult.objects.filter(pk=row.pk).update(applied_at=timezone.now())
    return len(waiting)


class _Run:
    """One pass over the reports of a request, with the coupons they name locked."""

    def __init__(self, account: ProviderAccount, cause: Cause, stuck: dict[UUID, str]) -> None:
        self.account = account
        self.batch = Batch(cause)
        self.stuck = stuck
        self.coupons: dict[Key, Coupon] = {}
        self.histories: dict[object, History] = {}
        self.orphans: list[Flag] = []
        self.transfers_of: dict[str, UUID] = {}
        capabilities = registry.get(account.provider).capabilities
        # A vendor that only takes stakes from our wallet is told at once, and repeats itself.
        self.keeps_unknown = Capability.WALLET not in capabilities or (
            Capability.PLACE in capabilities
        )

    def load(self, reports: Sequence[Report]) -> None:
        keys = {(report.reference, report.game) for report in reports}
        self._find(keys)
        missing = keys - self.coupons.keys()
        if missing:
            locks.lock_references(account_id=self.account.pk, keys=missing)
            self._find(missing)
        for report in reports:
            self._find_by_key(report)
        self.histories = settlement.histories(list(self.coupons.values()))

    def _find(self, keys: set[Key]) -> None:
        self.coupons |= locks.lock_by_reference(account_id=self.account.pk, keys=keys)

    def _find_by_key(self, report: Report) -> None:
        """A result on a coupon's own key belongs to it, unless it already has another bet."""
        key = (report.reference, report.game)
        if key in self.coupons or not isinstance(report, Settle) or not report.coupon_key:
            return
        if not _can_be_kept(report):
            return
        coupon = locks.lock_by_key(account_id=self.account.pk, callback_key=report.coupon_key)
        if coupon and coupon.provider_reference in (None, report.reference):
            self.coupons[key] = coupon

    def report(self, report: Report) -> Outcome:
        coupon = self.coupons.get((report.reference, report.game))
        if coupon is None:
            return self._without_coupon(report)
        if coupon.pk in self.stuck:
            return self._flag(coupon, FlagKind.POSTING_REFUSED, self.stuck[coupon.pk], report)
        if isinstance(report, Settle):
            return self._settle(coupon, report)
        if isinstance(report, Cancel):
            return self._cancel(coupon, report)
        return self._roll_back(coupon, report)

    def _settle(self, coupon: Coupon, report: Settle) -> Outcome:
        self._adopt(coupon, report)
        refused = settlement.refused_for(coupon, report)
        if refused:
            return self._flag(coupon, *refused, report)
        if coupon.status in _OPEN:
            return self._keep(coupon, report)
        try:
            graded = settlement.grade(coupon, report)
        except PayoutUnreadable as error:
            return self._flag(coupon, FlagKind.RESULT_UNCLEAR, str(error), report)
        above = settlement.too_high(coupon, graded)
        if above:
            return self._flag(coupon, FlagKind.PAYOUT_TOO_HIGH, above, report)
        effect, self.histories[coupon.pk] = settlement.settle(
            self.batch, coupon, self.histories[coupon.pk], graded, report
        )
        return self._done(effect, coupon, report)

    def _adopt(self, coupon: Coupon, report: Settle) -> None:
        """A result on the key of a coupon without an answer proves that the bet was taken."""
        if coupon.status != CouponStatus.UNKNOWN or report.coupon_key != coupon.callback_key:
            return
        acceptance.accept_now(
            coupon,
            Accepted(reference=report.reference),
            cause=self.batch.cause,
            reason="Its result came on the coupon's own callback address.",
        )

    def _keep(self, coupon: Coupon, report: Settle | Rollback) -> Outcome:
        self.batch.kept.append(kept.row(self.account, coupon, report, self.batch.cause))
        what = "result" if isinstance(report, Settle) else "withdrawal of a result"
        self.batch.note(
            coupon, TimelineKind.KEPT, reason=f"The {what} is applied once the bet is accepted."
        )
        return self._done(Effect.KEPT, coupon, report)

    def _cancel(self, coupon: Coupon, report: Cancel) -> Outcome:
        if coupon.status in (CouponStatus.RETURNED, CouponStatus.REJECTED):
            return self._done(Effect.REPEATED, coupon, report)
        if coupon.status in (CouponStatus.PENDING, CouponStatus.UNKNOWN):
            return self._cancel_open(coupon, report)
        if coupon.status in _OPEN:
            detail = "The provider cancelled the bet before it was accepted."
            return self._flag(coupon, FlagKind.RESULT_UNCLEAR, detail, report)
        reason = report.reason or "Cancelled by the provider."
        settlement.return_stake(self.batch, coupon, reason=reason)
        return self._done(Effect.APPLIED, coupon, report)

    def _cancel_open(self, coupon: Coupon, report: Cancel) -> Outcome:
        """The provider undoes a bet whose stake is only held: the hold goes back."""
        reason = report.reason or "Cancelled by the provider before it was accepted."
        acceptance.leave_queue(self.batch, coupon)
        coupon.rejection = acceptance.rejection(Rejected(code="cancelled", message=reason))
        coupon.resolve_after = None
        release = money.release(coupon, actor=self.batch.cause.actor, reason=reason)
        self.batch.transfers.append(release)
        self.batch.move(coupon, CouponStatus.REJECTED, TimelineKind.REJECTED, reason=reason)
        return self._done(Effect.APPLIED, coupon, report)

    def _roll_back(self, coupon: Coupon, report: Rollback) -> Outcome:
        if coupon.status in _OPEN:
            return self._keep(coupon, report)
        if coupon.status not in (CouponStatus.ACCEPTED, CouponStatus.SETTLED):
            detail = f"The provider withdrew a result of a coupon that is {coupon.status}."
            return self._flag(coupon, FlagKind.RESULT_FOR_CLOSED, detail, report)
        history = self.histories[coupon.pk]
        if settlement.is_outdated(self.batch, history, report):
            return self._done(Effect.SUPERSEDED, coupon, report)
        if history.was_withdrawn_at(report.dated_at):
            return self._done(Effect.REPEATED, coupon, report)
        return self._withdraw(coupon, report)

    def _withdraw(self, coupon: Coupon, report: Rollback) -> Outcome:
        history = self.histories[coupon.pk]
        is_settled = coupon.status == CouponStatus.SETTLED
        withdraw = settlement.withdraw if is_settled else settlement.withdraw_unseen
        self.histories[coupon.pk] = withdraw(
            self.batch,
            coupon,
            history,
            reason=report.reason or "The provider withdrew the result.",
            dated_at=report.dated_at,
        )
        return self._done(Effect.APPLIED if is_settled else Effect.REPEATED, coupon, report)

    def _without_coupon(self, report: Report) -> Outcome:
        if isinstance(report, Cancel):
            self.batch.tombstones.append(self._tombstone(report))
            return Outcome(effect=Effect.TOMBSTONE, reference=report.reference)
        if self.keeps_unknown and _can_be_kept(report):
            self.batch.kept.append(kept.row(self.account, None, report, self.batch.cause))
        self.orphans.append(self._orphan(report))
        return Outcome(effect=Effect.ORPHAN, reference=report.reference, code="unknown_bet")

    def _tombstone(self, report: Cancel) -> Tombstone:
        return Tombstone(
            account=self.account,
            game=report.game,
            reference=report.reference,
            code="cancelled",
            delivery_id=self.batch.cause.delivery_id,
        )

    def _orphan(self, report: Report) -> Flag:
        return Flag(
            kind=FlagKind.ORPHAN,
            account=self.account,
            reference=report.reference[:LONGEST_REFERENCE],
            detail=f"{self.account.code} reported on a bet {report.reference} that we do not know.",
            delivery_id=self.batch.cause.delivery_id,
        )

    def _flag(self, coupon: Coupon, kind: FlagKind, detail: str, report: Report) -> Outcome:
        self.batch.flag(coupon, kind, detail)
        return self._done(Effect.FLAGGED, coupon, report, code=kind, message=detail)

    def _done(
        self, effect: Effect, coupon: Coupon, report: Report, code: str = "", message: str = ""
    ) -> Outcome:
        return Outcome(
            effect=effect,
            reference=report.reference,
            coupon_id=coupon.pk,
            code=code,
            message=message,
        )

    def finish(self) -> None:
        """Post, then write. Raises `LedgerError` with nothing posted and nothing written."""
        self.transfers_of = {
            transfer.reference: transfer.coupon_id
            for transfer in self.batch.transfers
            if transfer.coupon_id
        }
        self.batch.post()
        self.batch.flags += self.orphans
        self.batch.write()
        self._close_orphan_flags()

    def coupon_behind(self, error: LedgerError) -> UUID:
        """The coupon whose transfer was refused. An error that names none is not ours to handle."""
        coupon_id = self.transfers_of.get(error.reference)
        if coupon_id is None or coupon_id in self.stuck:
            raise error
        return coupon_id

    def _close_orphan_flags(self) -> None:
        found = [reference for reference, _ in self.coupons]
        if not found:
            return
        Flag.objects.filter(
            kind=FlagKind.ORPHAN,
            account=self.account,
            reference__in=found,
            resolved_at__isnull=True,
        ).update(resolved_at=self.batch.cause.now, resolution="The bet became known.")


def _can_be_kept(report: Report) -> bool:
    """A longer reference is that of no coupon, and can never become one's."""
    return len(report.reference) <= LONGEST_REFERENCE
