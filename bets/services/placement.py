"""Placing a coupon at a provider: hold the stake, ask the provider, book the answer.

Two transactions with the call between them. The first stores the coupon as pending with its
hold and a time after which it is looked at; the second books the answer. Whichever line the
process dies on, the sweep in `resolution.py` finds the coupon.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from bets import combinations
from bets.models import (
    BetItem,
    Coupon,
    CouponStatus,
    IdempotencyKey,
    Origin,
    Partner,
    Player,
    PlayerStatus,
    TimelineKind,
)
from bets.services import acceptance, identities, locks, money, results
from bets.services.batch import Batch, Cause
from providers import services as providers
from providers.contract import (
    Accepted,
    BetSlip,
    CouponType,
    NotSent,
    OddsPolicy,
    Placement,
    Rejected,
    Selection,
    Unknown,
)
from providers.models import ProviderAccount
from wallets.currencies import exponent
from wallets.services import InsufficientFunds, LedgerError

# The sweep leaves a pending coupon alone for as long as a call may take, and then some.
_GRACE = timedelta(seconds=15)
_STATUS_CODES = {
    PlayerStatus.BLOCKED: "player_blocked",
    PlayerStatus.SELF_EXCLUDED: "player_self_excluded",
    PlayerStatus.CLOSED: "player_closed",
}


class PlacementRefused(Exception):
    """The request leaves no coupon."""


class PlayerNotFound(PlacementRefused):
    """No such player of this partner."""


class AccountNotFound(PlacementRefused):
    """No such provider account, or the partner may not use it."""


class KeyReused(PlacementRefused):
    """The idempotency key stands for another request."""


class PlacementInProgress(PlacementRefused):
    """The same request is being placed at this moment."""


class CurrencyMismatch(PlacementRefused):
    """The player's wallet is in another currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementRequest:
    """A coupon as a partner asks for it. `stake` is in major units of `currency`."""

    player_id: UUID
    provider_account: str
    type: CouponType
    system_size: int | None
    stake: Decimal
    currency: str
    odds_policy: OddsPolicy
    items: tuple[Selection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReply:
    status: int
    body: bytes


Render = Callable[[Coupon], bytes]


def place(
    *,
    partner: Partner,
    key: str,
    request: PlacementRequest,
    request_digest: str,
    now: datetime,
    render: Render,
) -> StoredReply:
    """Place a coupon, or repeat the reply that the same key got before.

    The reply's status is 201, or 202 while the provider has given no clear answer. Raises
    PlayerNotFound, AccountNotFound, CurrencyMismatch, KeyReused or PlacementInProgress, which
    leave no coupon. Never call it inside a transaction: it calls the provider.
    """
    started = time.monotonic()
    earlier = _earlier(partner, key, request_digest, render)
    if earlier:
        return earlier
    try:
        with transaction.atomic():
            coupon, slip = _open(partner, key, request, request_digest, now)
            if slip is None:
                return _store_reply(coupon, render)
    except IntegrityError:
        repeated = _earlier(partner, key, request_digest, render)
        if repeated is None:
            raise
        return repeated
    left_s = settings.PLACEMENT_DEADLINE_S - (time.monotonic() - started)
    answer = providers.place(
        account=coupon.account,
        slip=slip,
        deadline_s=left_s,
        keep=partial(keep_reference, coupon.pk),
    )
    with transaction.atomic():
        coupon = book_answer(coupon_id=coupon.pk, answer=answer, actor=_actor(partner))
        return _store_reply(coupon, render)


def keep_reference(coupon_id: UUID, reference: str) -> bool:
    """Store the bet's id at the provider while its answer is open; False if it is not any more."""
    with transaction.atomic():
        coupon = locks.lock_coupon(coupon_id)
        if coupon.status not in (CouponStatus.PENDING, CouponStatus.UNKNOWN):
            return False
        locks.lock_references(account_id=coupon.account_id, keys=[(reference, coupon.game)])
        Coupon.objects.filter(pk=coupon_id).update(provider_reference=reference)
    return True


def book_answer(*, coupon_id: UUID, answer: Placement, actor: str) -> Coupon:
    """Book a provider's answer to a placement. It acts only on a pending or unknown coupon.

    Call it inside a transaction. A yes for a coupon that is closed moves nothing and is flagged.
    """
    coupon = locks.lock_coupon(coupon_id)
    cause = Cause(actor=actor, now=timezone.now())
    if coupon.status not in (CouponStatus.PENDING, CouponStatus.UNKNOWN):
        if isinstance(answer, Accepted) and answer.reference != coupon.provider_reference:
            acceptance.flag_late_acceptance(coupon, answer, cause=cause)
        return coupon
    if isinstance(answer, Accepted):
        return _book_yes(coupon, answer, cause)
    if isinstance(answer, Unknown):
        if coupon.status == CouponStatus.PENDING:
            acceptance.leave_unknown_now(coupon, answer, cause=cause)
            results.apply_kept(coupon=coupon, cause=cause)
    else:
        acceptance.reject_now(coupon, answer, cause=cause)
    return locks.lock_coupon(coupon_id)


def _book_yes(coupon: Coupon, answer: Accepted, cause: Cause) -> Coupon:
    """A reference that another coupon has cannot be this one's too: staff must look."""
    try:
        with transaction.atomic():
            acceptance.accept_now(coupon, answer, cause=cause)
    except IntegrityError:
        coupon = locks.lock_coupon(coupon.pk)
        acceptance.flag_late_acceptance(coupon, answer, cause=cause)
        if coupon.status == CouponStatus.PENDING:
            taken = Unknown(reason=f"Another coupon has the reference {answer.reference}.")
            acceptance.leave_unknown_now(coupon, taken, cause=cause)
        return coupon
    results.apply_kept(coupon=coupon, cause=cause)
    return locks.lock_coupon(coupon.pk)


def _earlier(partner: Partner, key: str, request_digest: str, render: Render) -> StoredReply | None:
    """The reply that this key got, if it was used before."""
    row = IdempotencyKey.objects.filter(partner=partner, key=key).first()
    if row is None:
        return None
    if row.request_digest != request_digest:
        raise KeyReused(key)
    if row.body is not None and row.status is not None:
        return StoredReply(status=row.status, body=bytes(row.body))
    with transaction.atomic():
        coupon = locks.lock_coupon(row.coupon_id)
        if coupon.status == CouponStatus.PENDING:
            raise PlacementInProgress(key)
        return _store_reply(coupon, render)


def _open(
    partner: Partner, key: str, request: PlacementRequest, request_digest: str, now: datetime
) -> tuple[Coupon, BetSlip | None]:
    """The first transaction. A coupon without a slip was refused before any call."""
    player, account = _player(partner, request), _account(partner, request)
    coupon = _coupon(player, account, request, now)
    items = _items(coupon, request)
    slip = _slip(coupon, account, player, request)
    refusal = _refusal(player, account, slip) or _hold(coupon)
    batch = Batch(Cause(actor=_actor(partner), now=now))
    batch.created, batch.items = [coupon], items
    batch.note(coupon, TimelineKind.PLACED, before="")
    if refusal:
        coupon.status, coupon.resolve_after = CouponStatus.REJECTED, None
        coupon.rejection = acceptance.rejection(refusal)
        batch.note(coupon, TimelineKind.REJECTED, before="", reason=refusal.message)
    batch.write()
    IdempotencyKey.objects.create(
        partner=partner, key=key, request_digest=request_digest, coupon=coupon
    )
    return coupon, None if refusal else slip


def _player(partner: Partner, request: PlacementRequest) -> Player:
    player = Player.objects.filter(pk=request.player_id, partner=partner).first()
    if player is None:
        raise PlayerNotFound(str(request.player_id))
    if player.currency != request.currency:
        raise CurrencyMismatch(f"the player's wallet is in {player.currency}")
    return player


def _account(partner: Partner, request: PlacementRequest) -> ProviderAccount:
    account = ProviderAccount.objects.filter(
        code=request.provider_account, access__partner=partner
    ).first()
    if account is None:
        raise AccountNotFound(request.provider_account)
    return account


def _coupon(
    player: Player, account: ProviderAccount, request: PlacementRequest, now: datetime
) -> Coupon:
    odds = [item.asked_odds for item in request.items if item.odds is not None]
    return Coupon(
        player=player,
        partner_id=player.partner_id,
        account=account,
        origin=Origin.PLACED,
        type=request.type,
        system_size=request.system_size,
        currency=request.currency,
        stake=request.stake,
        odds=combinations.total_odds(odds=odds, system_size=request.system_size) if odds else None,
        potential_payout=combinations.potential_payout(
            stake=request.stake,
            odds=odds,
            system_size=request.system_size,
            decimals=exponent(request.currency),
        )
        if odds
        else None,
        odds_policy=request.odds_policy,
        status=CouponStatus.PENDING,
        resolve_after=now + timedelta(seconds=settings.PLACEMENT_DEADLINE_S) + _GRACE,
        placed_at=now,
    )


def _items(coupon: Coupon, request: PlacementRequest) -> list[BetItem]:
    return [
        BetItem(
            coupon=coupon,
            position=position,
            event_id=item.event_id,
            selection=item.selection,
            requested_odds=item.odds,
            is_live=item.is_live,
        )
        for position, item in enumerate(request.items)
    ]


def _slip(
    coupon: Coupon, account: ProviderAccount, player: Player, request: PlacementRequest
) -> BetSlip:
    return BetSlip(
        coupon_id=coupon.pk,
        player_id=player.pk,
        player_uid=identities.uid_of(account=account, player=player),
        type=request.type,
        system_size=request.system_size,
        stake=request.stake,
        currency=request.currency,
        odds_policy=request.odds_policy,
        selections=request.items,
        callback_url=f"{providers.callback_base(account=account)}/{coupon.callback_key}",
    )


def _refusal(player: Player, account: ProviderAccount, slip: BetSlip) -> Rejected | None:
    if player.status != PlayerStatus.ACTIVE:
        code = _STATUS_CODES[PlayerStatus(player.status)]
        return Rejected(code=code, message=f"The player is {player.get_status_display()}.")
    if not account.is_active:
        return Rejected(code="account_inactive", message="The provider account is switched off.")
    return providers.check_slip(account=account, slip=slip)


def _hold(coupon: Coupon) -> Rejected | None:
    batch = Batch(Cause(actor="", now=coupon.placed_at))
    batch.transfers.append(money.hold(coupon))
    try:
        batch.post()
    except InsufficientFunds:
        return Rejected(code="insufficient_funds", message="The wallet does not hold the stake.")
    except LedgerError as error:
        return Rejected(code=error.code, message=str(error))
    return None


def _store_reply(coupon: Coupon, render: Render) -> StoredReply:
    status = 202 if coupon.status in (CouponStatus.UNKNOWN, CouponStatus.PENDING) else 201
    reply = StoredReply(status=status, body=render(coupon))
    IdempotencyKey.objects.filter(coupon=coupon).update(status=reply.status, body=reply.body)
    return reply


def _actor(partner: Partner) -> str:
    return f"partner:{partner.code}"


__all__ = [
    "AccountNotFound",
    "CurrencyMismatch",
    "KeyReused",
    "NotSent",
    "PlacementInProgress",
    "PlacementRequest",
    "PlayerNotFound",
    "StoredReply",
    "book_answer",
    "place",
]
