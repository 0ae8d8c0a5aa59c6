"""Cancelling what is unmatched. What the exchange then has is read, not concluded."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from bets.models import (
    LIVE,
    UNANSWERED,
    ExchangeMarket,
    ExchangeOrder,
    OrderEventKind,
    OrderStatus,
    Partner,
)
from bets.services.exchange import watching
from bets.services.exchange.journal import Journal, lock_market, lock_orders
from providers import exchange, subjects
from providers.contract import Cancelled, NotSent, OfferCancellation, Rejected
from providers.leases import LeaseBusy
from providers.models import ProviderAccount
from providers.transport import Deadline

_DEADLINE_S = 15.0
_LOOK_WAIT_S = 2.0


class NotCancellable(Exception):
    """Nothing of the order waits at the exchange; `status` says what it is instead."""

    def __init__(self, status: str) -> None:
        super().__init__(f"The order is {status}.")
        self.status = status


class CancelRefused(Exception):
    """The exchange does not cancel it now."""


class ExchangeAway(Exception):
    """The exchange could not be asked; nothing was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """What the exchange said, and the orders as they are known now."""

    answer: OfferCancellation
    orders: tuple[ExchangeOrder, ...]

    @property
    def is_certain(self) -> bool:
        """Whether each order is known to wait for nothing any more."""
        return all(order.status not in (*LIVE, *UNANSWERED) for order in self.orders)


def cancel_order(*, order: ExchangeOrder, actor: str, now: datetime) -> Cancellation:
    """Cancel what is unmatched of an order. A cancelled order is cancelled already.

    The answer may leave it open whether it is: then the order stays as it is and is read again
    soon. Raises NotCancellable, CancelRefused and ExchangeAway. Not inside a transaction.
    """
    if order.status == OrderStatus.CANCELLED:
        return Cancellation(answer=Cancelled(references=()), orders=(order,))
    if order.status not in LIVE:
        raise NotCancellable(order.status)
    result = _cancel(order.account, order.market_id, [order.pk], actor, now)
    (after,) = result.orders
    if after.status in (OrderStatus.MATCHED, OrderStatus.REJECTED):
        raise NotCancellable(after.status)
    _check(result)
    return result


def cancel_market(
    *, partner: Partner, account: ProviderAccount, market_id: str, actor: str, now: datetime
) -> Cancellation:
    """Cancel what is unmatched of a partner's orders on a market, and of nobody else's.

    Orders without an answer are among them: they cannot be cancelled, and may wait there. Raises
    CancelRefused and ExchangeAway. Not inside a transaction.
    """
    own = ExchangeOrder.objects.filter(
        partner=partner,
        account=account,
        market_id=market_id,
        status__in=(*LIVE, *UNANSWERED),
    )
    ids = list(own.values_list("pk", flat=True))
    if not ids:
        return Cancellation(answer=Cancelled(references=()), orders=())
    result = _cancel(account, market_id, ids, actor, now)
    _check(result)
    return result


def cancel_everything(
    *, market: ExchangeMarket, actor: str, reason: str, now: datetime
) -> Cancellation:
    """Cancel every unmatched offer of the account on a market, whoever placed it.

    That is more than our orders: offers placed at the exchange itself as well. Raises
    CancelRefused and ExchangeAway. Not inside a transaction.
    """
    open_ones = ExchangeOrder.objects.filter(
        account_id=market.account_id, market_id=market.market_id, status__in=LIVE
    )
    ids = list(open_ones.values_list("pk", flat=True))
    _ask_for(market.account, market.market_id, ids, Journal(actor=actor, now=now), reason)
    with subjects.about(exchange.MARKET, market.pk):
        answer = exchange.cancel_unmatched(
            account=market.account, market_id=market.market_id, deadline_s=_DEADLINE_S
        )
    result = _conclude(market.account, market.market_id, ids, answer, actor)
    _check(result)
    return result


def _cancel(
    account: ProviderAccount, market_id: str, ids: Sequence[UUID], actor: str, now: datetime
) -> Cancellation:
    references = _ask_for(account, market_id, ids, Journal(actor=actor, now=now), "")
    if not references:
        return _conclude(account, market_id, ids, Cancelled(references=()), actor)
    deadline = Deadline(_DEADLINE_S)
    with subjects.about(exchange.ORDER, ids[0]):
        answer = exchange.cancel_offers(
            account=account,
            market_id=market_id,
            references=references,
            deadline_s=deadline.left_s,
        )
    return _conclude(account, market_id, ids, answer, actor)


@transaction.atomic
def _ask_for(
    account: ProviderAccount,
    market_id: str,
    ids: Sequence[UUID],
    journal: Journal,
    reason: str,
) -> list[str]:
    """Note the wish, and have the market read even if nobody survives the call."""
    market = lock_market(account_id=account.pk, market_id=market_id)
    orders = lock_orders(ExchangeOrder.objects.filter(pk__in=ids, status__in=LIVE))
    for order in orders:
        journal.note(order, OrderEventKind.CANCEL_ASKED, reason=reason)
    journal.write()
    market.look_after, market.quiet = journal.now, 0
    market.save(update_fields=["look_after", "quiet"])
    return [str(order.provider_reference) for order in orders]


def _conclude(
    account: ProviderAccount,
    market_id: str,
    ids: Sequence[UUID],
    answer: OfferCancellation,
    actor: str,
) -> Cancellation:
    """Note a refusal, and read the market: only that says what was matched meanwhile."""
    now = timezone.now()
    with transaction.atomic():
        market = lock_market(account_id=account.pk, market_id=market_id)
        if isinstance(answer, Rejected | NotSent):
            journal = Journal(actor=actor, now=now)
            for order in lock_orders(ExchangeOrder.objects.filter(pk__in=ids, status__in=LIVE)):
                journal.note(order, OrderEventKind.CANCEL_REFUSED, reason=answer.message)
            journal.write()
    if not isinstance(answer, NotSent):
        market.account = account
        # If somebody else looks at it now: it is due again at once.
        with suppress(LeaseBusy):
            watching.look(market=market, now=now, wait_s=_LOOK_WAIT_S, actor=actor)
    orders = ExchangeOrder.objects.filter(pk__in=ids).select_related("account").order_by("id")
    return Cancellation(answer=answer, orders=tuple(orders))


def _check(result: Cancellation) -> None:
    """Raise what a refusal means, unless the orders wait for nothing any more after all."""
    if isinstance(result.answer, NotSent):
        raise ExchangeAway(result.answer.message)
    if isinstance(result.answer, Rejected) and not result.is_certain:
        raise CancelRefused(result.answer.message)
