"""Placing a coupon at a provider: hold the stake, ask the provider, book the answer.

Two transactions with the call between them. The first stores the coupon as pending with its
hold and a time after which it is looked at; the second books the answer. Whichever line the
process dies on, the sweep in `resolution.py` finds the coupon.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import IntegrityError, transaction

from bets.models import (
    BetItem,
    Coupon,
    CouponStatus,
    IdempotencyKey,
    Partner,
    TimelineKind,
)
from bets.services.coupon import acceptance, locks, money
from bets.services.coupon.batch import Batch, Cause
from bets.services.placing import drafts, slips
from bets.services.placing.answers import book_answer, keep_reference
from bets.services.placing.slips import (
    AccountNotFound,
    CurrencyMismatch,
    FormMismatch,
    PlacementRefused,
    PlacementRequest,
    PlayerNotFound,
)
from bets.services.players import tokens
from providers import services as providers
from providers.contract import (
    BetSlip,
    Rejected,
)
from wallets.services import InsufficientFunds, LedgerError

# The sweep leaves a pending coupon alone for as long as a call may take, and then some.
_GRACE = timedelta(seconds=15)


class KeyReused(PlacementRefused):
    """The idempotency key stands for another request."""


class PlacementInProgress(PlacementRefused):
    """The same request is being placed at this moment."""


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
    PlayerNotFound, AccountNotFound, CurrencyMismatch, FormMismatch, KeyReused or
    PlacementInProgress, which leave no coupon. Never call it inside a transaction: it calls the
    provider.
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
    player, account = slips.find(partner=partner, request=request)
    form = providers.slip_form(account=account)
    options = slips.judge(form=form, request=request)
    coupon = drafts.coupon_of(player=player, account=account, request=request, now=now)
    coupon.options = drafts.stored_options(options)
    coupon.told_stake = providers.told_stake(account=account, stake=coupon.stake)
    coupon.resolve_after = now + timedelta(seconds=settings.PLACEMENT_DEADLINE_S) + _GRACE
    if form.reference_is_ours:
        coupon.provider_reference = str(coupon.pk)
    slip = slips.slip_of(
        coupon_id=coupon.pk,
        player=player,
        account=account,
        request=request,
        options=options,
        callback_url=f"{providers.callback_base(account=account)}/{coupon.callback_key}",
    )
    batch = Batch(Cause(actor=_actor(partner), now=now))
    refusal = slips.refusal(player=player, account=account, slip=slip) or _hold(batch, coupon)
    slip = replace(slip, told_stake=coupon.told_stake)
    if form.needs_player_token and refusal is None:
        token = tokens.issue(player=player, account=account, now=now)
        slip = replace(slip, player_token=token)
    _write(batch, coupon, drafts.items_of(coupon=coupon, request=request), refusal)
    IdempotencyKey.objects.create(
        partner=partner, key=key, request_digest=request_digest, coupon=coupon
    )
    return coupon, None if refusal else slip


def _write(batch: Batch, coupon: Coupon, items: list[BetItem], refusal: Rejected | None) -> None:
    batch.created, batch.items = [coupon], items
    batch.note(coupon, TimelineKind.PLACED, before="")
    if refusal:
        coupon.status, coupon.resolve_after = CouponStatus.REJECTED, None
        coupon.rejection = acceptance.rejection(refusal)
        batch.note(coupon, TimelineKind.REJECTED, before="", reason=refusal.message)
    batch.write()


def _hold(batch: Batch, coupon: Coupon) -> Rejected | None:
    batch.transfers.append(money.hold(coupon, actor=batch.cause.actor))
    try:
        batch.post()
    except InsufficientFunds:
        return Rejected(code="insufficient_funds", message="The wallet does not hold the stake.")
    except LedgerError as error:
        return Rejected(code=error.code, message=str(error))
    return None


def _store_reply(coupon: Coupon, render: Render) -> StoredReply:
    """The key's reply from now on, unless somebody who asked during the call was given one."""
    row = IdempotencyKey.objects.get(coupon=coupon)
    if row.body is None or row.status is None:
        row.status = 202 if coupon.status in (CouponStatus.UNKNOWN, CouponStatus.PENDING) else 201
        row.body = render(coupon)
        row.save(update_fields=["status", "body"])
    return StoredReply(status=row.status, body=bytes(row.body))


def _actor(partner: Partner) -> str:
    return f"partner:{partner.code}"


__all__ = [
    "AccountNotFound",
    "CurrencyMismatch",
    "FormMismatch",
    "KeyReused",
    "PlacementInProgress",
    "PlacementRefused",
    "PlacementRequest",
    "PlayerNotFound",
    "StoredReply",
    "book_answer",
    "place",
]
