"""Bets that a provider takes from the wallet that we host: all of a request or none."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection

from bets.models import (
    Coupon,
    CouponStatus,
    Flag,
    FlagKind,
    Origin,
    Player,
    PlayerStatus,
    TimelineKind,
    Tombstone,
)
from bets.services.coupon import acceptance, locks, money
from bets.services.coupon.batch import Batch, Cause
from bets.services.coupon.locks import Key
from bets.services.inbound import bindings
from bets.services.inbound.bindings import Bindings
from bets.services.players import identities
from providers.contract import CouponType, Debit, Effect, Outcome, Rejected
from providers.models import ProviderAccount
from wallets.currencies import check_amount
from wallets.services import InsufficientFunds, LedgerError

_BLOCKED, _AMBIGUOUS = "player_blocked", "ambiguous"
# No coupon can be made of such a bet, or there is one already.
_WITHOUT_COUPON = ("currency_mismatch", "invalid_amount", _AMBIGUOUS)
_LONGEST_CODE = 100

# The coupon or the tombstone of each bet that has one. A bet comes once, as a rule, so that this
# finds nothing and no coupon is read at all.
_STORED = """
SELECT asked.reference, asked.game, coupon.id, tombstone.code, tombstone.fingerprint
FROM unnest(%(references)s::text[], %(games)s::text[]) AS asked (reference, game)
LEFT JOIN bets_coupon coupon
    ON coupon.account_id = %(account)s AND coupon.provider_reference = asked.reference
        AND coupon.game = asked.game
LEFT JOIN bets_tombstone tombstone
    ON tombstone.account_id = %(account)s AND tombstone.reference = asked.reference
        AND tombstone.game = asked.game
WHERE coupon.id IS NOT NULL OR tombstone.id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class _Refusal:
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class _Tombstone:
    code: str
    fingerprint: str


def take(*, account: ProviderAccount, debits: Sequence[Debit], cause: Cause) -> list[Outcome]:
    """Take the stakes of these bets and say what became of each.

    A bet that is known with the same content is skipped, with other content it is a conflict,
    and one that was refused or cancelled before stays so. One refusal refuses the whole request.
    """
    if not debits:
        return []
    keys = {_key(debit) for debit in debits}
    locks.lock_references(account_id=account.pk, keys=keys)
    known = _Known(account, keys)
    verdicts = [known.verdict(debit) for debit in debits]
    conflict = _first(verdicts, Effect.CONFLICT) or _contradiction(debits)
    if conflict:
        return _flag_conflict(account, debits, cause)
    fresh = list({_key(d): d for d, v in zip(debits, verdicts, strict=True) if v is None}.values())
    refused = _first(verdicts, Effect.REFUSED)
    refusal = _Refusal(refused.code, refused.message) if refused else None
    ids: dict[Key, UUID] = {}
    refusal = _take_fresh(account, fresh, cause, ids, refusal)
    if refusal is not None:
        return [_refused(debit, refusal, ids.get(_key(debit))) for debit in debits]
    return [
        verdict or _taken(debit, ids[_key(debit)])
        for debit, verdict in zip(debits, verdicts, strict=True)
    ]


def _take_fresh(
    account: ProviderAccount,
    debits: list[Debit],
    cause: Cause,
    ids: dict[Key, UUID],
    refusal: _Refusal | None,
) -> _Refusal | None:
    """Take all of the bets or refuse them all; `ids` receives their coupons."""
    players = identities.players_by_uid(account=account, uids={d.player_uid for d in debits})
    held = bindings.find(account=account, debits=debits, players=players)
    unheld = [debit for debit in debits if _key(debit) not in held.coupons]
    for debit in unheld:
        refusal = refusal or _refusal(account, debit, players.get(debit.player_uid))
    if refusal is None and held.ambiguous:
        bindings.flag_ambiguous(found=held, cause=cause)
        refusal = _Refusal(_AMBIGUOUS, "Several open coupons could be this bet.")
    if refusal is None:
        refusal = _book(account, unheld, players, cause, ids)
    if refusal is not None:
        # An open coupon is not refused with its debit: its own answer is on the way.
        _record_refused(account, unheld, players, cause, refusal, ids)
        return refusal
    _bind(debits, held, cause, ids)
    return None


def _bind(debits: list[Debit], held: Bindings, cause: Cause, ids: dict[Key, UUID]) -> None:
    for debit in debits:
        coupon = held.coupons.get(_key(debit))
        if coupon is not None:
            digest = content_digest(debit)
            bindings.bind(coupon=coupon, debit=debit, digest=digest, cause=cause)
            ids[_key(debit)] = coupon.pk


def content_digest(debit: Debit) -> str:
    """What makes two requests for one bet the same, however the numbers are written."""
    content = {
        "player": debit.player_uid,
        "amount": f"{debit.amount.normalize():f}",
        "currency": debit.currency,
        "group": debit.group_reference,
        "potential_payout": None
        if debit.potential_payout is None
        else f"{debit.potential_payout.normalize():f}",
        **debit.content,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class _Known:
    """What is already stored under the references of a request."""

    def __init__(self, account: ProviderAccount, keys: set[Key]) -> None:
        self.account = account
        references, games = zip(*keys, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(
                _STORED,
                {"account": account.pk, "references": list(references), "games": list(games)},
            )
            stored = cursor.fetchall()
        coupons = Coupon.objects.in_bulk([row[2] for row in stored if row[2]]).values()
        self.coupons = {(str(c.provider_reference), c.game): c for c in coupons}
        self.tombstones = {(row[0], row[1]): _Tombstone(*row[3:]) for row in stored if row[3]}

    def verdict(self, debit: Debit) -> Outcome | None:
        """What is known of a bet, or None for a new one."""
        coupon = self.coupons.get(_key(debit))
        if coupon is not None:
            return self._of_coupon(debit, coupon)
        tombstone = self.tombstones.get(_key(debit))
        if tombstone is None:
            return None
        if tombstone.fingerprint and tombstone.fingerprint != content_digest(debit):
            return _conflicting(debit)
        return _refused(debit, _Refusal(tombstone.code, "This bet was refused before."))

    def _of_coupon(self, debit: Debit, coupon: Coupon) -> Outcome | None:
        if debit.binds_hold and bindings.is_placed_by_us(coupon):
            return self._of_placed(debit, coupon)
        if coupon.content_digest != content_digest(debit):
            return _conflicting(debit)
        if debit.binds_hold and coupon.status == CouponStatus.RETURNED:
            # It was discarded: a yes to a late repeat would sell it for nothing.
            return _refused(debit, _Refusal("coupon_closed", "The bet is returned."), coupon.pk)
        if coupon.status == CouponStatus.REJECTED and coupon.rejection:
            refusal = _Refusal(coupon.rejection["code"], coupon.rejection["message"])
            return _refused(debit, refusal, coupon.pk)
        return Outcome(effect=Effect.REPEATED, reference=debit.reference, coupon_id=coupon.pk)

    def _of_placed(self, debit: Debit, coupon: Coupon) -> Outcome | None:
        """A bet that we know from its placement: its stake is held, taken or given back."""
        if not bindings.is_same_bet(account=self.account, coupon=coupon, debit=debit):
            return _conflicting(debit)
        if bindings.is_open(coupon):
            return None
        if bindings.is_taken(coupon):
            return Outcome(effect=Effect.REPEATED, reference=debit.reference, coupon_id=coupon.pk)
        closed = _Refusal("coupon_closed", f"The bet is {coupon.status}.")
        return _refused(debit, closed, coupon.pk)


def _refusal(account: ProviderAccount, debit: Debit, player: Player | None) -> _Refusal | None:
    if player is None:
        return _Refusal("unknown_user", f"No player goes by {debit.player_uid!r}.")
    if not account.is_active:
        return _Refusal("account_inactive", "The provider account is switched off.")
    if player.status != PlayerStatus.ACTIVE:
        return _Refusal(_BLOCKED, f"The player is {player.get_status_display()}.")
    if debit.currency != player.currency:
        return _Refusal("currency_mismatch", f"The wallet is in {player.currency}.")
    try:
        check_amount(debit.amount, debit.currency)
        for part in filter(None, (debit.excise, debit.stake_at_risk)):
            check_amount(part, debit.currency)
    except LedgerError as error:
        return _Refusal("invalid_amount", str(error))
    if debit.excise and debit.excise >= debit.amount:
        return _Refusal("invalid_amount", "The excise is not a part of the amount.")
    return None


def _book(
    account: ProviderAccount,
    debits: list[Debit],
    players: dict[str, Player],
    cause: Cause,
    ids: dict[Key, UUID],
) -> _Refusal | None:
    """Take the money first: a refusal of the ledger leaves nothing to undo."""
    batch = Batch(cause)
    for debit in debits:
        coupon = _coupon(account, debit, players[debit.player_uid], cause)
        coupon.status, coupon.accepted_at = CouponStatus.ACCEPTED, cause.now
        coupon.resolve_after = cause.now + acceptance.result_due(account)
        batch.created.append(coupon)
        batch.transfers += money.direct_stake(coupon, actor=cause.actor)
        batch.note(coupon, TimelineKind.ACCEPTED, before="", reason="Taken from the wallet.")
    try:
        batch.post()
    except InsufficientFunds:
        return _Refusal("insufficient_funds", "The wallet does not hold the stake.")
    except LedgerError as error:
        return _Refusal(error.code, str(error))
    batch.write()
    ids.update(_ids(batch.created))
    return None


def _record_refused(
    account: ProviderAccount,
    debits: list[Debit],
    players: dict[str, Player],
    cause: Cause,
    refusal: _Refusal,
    ids: dict[Key, UUID],
) -> None:
    """Keep refused bets: as rejected coupons where we know the player, else as tombstones."""
    batch = Batch(cause)
    for debit in debits:
        player = players.get(debit.player_uid)
        if player is None or refusal.code in _WITHOUT_COUPON:
            batch.tombstones.append(_tombstone(account, debit, cause, refusal))
            continue
        coupon = _coupon(account, debit, player, cause)
        coupon.status = CouponStatus.REJECTED
        coupon.rejection = acceptance.rejection(
            Rejected(code=refusal.code, message=refusal.message)
        )
        batch.created.append(coupon)
        batch.note(coupon, TimelineKind.REJECTED, before="", reason=refusal.message)
    batch.write()
    ids.update(_ids(batch.created))


def _ids(coupons: list[Coupon]) -> dict[Key, UUID]:
    return {(str(coupon.provider_reference), coupon.game): coupon.pk for coupon in coupons}


def _coupon(account: ProviderAccount, debit: Debit, player: Player, cause: Cause) -> Coupon:
    limit = _expressible(debit.potential_payout, debit.currency)
    return Coupon(
        player=player,
        partner_id=player.partner_id,
        account=account,
        origin=Origin.WALLET,
        type=CouponType.SINGLE,
        currency=debit.currency,
        stake=debit.amount,
        potential_payout=limit,
        payout_limit=limit,
        game=debit.game,
        provider_reference=debit.reference,
        provider_code=debit.provider_code[:_LONGEST_CODE],
        stake_at_risk=debit.stake_at_risk or None,
        excise=debit.excise,
        content_digest=content_digest(debit),
        placed_at=cause.now,
    )


def _expressible(amount: Decimal | None, currency: str) -> Decimal | None:
    """A potential payout moves no money: one that the currency cannot express is not kept."""
    if amount is None:
        return None
    try:
        return check_amount(amount, currency)
    except LedgerError:
        return None


def _tombstone(
    account: ProviderAccount, debit: Debit, cause: Cause, refusal: _Refusal
) -> Tombstone:
    return Tombstone(
        account=account,
        game=debit.game,
        reference=debit.reference,
        code=refusal.code,
        fingerprint=content_digest(debit),
        delivery_id=cause.delivery_id,
    )


def _flag_conflict(
    account: ProviderAccount, debits: Sequence[Debit], cause: Cause
) -> list[Outcome]:
    flags = [
        Flag(
            kind=FlagKind.CONFLICT,
            account=account,
            reference=debit.reference,
            detail=f"{account.code} sent bet {debit.reference} again with other content.",
            delivery_id=cause.delivery_id,
        )
        for debit in debits
    ]
    Flag.objects.bulk_create(flags, ignore_conflicts=True)
    return [_conflicting(debit) for debit in debits]


def _contradiction(debits: Sequence[Debit]) -> bool:
    """One request that names a bet twice with different content."""
    digests: dict[Key, str] = {}
    return any(
        digests.setdefault(_key(debit), content_digest(debit)) != content_digest(debit)
        for debit in debits
    )


def _first(verdicts: Sequence[Outcome | None], effect: Effect) -> Outcome | None:
    return next((verdict for verdict in verdicts if verdict and verdict.effect is effect), None)


def _key(debit: Debit) -> Key:
    return debit.reference, debit.game


def _taken(debit: Debit, coupon_id: UUID) -> Outcome:
    return Outcome(effect=Effect.APPLIED, reference=debit.reference, coupon_id=coupon_id)


def _refused(debit: Debit, refusal: _Refusal, coupon_id: UUID | None = None) -> Outcome:
    return Outcome(
        effect=Effect.REFUSED,
        reference=debit.reference,
        coupon_id=coupon_id,
        code=refusal.code,
        message=refusal.message,
    )


def _conflicting(debit: Debit) -> Outcome:
    return Outcome(effect=Effect.CONFLICT, reference=debit.reference, code="conflicting_request")
