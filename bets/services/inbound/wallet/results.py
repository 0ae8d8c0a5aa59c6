"""What the payouts and clawbacks of a seamless wallet say of a bet's result.

The result pays what they add up to, those that are held for staff included. So each moves exactly
its amount, their order does not matter, and what staff settled by hand is not paid again.
"""

from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet, Sum

from bets.models import Coupon, CouponStatus, FlagKind, WalletTransaction
from bets.services.coupon import settlement
from bets.services.coupon.batch import Batch
from bets.services.coupon.settlement import PayoutUnreadable
from bets.services.inbound.wallet.decisions import (
    CLOSED,
    OPEN,
    ROLLED_BACK,
    Call,
    Decision,
    accept,
    apply,
    is_rolled_back,
    post,
    refuse,
    refuse_and_flag,
)
from providers.contract import Effect, MoveKind, Settle, Verdict

_COUNTS = (Effect.APPLIED, Effect.FLAGGED)


def pay(call: Call) -> Decision:
    """Settle a bet with one more payout, which may be zero.

    A payout for a bet that still waits for its answer proves that the provider took it.
    """
    coupon = call.coupon
    if coupon is None:
        return _of_unknown_bet(call)
    refused = _refusal(call, coupon)
    if refused is not None:
        return refused
    if coupon.status in OPEN:
        coupon = accept(call, coupon, reason="The provider settled the bet by its wallet call.")
    return _settle(call, coupon, _paid(coupon) + call.move.amount)


def claw_back(call: Call) -> Decision:
    """Take a payout back. When nothing of it is left, the result is withdrawn."""
    coupon = call.coupon
    if coupon is None:
        return _of_unknown_bet(call)
    refused = _refusal(call, coupon)
    if refused is not None:
        return refused
    left = _paid(coupon) - call.move.amount
    if left < 0:
        told = f"The provider asked back {call.move.amount:f}, more than it has paid."
        return refuse_and_flag(call, "amount_differs", told)
    if left > 0:
        return _settle(call, coupon, left)
    return _withdraw(call, coupon)


def give_back(call: Call, clawback: WalletTransaction) -> Decision:
    """Undo a clawback that the vendor rolled back: what was taken is paid again, once.

    Every refusal is one with which the vendor stops repeating.
    """
    coupon = call.coupon
    if coupon is None or call.player is None or clawback.coupon_id != coupon.pk or call.is_anothers:
        told = "A rollback names a clawback of another player or bet."
        return refuse_and_flag(call, "parent_failed", told)
    if clawback.effect not in _COUNTS:
        return refuse(call, "parent_failed", "The clawback was not carried out.")
    if _given_back(clawback.transaction_id, coupon).exists():
        return apply(call, "It is given back already.")
    if coupon.status in CLOSED:
        told = f"A clawback was rolled back for a coupon that is {coupon.status}."
        return refuse_and_flag(call, "parent_failed", told, kind=FlagKind.RESULT_FOR_CLOSED)
    return _settle(call, coupon, _paid(coupon) + (clawback.amount or 0))


def _given_back(clawback_id: str | OuterRef, coupon: Coupon) -> QuerySet[WalletTransaction]:
    return WalletTransaction.objects.filter(
        account=coupon.account_id,
        parent_id=clawback_id,
        kind=MoveKind.ROLLBACK,
        effect__in=_COUNTS,
    )


def _of_unknown_bet(call: Call) -> Decision:
    told = f"{call.account.code} sent a {call.move.kind} for a bet that we do not know."
    return Decision(effect=Effect.ORPHAN, coupon=None, code="unknown_bet", message=told)


def _refusal(call: Call, coupon: Coupon) -> Decision | None:
    """A wallet that says yes has the money: what is not credited is refused."""
    if is_rolled_back(call):
        return refuse(call, ROLLED_BACK, f"This {call.move.kind} was rolled back before it came.")
    if call.is_anothers:
        return refuse_and_flag(call, "player_differs", "The payout is of another player's bet.")
    if call.move.currency != coupon.currency:
        told = f"A {call.move.kind} in {call.move.currency} came for a bet in {coupon.currency}."
        kind = FlagKind.CURRENCY_MISMATCH
        return refuse_and_flag(call, "currency_mismatch", told, kind=kind)
    if coupon.status in CLOSED or coupon.status == CouponStatus.REFERRED:
        told = f"A {call.move.kind} came for a coupon that is {coupon.status}."
        return refuse_and_flag(call, "coupon_closed", told, kind=FlagKind.RESULT_FOR_CLOSED)
    return None


def _paid(coupon: Coupon) -> Decimal:
    """What the vendor's transactions come to so far; one that is held for staff counts too."""
    rows = WalletTransaction.objects.filter(
        ~Exists(_given_back(OuterRef("transaction_id"), coupon)),
        coupon=coupon,
        kind__in=[MoveKind.PAYOUT, MoveKind.CLAWBACK],
        effect__in=_COUNTS,
    )
    sums: dict[str, Decimal] = dict(rows.order_by().values_list("kind").annotate(Sum("amount")))
    return sums.get(MoveKind.PAYOUT, Decimal(0)) - sums.get(MoveKind.CLAWBACK, Decimal(0))


def _settle(call: Call, coupon: Coupon, payout: Decimal) -> Decision:
    command = _result(call, coupon, payout)
    try:
        graded = settlement.grade(coupon, command)
    except PayoutUnreadable as error:
        return refuse_and_flag(call, "invalid_amount", str(error))
    batch = Batch(call.cause)
    above = settlement.too_high(coupon, graded)
    if above:
        batch.flag(coupon, FlagKind.PAYOUT_TOO_HIGH, above)
        batch.write()
        return Decision(effect=Effect.FLAGGED, coupon=coupon, message=above)
    history = settlement.histories([coupon])[coupon.pk]
    settlement.settle_anyway(batch, coupon, history, graded, command)
    return post(call, coupon, batch)


def _result(call: Call, coupon: Coupon, payout: Decimal) -> Settle:
    verdict = Verdict.WON if payout else Verdict.LOST
    return Settle(
        reference=call.move.reference,
        game=call.move.game,
        verdict=Verdict.REFUNDED if payout == coupon.stake else verdict,
        payout=payout,
        currency=call.move.currency,
        raw_result=f"{call.move.kind} {call.move.id}",
        details={"transaction": call.move.id, "amount": f"{call.move.amount:f}"},
    )


def _withdraw(call: Call, coupon: Coupon) -> Decision:
    if coupon.status != CouponStatus.SETTLED:
        return apply(call, "Nothing of it was paid.")
    batch = Batch(call.cause)
    history = settlement.histories([coupon])[coupon.pk]
    reason = f"The provider took the payout back ({call.move.id})."
    settlement.withdraw(batch, coupon, history, reason=reason)
    return post(call, coupon, batch)
