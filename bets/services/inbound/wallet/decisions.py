"""What is decided about a transaction of a seamless wallet, and how staff hear of it."""

from dataclasses import dataclass, replace
from decimal import Decimal

from bets.models import Coupon, CouponStatus, Flag, FlagKind, Player, WalletTransaction
from bets.services.coupon import acceptance, locks, results
from bets.services.coupon.batch import Batch, Cause
from providers.contract import Accepted, Effect, MoveKind, WalletMove
from providers.models import ProviderAccount
from wallets.services import LedgerError

ROLLED_BACK = "rolled_back"
OPEN = (CouponStatus.PENDING, CouponStatus.UNKNOWN)
CLOSED = (CouponStatus.REJECTED, CouponStatus.RETURNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A transaction with the player and the locked coupon that it names, as far as we know them."""

    account: ProviderAccount
    move: WalletMove
    player: Player | None
    coupon: Coupon | None
    cause: Cause

    @property
    def is_anothers(self) -> bool:
        """The bet is known, but it is another player's."""
        return (
            self.coupon is not None
            and self.player is not None
            and self.coupon.player_id != self.player.pk
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`effect` is applied, flagged (acknowledged, held for staff), refused or orphan.

    `amount` is what is moved in the coupon's currency, where that is not what the call names.
    """

    effect: Effect
    coupon: Coupon | None
    code: str = ""
    message: str = ""
    amount: Decimal | None = None


def apply(call: Call, message: str = "") -> Decision:
    return Decision(effect=Effect.APPLIED, coupon=call.coupon, message=message)


def refuse(call: Call, code: str, message: str) -> Decision:
    return Decision(effect=Effect.REFUSED, coupon=call.coupon, code=code, message=message)


def refuse_and_flag(
    call: Call, code: str, message: str, *, kind: FlagKind = FlagKind.WALLET_CALL
) -> Decision:
    flag_call(call, message, kind=kind)
    return refuse(call, code, message)


def flag_call(call: Call, detail: str, *, kind: FlagKind) -> None:
    """Put the bet into the staff queue, by its coupon or, without one, by its reference."""
    if call.coupon is not None:
        batch = Batch(call.cause)
        batch.flag(call.coupon, kind, detail)
        batch.write()
        return
    flag = Flag(
        kind=kind,
        account=call.account,
        reference=call.move.reference,
        detail=detail,
        delivery_id=call.cause.delivery_id,
    )
    Flag.objects.bulk_create([flag], ignore_conflicts=True)


def post(call: Call, coupon: Coupon, batch: Batch) -> Decision:
    """Write all that was decided, or none of it where the ledger refuses."""
    try:
        batch.post()
    except LedgerError as error:
        fresh = replace(call, coupon=locks.lock_coupon(coupon.pk))
        told = f"The ledger refused the posting: {error}"
        return refuse_and_flag(fresh, error.code, told, kind=FlagKind.POSTING_REFUSED)
    batch.write()
    return apply(call)


def accept(call: Call, coupon: Coupon, *, reason: str) -> Coupon:
    """Capture the hold of an open coupon: the vendor's wallet call proves that it took the bet."""
    answer = Accepted(reference=coupon.provider_reference or call.move.reference)
    acceptance.accept_now(coupon, answer, cause=call.cause, reason=reason)
    applied = results.apply_kept(coupon=coupon, cause=call.cause)
    return locks.lock_coupon(coupon.pk) if applied else coupon


def is_rolled_back(call: Call) -> bool:
    """The vendor has rolled this transaction back before it came, and was told so."""
    return WalletTransaction.objects.filter(
        account=call.account, parent_id=call.move.id, kind=MoveKind.ROLLBACK
    ).exists()


def stake_of(coupon: Coupon) -> WalletTransaction | None:
    """The transaction that took this coupon's stake, if the vendor has sent it."""
    return WalletTransaction.objects.filter(
        coupon=coupon, kind=MoveKind.STAKE, effect=Effect.APPLIED
    ).first()
