"""Which transfers each event of a coupon's life posts. The table is in `docs/ledger.md`.

References carry what makes a posting unique, so that the ledger recognises a repeat.
"""

from bets.models import Coupon, Result
from wallets.services import Kind, NewTransfer, Purpose, available, held, house


def hold_reference(coupon: Coupon) -> str:
    return f"coupon/{coupon.pk}/hold"


def hold(coupon: Coupon) -> NewTransfer:
    wallet = coupon.player.wallet_id
    return NewTransfer(
        source=available(wallet),
        destination=held(wallet),
        amount=coupon.stake,
        currency=coupon.currency,
        kind=Kind.HOLD,
        reference=hold_reference(coupon),
        coupon_id=coupon.pk,
        effective_at=coupon.placed_at,
    )


def capture(coupon: Coupon, *, actor: str) -> NewTransfer:
    return NewTransfer(
        source=held(coupon.player.wallet_id),
        destination=_house(coupon, Purpose.STAKES),
        amount=coupon.stake,
        currency=coupon.currency,
        kind=Kind.CAPTURE,
        reference=f"coupon/{coupon.pk}/capture",
        coupon_id=coupon.pk,
        resolves=hold_reference(coupon),
        actor=actor,
    )


def release(coupon: Coupon, *, actor: str, reason: str) -> NewTransfer:
    wallet = coupon.player.wallet_id
    return NewTransfer(
        source=held(wallet),
        destination=available(wallet),
        amount=coupon.stake,
        currency=coupon.currency,
        kind=Kind.RELEASE,
        reference=f"coupon/{coupon.pk}/release",
        coupon_id=coupon.pk,
        resolves=hold_reference(coupon),
        actor=actor,
        reason=reason,
    )


def direct_stake(coupon: Coupon, *, actor: str) -> NewTransfer:
    """The stake of a bet that the provider takes from the wallet that we host."""
    return NewTransfer(
        source=available(coupon.player.wallet_id),
        destination=_house(coupon, Purpose.STAKES),
        amount=coupon.stake,
        currency=coupon.currency,
        kind=Kind.STAKE,
        reference=f"coupon/{coupon.pk}/stake",
        coupon_id=coupon.pk,
        effective_at=coupon.placed_at,
        actor=actor,
    )


def credit(coupon: Coupon, *, version: int, actor: str) -> list[NewTransfer]:
    """What the coupon's result pays. Winnings pay off a debt first, a returned stake does not."""
    if not coupon.payout:
        return []
    refunded = coupon.result == Result.REFUNDED
    return [
        NewTransfer(
            source=_house(coupon, Purpose.STAKES if refunded else Purpose.PAYOUTS),
            destination=available(coupon.player.wallet_id),
            amount=coupon.payout,
            currency=coupon.currency,
            kind=Kind.REFUND if refunded else Kind.PAYOUT,
            reference=f"coupon/{coupon.pk}/settlement/{version}",
            coupon_id=coupon.pk,
            actor=actor,
            collect=not refunded,
        )
    ]


def reverse(coupon: Coupon, *, version: int, actor: str) -> list[NewTransfer]:
    """Undo what settlement `version` paid. What is no longer there becomes owed."""
    if not coupon.payout:
        return []
    refunded = coupon.result == Result.REFUNDED
    return [
        NewTransfer(
            source=available(coupon.player.wallet_id),
            destination=_house(coupon, Purpose.STAKES if refunded else Purpose.PAYOUTS),
            amount=coupon.payout,
            currency=coupon.currency,
            kind=Kind.REVERSAL if refunded else Kind.CLAWBACK,
            reference=f"coupon/{coupon.pk}/settlement/{version}/reversed",
            coupon_id=coupon.pk,
            actor=actor,
            overflow=True,
        )
    ]


def void(coupon: Coupon, *, actor: str, reason: str) -> NewTransfer:
    """Give the whole stake of an accepted coupon back."""
    return NewTransfer(
        source=_house(coupon, Purpose.STAKES),
        destination=available(coupon.player.wallet_id),
        amount=coupon.stake,
        currency=coupon.currency,
        kind=Kind.VOID,
        reference=f"coupon/{coupon.pk}/void",
        coupon_id=coupon.pk,
        actor=actor,
        reason=reason,
    )


def _house(coupon: Coupon, purpose: Purpose) -> str:
    return house(owner=coupon.account.code, purpose=purpose, currency=coupon.currency)
