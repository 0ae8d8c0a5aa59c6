"""Placing orders at an exchange: write down what is there, ask, book the answer.

Two transactions with the calls between them, as for a coupon, and a short one in the middle: it
stores which offers of the account were on the market before, without which a lost answer could
not be resolved. Placements on one market of an account wait for one another, so that whatever
comes to the market between that moment and the answer is of this placement.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from bets.models import (
    UNANSWERED,
    ExchangeBatch,
    ExchangeMarket,
    ExchangeOrder,
    OrderEventKind,
    OrderStatus,
    Partner,
)
from bets.services.exchange import answers, judging
from bets.services.exchange.accounts import exchange_account, named_currency
from bets.services.exchange.journal import Journal, exposure_of, lock_market, lock_orders
from bets.services.exchange.quiet import alone_on
from providers import exchange
from providers.contract import (
    NewOffer,
    NotSent,
    OfferPlacement,
    OfferSlip,
    ReadRefused,
    Rejected,
)
from providers.leases import LeaseBusy
from providers.models import ProviderAccount
from providers.transport import Deadline

# The watch leaves a pending order alone for as long as its calls may take, and then some.
_GRACE = timedelta(seconds=15)
# With less time than this, placing is not begun.
_LEAST_CALL_S = 2.0
_LONGEST_WAIT_S = 8.0
UNKNOWN_MARKET = "market_not_found"
_REFUSED = "provider_refused"


class KeyReused(Exception):
    """The idempotency key stands for another request."""


class PlacementInProgress(Exception):
    """The same request is being placed at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersRequest:
    """Offers for one market as a partner asks for them; stakes in the account's currency."""

    account: str
    slip: OfferSlip


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReply:
    status: int
    body: bytes


Render = Callable[[Sequence[ExchangeOrder]], bytes]


def place_orders(
    *,
    partner: Partner,
    key: str,
    request: OrdersRequest,
    request_digest: str,
    now: datetime,
    render: Render,
) -> StoredReply:
    """Place orders, or repeat the reply that the same key got before.

    The reply's status is 201, or 202 while an order has no clear answer. Raises AccountNotFound,
    NotAnExchange, KeyReused or PlacementInProgress, which leave no order. Never call it inside a
    transaction: it calls the exchange.
    """
    deadline = Deadline(settings.PLACEMENT_DEADLINE_S)
    earlier = _earlier(partner, key, request_digest, render)
    if earlier:
        return earlier
    try:
        with transaction.atomic():
            batch, refused = _open(partner, key, request, request_digest, now)
            if refused:
                return _store_reply(batch, render)
    except IntegrityError:
        repeated = _earlier(partner, key, request_digest, render)
        if repeated is None:
            raise
        return repeated
    wait_s = min(_LONGEST_WAIT_S, deadline.left_s / 2)
    try:
        with alone_on(batch, seconds=deadline.left_s, wait_s=wait_s):
            return _book(batch, _ask(batch, request.slip, deadline), render)
    except LeaseBusy:
        busy = NotSent(code="market_busy", message="Other orders are being placed there.")
        return _book(batch, busy, render)


def _earlier(partner: Partner, key: str, digest: str, render: Render) -> StoredReply | None:
    """The reply that this key got, if it was used before."""
    batch = ExchangeBatch.objects.filter(partner=partner, key=key).first()
    if batch is None:
        return None
    if batch.request_digest != digest:
        raise KeyReused(key)
    if batch.reply_body is not None and batch.reply_status is not None:
        return StoredReply(status=batch.reply_status, body=bytes(batch.reply_body))
    with transaction.atomic():
        lock_market(account_id=batch.account_id, market_id=batch.market_id)
        batch.refresh_from_db(fields=["reply_status", "reply_body"])
        if batch.reply_body is not None and batch.reply_status is not None:
            return StoredReply(status=batch.reply_status, body=bytes(batch.reply_body))
        if batch.orders.filter(status=OrderStatus.PENDING).exists():
            raise PlacementInProgress(key)
        return _store_reply(batch, render)


def _open(
    partner: Partner, key: str, request: OrdersRequest, digest: str, now: datetime
) -> tuple[ExchangeBatch, bool]:
    """The first transaction. Tells whether the orders were refused before any call."""
    account = exchange_account(partner=partner, code=request.account)
    refusal = exchange.check_offers(account=account, slip=request.slip)
    batch = _batch(partner, account, key, request.slip, digest, now)
    batch.save(force_insert=True)
    orders = [_order(batch, place, offer) for place, offer in enumerate(request.slip.offers)]
    journal = Journal(actor=f"partner:{partner.code}", now=now)
    for order in orders:
        journal.note(order, OrderEventKind.PLACED, before="")
        if refusal:
            journal.reject(order, refusal)
    ExchangeOrder.objects.bulk_create(orders)
    journal.changed.clear()
    journal.write()
    if not refusal:
        market = lock_market(account_id=account.pk, market_id=batch.market_id)
        _look_by(market, now + timedelta(seconds=settings.PLACEMENT_DEADLINE_S) + _GRACE)
    return batch, refusal is not None


def _batch(
    partner: Partner,
    account: ProviderAccount,
    key: str,
    slip: OfferSlip,
    digest: str,
    now: datetime,
) -> ExchangeBatch:
    return ExchangeBatch(
        partner=partner,
        account=account,
        key=key,
        request_digest=digest,
        market_id=slip.market_id,
        market_version=slip.market_version,
        keep_in_play=slip.keep_in_play,
        keep_on_suspension=slip.keep_on_suspension,
        created_at=now,
    )


def _order(batch: ExchangeBatch, position: int, offer: NewOffer) -> ExchangeOrder:
    deadline = timedelta(seconds=settings.PLACEMENT_DEADLINE_S) + _GRACE
    order = ExchangeOrder(
        batch=batch,
        position=position,
        partner_id=batch.partner_id,
        account_id=batch.account_id,
        market_id=batch.market_id,
        selection_id=offer.selection_id,
        side=offer.side,
        odds=offer.odds,
        stake=offer.stake,
        liability=offer.liability,
        currency=named_currency(batch.account),
        status=OrderStatus.PENDING,
        matched=Decimal(0),
        told=Decimal(0),
        remaining=offer.stake,
        resolve_after=batch.created_at + deadline,
        placed_at=batch.created_at,
        changed_at=batch.created_at,
    )
    order.exposure = exposure_of(order)
    return order


# --- between the transactions -------------------------------------------------------------------


def _ask(batch: ExchangeBatch, slip: OfferSlip, deadline: Deadline) -> OfferPlacement:
    """Judge the offers by what the exchange says now, write down what is there, and place them."""
    try:
        refused, currency = judging.judge(batch, slip, deadline)
        if refused:
            return refused
        offers = exchange.own_offers(
            account=batch.account, market_id=batch.market_id, deadline_s=deadline.left_s
        )
    except ReadRefused as error:
        return _unasked(error, batch.market_id)
    if deadline.left_s < _LEAST_CALL_S:
        return NotSent(code="too_slow", message="The exchange took too long; nothing was sent.")
    if not _mark_sent(batch, [offer.reference for offer in offers], currency):
        return NotSent(code="too_slow", message="The time for it had passed; nothing was sent.")
    return exchange.place_offers(
        account=batch.account, slip=slip, batch_id=batch.pk, deadline_s=deadline.left_s
    )


def _unasked(error: ReadRefused, market_id: str) -> Rejected | NotSent:
    """Nothing was sent: the exchange refused what was asked before, or gave no answer to it."""
    if error.code == UNKNOWN_MARKET:
        message = f"The exchange does not know market {market_id}."
        return Rejected(code=UNKNOWN_MARKET, message=message)
    if error.code == _REFUSED:
        return Rejected(code=_REFUSED, message=f"{error.message} Nothing was sent.")
    return NotSent(code=error.code, message="The exchange could not be asked; nothing was sent.")


def _mark_sent(batch: ExchangeBatch, before: list[str], currency: str) -> bool:
    """From here on it is open whether the offers exist. False if they are not waited for any more.

    The watch rejects what was never sent; the market's lock decides who comes first.
    """
    with transaction.atomic():
        lock_market(account_id=batch.account_id, market_id=batch.market_id)
        waiting = batch.orders.filter(status=OrderStatus.PENDING)
        if not waiting.update(currency=currency):
            return False
        ExchangeBatch.objects.filter(pk=batch.pk).update(
            offers_before=before, sent_at=timezone.now()
        )
    return True


# --- the second transaction ---------------------------------------------------------------------


@transaction.atomic
def _book(batch: ExchangeBatch, answer: OfferPlacement, render: Render) -> StoredReply:
    now = timezone.now()
    market = lock_market(account_id=batch.account_id, market_id=batch.market_id)
    orders = lock_orders(batch.orders.all())
    journal = Journal(actor=f"partner:{batch.partner.code}", now=now)
    answers.book(journal, orders, answer)
    journal.write()
    if any(order.status != OrderStatus.REJECTED for order in orders):
        _look_by(market, now)
    elif isinstance(answer, Rejected) and answer.code == UNKNOWN_MARKET:
        _forget(market)
    return _store_reply(batch, render)


def _forget(market: ExchangeMarket) -> None:
    """Drop the row of a locked market that the exchange does not know, if nothing is there."""
    others = ExchangeOrder.objects.filter(
        account_id=market.account_id, market_id=market.market_id
    ).exclude(status=OrderStatus.REJECTED)
    if market.looked_at is None and not others.exists():
        market.delete()


def _look_by(market: ExchangeMarket, moment: datetime) -> None:
    """Have a locked market read at this moment, if not before it."""
    if market.look_after is None or market.look_after > moment:
        market.look_after = moment
    market.quiet = 0
    market.save(update_fields=["look_after", "quiet"])


def _store_reply(batch: ExchangeBatch, render: Render) -> StoredReply:
    orders = list(batch.orders.order_by("position"))
    open_ended = any(order.status in UNANSWERED for order in orders)
    reply = StoredReply(status=202 if open_ended else 201, body=render(orders))
    ExchangeBatch.objects.filter(pk=batch.pk).update(
        reply_status=reply.status, reply_body=reply.body
    )
    return reply
