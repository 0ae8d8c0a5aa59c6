"""Stakes of a seamless wallet, and rollbacks."""

from dataclasses import replace
from decimal import Decimal

from bets.models import (
    Coupon,
    CouponStatus,
    FlagKind,
    TimelineKind,
    Tombstone,
    WalletTransaction,
)
from bets.services.coupon import acceptance, settlement
from bets.services.coupon.batch import Batch
from bets.services.inbound.wallet import results
from bets.services.inbound.wallet.decisions import (
    CLOSED,
    OPEN,
    ROLLED_BACK,
    Call,
    Decision,
    accept,
    apply,
    flag_call,
    is_rolled_back,
    post,
    refuse,
    refuse_and_flag,
    stake_of,
)
from providers.contract import Effect, MoveKind, Rejected
from wallets.currencies import format_amount

# With these the vendor stops repeating a rollback.
_ENDS = ("parent_not_found", "parent_failed")


def take(call: Call) -> Decision:
    """Take the stake of a bet, which is held since its placement.

    The bet was judged when its stake was held, so a player who was blocked meanwhile keeps it.
    """
    coupon = call.coupon
    if _is_rolled_back(call):
        return refuse(call, ROLLED_BACK, "This stake was rolled back before it came.")
    if coupon is None:
        return refuse_and_flag(call, "unknown_bet", "A stake came for a bet that we do not know.")
    differs = _difference(call, coupon)
    if differs is not None:
        return differs
    if coupon.status in (*CLOSED, CouponStatus.REFERRED):
        return _leave_closed(call, coupon)
    if coupon.status in OPEN:
        accept(call, coupon, reason="The provider took the stake by its wallet call.")
        return apply(call)
    if stake_of(coupon) is not None:
        return refuse_and_flag(
            call, "already_staked", "Another stake came for a bet whose stake is taken."
        )
    _note(call, coupon, "The stake's wallet call came after the bet was accepted.")
    return apply(call, "The stake was taken already.")


def _is_rolled_back(call: Call) -> bool:
    move = call.move
    if is_rolled_back(call):
        return True
    tombstones = Tombstone.objects.filter(
        account=call.account, reference=move.reference, game=move.game
    )
    return call.coupon is None and tombstones.exists()


def _difference(call: Call, coupon: Coupon) -> Decision | None:
    """The bet is ours, the stake is not: another player's, or another amount."""
    move = call.move
    if call.is_anothers:
        return refuse_and_flag(call, "player_differs", "The stake is of another player's bet.")
    if move.amount == coupon.stake and move.currency == coupon.currency:
        return None
    asked = format_amount(move.amount, move.currency)
    held = format_amount(coupon.stake, coupon.currency)
    return refuse_and_flag(
        call,
        "amount_differs",
        f"The provider asked for a stake of {asked} {move.currency}, the coupon's is {held}.",
    )


def _leave_closed(call: Call, coupon: Coupon) -> Decision:
    asked = f"The provider asked for the stake of a coupon that is {coupon.status}"
    _note(call, coupon, f"{asked} and was refused.")
    return refuse(call, "coupon_closed", f"The bet is {coupon.status}.")


def roll_back(call: Call) -> Decision:
    """Give a stake back, once, or see to it that it is never taken. A clawback is paid again.

    It moves what it undoes, whatever amount it names. The answer is always one with which the
    vendor stops repeating; what the ledger refused to post is for staff to put right.
    """
    move = call.move
    parents = WalletTransaction.objects.filter(account=call.account, transaction_id=move.parent_id)
    parent = parents.first() if move.parent_id else None
    decision = _roll_back(call, parent)
    if decision.effect is Effect.REFUSED:
        return decision if decision.code in _ENDS else replace(decision, code="parent_failed")
    return replace(decision, amount=_undone(parent, decision.coupon))


def _undone(parent: WalletTransaction | None, coupon: Coupon | None) -> Decimal | None:
    undone: Decimal | None = coupon.stake if coupon else None
    if parent is not None and parent.kind == MoveKind.CLAWBACK:
        undone = parent.amount
    return undone


def _roll_back(call: Call, parent: WalletTransaction | None) -> Decision:
    if parent is not None and parent.kind == MoveKind.CLAWBACK:
        return results.give_back(call, parent)
    if parent is not None and parent.kind != MoveKind.STAKE:
        told = f"A {parent.kind} was rolled back, which only a stake or a clawback can be."
        return refuse_and_flag(call, "parent_failed", told)
    nothing = _nothing_to_undo(call, parent)
    coupon = call.coupon
    if call.player is None:
        return nothing
    if call.is_anothers or _is_of_another_bet(parent, coupon):
        flag_call(call, "A rollback names another bet's stake.", kind=FlagKind.WALLET_CALL)
        return refuse(call, "parent_failed", "The transaction is of another player or bet.")
    if coupon is None:
        _bury(call)
        return nothing
    return _undo(call, coupon, nothing)


def _nothing_to_undo(call: Call, parent: WalletTransaction | None) -> Decision:
    if parent is not None:
        return refuse(call, "parent_failed", "The stake was not taken.")
    return refuse(
        call, "parent_not_found", "No such stake was taken, and one that comes later is refused."
    )


def _bury(call: Call) -> None:
    move = call.move
    tombstone = Tombstone(
        account=call.account,
        game=move.game,
        reference=move.reference,
        code=ROLLED_BACK,
        delivery_id=call.cause.delivery_id,
    )
    Tombstone.objects.bulk_create([tombstone], ignore_conflicts=True)


def _is_of_another_bet(parent: WalletTransaction | None, coupon: Coupon | None) -> bool:
    named = coupon.pk if coupon else None
    return parent is not None and parent.coupon_id not in (None, named)


def _undo(call: Call, coupon: Coupon, nothing: Decision) -> Decision:
    stake = stake_of(coupon)
    if stake is not None and call.move.parent_id not in ("", stake.transaction_id):
        # The one that is undone was never taken; the one that was taken stands.
        return nothing
    if stake is None and nothing.code == "parent_not_found" and _may_be_of_clawback(call, coupon):
        told = "A rollback names a transaction that never came, of a bet that has been paid."
        return refuse_and_flag(call, "parent_not_found", told)
    if coupon.status == CouponStatus.RETURNED:
        return apply(call, "The stake is back already.")
    if coupon.status == CouponStatus.REJECTED:
        return nothing
    if coupon.status in (*OPEN, CouponStatus.REFERRED):
        reason = "The provider rolled the stake back before it took it."
        answer = Rejected(code=ROLLED_BACK, message=reason)
        acceptance.reject_now(coupon, answer, cause=call.cause)
        return nothing
    return _return(call, coupon)


def _may_be_of_clawback(call: Call, coupon: Coupon) -> bool:
    """The stake is what is undone for certain if the bet is named, or nothing was paid yet."""
    if call.move.parent_id in ("", call.move.reference):
        return False
    return WalletTransaction.objects.filter(coupon=coupon, kind=MoveKind.PAYOUT).exists()


def _return(call: Call, coupon: Coupon) -> Decision:
    batch = Batch(call.cause)
    settlement.return_stake(batch, coupon, reason="The provider rolled the stake back.")
    # Its no to the placement, after it had taken the stake, is one then.
    batch.close_flags(coupon, FlagKind.CONTRADICTION, why="The stake was rolled back.")
    return post(call, coupon, batch)


def _note(call: Call, coupon: Coupon, reason: str) -> None:
    batch = Batch(call.cause)
    batch.note(coupon, TimelineKind.NOTE, reason=reason)
    batch.write()
