"""Bets that a provider takes from the wallet while we are placing them: one stake, not two.

The provider's debit usually arrives before its answer to our call, and names a bet whose id we do
not know yet. The player's only open coupon of this stake is that bet: its hold is taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from bets.models import Coupon, CouponStatus, FlagKind, Origin, Player
from bets.services.coupon import acceptance, locks, results
from bets.services.coupon.batch import Batch, Cause
from bets.services.coupon.locks import Key
from bets.services.players import identities
from providers.contract import Accepted, Debit
from providers.models import ProviderAccount

_OPEN = (CouponStatus.PENDING, CouponStatus.UNKNOWN)
_TAKEN = (CouponStatus.ACCEPTED, CouponStatus.SETTLED)


@dataclass(frozen=True, slots=True)
class Bindings:
    """The locked coupon that each debit means, and the debits that could mean several."""

    coupons: dict[Key, Coupon] = field(default_factory=dict)
    ambiguous: dict[Key, Sequence[Coupon]] = field(default_factory=dict)


def find(
    *, account: ProviderAccount, debits: Sequence[Debit], players: Mapping[str, Player]
) -> Bindings:
    """Find and lock the open coupons that these debits are about."""
    found, taken = Bindings(), set[UUID]()
    for debit in debits:
        player = players.get(debit.player_uid)
        if not debit.binds_hold or player is None:
            continue
        candidates = [each for each in _candidates(account, debit, player) if each.pk not in taken]
        chosen = _meant(debit, candidates)
        if len(chosen) == 1:
            found.coupons[_key(debit)] = chosen[0]
            taken.add(chosen[0].pk)
        elif chosen:
            found.ambiguous[_key(debit)] = chosen
    return found


def _meant(debit: Debit, candidates: Sequence[Coupon]) -> Sequence[Coupon]:
    """Those of the candidates that the debit can be about."""
    named = [each for each in candidates if each.provider_reference == debit.reference]
    if debit.coupon_id is not None:
        # Another coupon's hold is never this bet's, even if its own is not open any more.
        return named or [each for each in candidates if each.pk == debit.coupon_id]
    asked = debit.slip_options.items()
    alike = [each for each in candidates if asked and asked <= each.options.items()]
    return named or alike or candidates


def _candidates(account: ProviderAccount, debit: Debit, player: Player) -> list[Coupon]:
    return locks.lock_open(
        account_id=account.pk,
        player_id=player.pk,
        stake=debit.amount,
        currency=debit.currency,
        reference=debit.reference,
    )


def is_placed_by_us(coupon: Coupon) -> bool:
    """Whether the coupon was known before any debit for it came."""
    return coupon.origin == Origin.PLACED and not coupon.content_digest


def is_open(coupon: Coupon) -> bool:
    return coupon.status in _OPEN


def is_taken(coupon: Coupon) -> bool:
    return coupon.status in _TAKEN


def is_same_bet(*, account: ProviderAccount, coupon: Coupon, debit: Debit) -> bool:
    """Whether a debit asks for this coupon's stake from this coupon's player."""
    mine = (coupon.stake, coupon.currency)
    if mine != (debit.amount, debit.currency):
        return False
    return identities.uid_of(account=account, player=coupon.player) == debit.player_uid


def bind(*, coupon: Coupon, debit: Debit, digest: str, cause: Cause) -> None:
    """Accept a locked coupon as this bet: its hold becomes our stake. Writes at once."""
    answer = Accepted(
        reference=debit.reference,
        potential_payout=debit.potential_payout,
        provider_code=debit.provider_code,
        stake_at_risk=debit.stake_at_risk,
        excise=debit.excise,
    )
    coupon.game = debit.game
    Coupon.objects.filter(pk=coupon.pk).update(content_digest=digest, game=debit.game)
    acceptance.accept_now(
        coupon, answer, cause=cause, reason="The provider took the stake by its wallet call."
    )
    results.apply_kept(coupon=coupon, cause=cause)


def flag_ambiguous(*, found: Bindings, cause: Cause) -> None:
    """Staff see each coupon that a refused debit could have meant."""
    batch = Batch(cause)
    for (reference, _), coupons in found.ambiguous.items():
        detail = f"Bet {reference} could be any of {len(coupons)} open coupons and was refused."
        for coupon in coupons:
            batch.flag(coupon, FlagKind.WALLET_CALL, detail)
    batch.write()


def _key(debit: Debit) -> Key:
    return debit.reference, debit.game
