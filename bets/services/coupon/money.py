"""Which transfers each event of a coupon's life posts. The table is in `docs/ledger.md`.

References carry what makes a posting unique, so that the ledger recognises a repeat.
"""

from decimal import Decimal

from bets.models import Coupon, Result
from wallets.services import Kind, NewTransfer, Purpose, available, held, house


def hold_reference(coupon: Coupon) -> str:
    return f"coupon/{coupon.pk}/hold"


def hold(coupon: Coupon, *, actor: str) -> NewTransfer:
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
        actor=actor,
    )


def capture(coupon: Coupon, *, actor: str) -> list[NewTransfer]:
    """The held stake becomes ours, and the excise in it the state's."""
    return [
        NewTransfer(
            source=held(coupon.player.wallet_id),
            destination=_house(coupon, Purpose.STAKES),
            amount=coupon.stake,
            currency=coupon.currency,
            kind=Kind.CAPTURE,
            reference=f"coupon/{coupon.pk}/capture",
            coupon_id=coupon.pk,
            resolves=hold_reference(coupon),
            actor=actor,
        ),
        *_excise(coupon, f"coupon/{coupon.pk}/excise", actor=actor),
    ]


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


def direct_stake(coupon: Coupon, *, actor: str) -> list[NewTransfer]:
    """The stake of a bet that the provider takes from the wallet that we host."""
    return [
        NewTransfer(
            source=available(coupon.player.wallet_id),
            destination=_house(coupon, Purpose.STAKES),
            amount=coupon.stake,
            currency=coupon.currency,
            kind=Kind.STAKE,
            reference=f"coupon/{coupon.pk}/stake",
            coupon_id=coupon.pk,
            effective_at=coupon.placed_at,
            actor=actor,
        ),
        *_excise(coupon, f"coupon/{coupon.pk}/excise", actor=actor),
    ]


def credit(coupon: Coupon, *, version: int, actor: str) -> list[NewTransfer]:
    """What the coupon's result pays. Winnings pay off a debt first, a returned stake does not.

    The tax that was kept back from winnings is booked beside them; with a stake its excise comes
    back.
    """
    reference = f"coupon/{coupon.pk}/settlement/{version}"
    transfers = []
    if coupon.result == Result.REFUNDED:
        transfers += _excise(coupon, f"{reference}/excise", actor=actor, back=True)
    if coupon.payout:
        transfers.append(_payout(coupon, reference, actor=actor))
    return transfers + _withholding(coupon, f"{reference}/withholding", actor=actor)


def reverse(coupon: Coupon, *, version: int, actor: str) -> list[NewTransfer]:
    """Undo what settlement `version` paid and booked. What is no longer there becomes owed."""
    reference = f"coupon/{coupon.pk}/settlement/{version}"
    transfers = []
    if coupon.payout:
        transfers.append(_payout_back(coupon, f"{reference}/reversed", actor=actor))
    if coupon.result == Result.REFUNDED:
        transfers += _excise(coupon, f"{reference}/excise/reversed", actor=actor)
    back = f"{reference}/withholding/reversed"
    return transfers + _withholding(coupon, back, actor=actor, back=True)


def void(coupon: Coupon, *, actor: str, reason: str) -> list[NewTransfer]:
    """Give the whole stake of an accepted coupon back, the excise in it included."""
    return [
        *_excise(coupon, f"coupon/{coupon.pk}/void/excise", actor=actor, back=True),
        NewTransfer(
            source=_house(coupon, Purpose.STAKES),
            destination=available(coupon.player.wallet_id),
            amount=coupon.stake,
            currency=coupon.currency,
            kind=Kind.VOID,
            reference=f"coupon/{coupon.pk}/void",
            coupon_id=coupon.pk,
            actor=actor,
            reason=reason,
        ),
    ]


def _payout(coupon: Coupon, reference: str, *, actor: str) -> NewTransfer:
    refunded = coupon.result == Result.REFUNDED
    return NewTransfer(
        source=_house(coupon, Purpose.STAKES if refunded else Purpose.PAYOUTS),
        destination=available(coupon.player.wallet_id),
        amount=coupon.payout or Decimal(0),
        currency=coupon.currency,
        kind=Kind.REFUND if refunded else Kind.PAYOUT,
        reference=reference,
        coupon_id=coupon.pk,
        actor=actor,
        collect=not refunded,
    )


def _payout_back(coupon: Coupon, reference: str, *, actor: str) -> NewTransfer:
    refunded = coupon.result == Result.REFUNDED
    return NewTransfer(
        source=available(coupon.player.wallet_id),
        destination=_house(coupon, Purpose.STAKES if refunded else Purpose.PAYOUTS),
        amount=coupon.payout or Decimal(0),
        currency=coupon.currency,
        kind=Kind.REVERSAL if refunded else Kind.CLAWBACK,
        reference=reference,
        coupon_id=coupon.pk,
        actor=actor,
        overflow=True,
    )


def _excise(coupon: Coupon, reference: str, *, actor: str, back: bool = False) -> list[NewTransfer]:
    """The tax in the stake, from our stakes to its own account, or back again."""
    taxed = (Purpose.STAKES, Purpose.EXCISE, Kind.EXCISE, coupon.excise)
    return _between_houses(coupon, taxed, reference, actor=actor, back=back)


def _withholding(
    coupon: Coupon, reference: str, *, actor: str, back: bool = False
) -> list[NewTransfer]:
    """The tax kept back from winnings, from our payouts to its own account, or back again."""
    taxed = (Purpose.PAYOUTS, Purpose.WITHHOLDING, Kind.WITHHOLDING, coupon.withholding)
    return _between_houses(coupon, taxed, reference, actor=actor, back=back)


def _between_houses(
    coupon: Coupon,
    taxed: tuple[Purpose, Purpose, Kind, Decimal | None],
    reference: str,
    *,
    actor: str,
    back: bool,
) -> list[NewTransfer]:
    source, destination, kind, amount = taxed
    if not amount:
        return []
    if back:
        source, destination = destination, source
    return [
        NewTransfer(
            source=_house(coupon, source),
            destination=_house(coupon, destination),
            amount=amount,
            currency=coupon.currency,
            kind=kind,
            reference=reference,
            coupon_id=coupon.pk,
            actor=actor,
        )
    ]


def _house(coupon: Coupon, purpose: Purpose) -> str:
    return house(owner=coupon.account.code, purpose=purpose, currency=coupon.currency)
