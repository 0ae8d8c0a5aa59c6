"""Whether orders may be placed by what the exchange says now: the market's version, the money.

The exchange says what is free of the account's balance; what it has yet to take, only we know.
So batches of an account, on whatever market, are judged one after the other: each leaves to those
judged before it, and not answered yet, what they may cost. Where only they stand in its way, it
waits for them.
"""

import time
from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from bets.models import ExchangeBatch, ExchangeOrder, OrderStatus
from bets.services.exchange.resolving import UNSEEN_GRACE
from providers import exchange
from providers.contract import NewOffer, OfferSlip, Rejected
from providers.models import ProviderAccount
from providers.transport import Deadline

_CENT = Decimal("0.01")
_PAUSE_S = 0.05


def judge(batch: ExchangeBatch, slip: OfferSlip, deadline: Deadline) -> tuple[Rejected | None, str]:
    """The refusal, if there is one, and the account's currency. Raises ReadRefused."""
    return _judge_version(batch, slip, deadline) or _judge_money(batch, slip, deadline)


def _judge_version(
    batch: ExchangeBatch, slip: OfferSlip, deadline: Deadline
) -> tuple[Rejected, str] | None:
    if not slip.market_version:
        return None
    book = exchange.book(
        account=batch.account, market_id=slip.market_id, depth=1, deadline_s=deadline.left_s
    )
    if book.version <= slip.market_version:
        return None
    message = f"The market's version is {book.version} by now."
    return Rejected(code="market_version_stale", message=message), ""


def _judge_money(
    batch: ExchangeBatch, slip: OfferSlip, deadline: Deadline
) -> tuple[Rejected | None, str]:
    ahead, needed = _set_aside(batch), _locked(slip.offers)
    # The other half is for placing.
    patience_s = deadline.left_s / 2
    while True:
        # Before the balance: what is answered between the two counts twice, and never not at all.
        reserved = _locked(_on_their_way(batch).filter(batch__in=ahead))
        funds = exchange.funds(account=batch.account, deadline_s=deadline.left_s)
        if needed <= funds.free - reserved:
            return None, funds.currency
        if needed > funds.free:
            return _insufficient(), funds.currency
        left_s = deadline.left_s - patience_s
        if not _is_answered(batch, ahead, reserved, wait_s=left_s):
            return _insufficient(" beside that of orders without an answer"), funds.currency


@transaction.atomic
def _set_aside(batch: ExchangeBatch) -> list[UUID]:
    """From here on others leave to the batch what it may cost; the batches that come before it.

    The account's row makes one order of all judgements, so that of two batches one is the first.
    """
    ProviderAccount.objects.select_for_update(no_key=True).get(pk=batch.account_id)
    ahead = _on_their_way(batch).values_list("batch_id", flat=True).distinct()
    found = list(ahead)
    ExchangeBatch.objects.filter(pk=batch.pk).update(judged_at=timezone.now())
    return found


def _on_their_way(batch: ExchangeBatch) -> QuerySet[ExchangeOrder]:
    """Orders of other batches of the account of which its balance may know nothing yet.

    One that got no clear answer is there, or is not: for a while the balance may not show it.
    """
    fresh = timezone.now() - UNSEEN_GRACE
    return ExchangeOrder.objects.filter(
        Q(status=OrderStatus.PENDING) | Q(status=OrderStatus.UNKNOWN, changed_at__gt=fresh),
        account_id=batch.account_id,
        batch__judged_at__isnull=False,
    ).exclude(batch=batch)


def _is_answered(
    batch: ExchangeBatch, ahead: Sequence[UUID], reserved: Decimal, *, wait_s: float
) -> bool:
    """Wait until something of what is ahead is answered, as long as an answer is to be expected."""
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        before_it = list(_on_their_way(batch).filter(batch__in=ahead))
        if _locked(before_it) != reserved:
            return True
        if all(order.status == OrderStatus.UNKNOWN for order in before_it):
            return False
        time.sleep(_PAUSE_S)
    return False


def _locked(offers: Iterable[NewOffer | ExchangeOrder]) -> Decimal:
    """What an exchange that counts in cents locks at most for offers."""
    each = (Decimal(offer.liability) for offer in offers)
    return sum((one.quantize(_CENT, rounding=ROUND_CEILING) for one in each), Decimal(0))


def _insufficient(beside: str = "") -> Rejected:
    message = f"The account's free balance does not cover the liability{beside}."
    return Rejected(code="insufficient_funds", message=message)
