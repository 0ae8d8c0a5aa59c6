"""Orders whose placement got no answer: found among the account's own offers, or certainly not."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from bets.models import (
    ExchangeMarket,
    ExchangeOrder,
    FlagKind,
    OrderEventKind,
    OrderStatus,
)
from bets.services.exchange import answers, matching
from bets.services.exchange.journal import Journal, close_flags, lock_orders
from bets.services.exchange.matching import Claim, Verdict
from bets.services.exchange.updating import Seen
from providers.contract import Match, NotSent, OfferStatus, OwnOffer, Rejected

# How long after its placement became unknown an offer may still come up at the exchange: more
# than the longest live delay.
UNSEEN_GRACE = timedelta(seconds=60)
# How long it is watched whether an order that was given up comes up after all.
WATCHED_AFTER = timedelta(minutes=10)
_NOT_THERE = "not_at_exchange"
_NEVER_SENT = NotSent(code="not_sent", message="Nothing was sent: the process ended before.")
_LOST = "No answer was booked: the process ended during the call."

# What is the account's, of no order, and of the terms of none.
Strays = Sequence[OwnOffer | Match]


def expire(journal: Journal, market: ExchangeMarket) -> None:
    """Pending orders of a locked market whose time is up. Nobody is waiting for them any more."""
    late = ExchangeOrder.objects.filter(
        account_id=market.account_id,
        market_id=market.market_id,
        status=OrderStatus.PENDING,
        resolve_after__lte=journal.now,
    ).select_related("batch")
    for order in lock_orders(late):
        if order.batch.sent_at is None:
            journal.reject(order, _NEVER_SENT)
        else:
            answers.leave_unknown(journal, order, _LOST)


def was_given_up(now: datetime) -> Q:
    """Orders that were rejected because the exchange did not list them, not long ago."""
    return Q(
        status=OrderStatus.REJECTED,
        rejection__code=_NOT_THERE,
        changed_at__gt=now - WATCHED_AFTER,
    )


def resolve(
    journal: Journal, market: ExchangeMarket, orders: Sequence[ExchangeOrder], seen: Seen
) -> None:
    """Decide what is certain about unknown orders. All are locked; writes nothing yet."""
    waiting = [order for order in orders if order.status == OrderStatus.UNKNOWN]
    given_up = [order for order in orders if order.status == OrderStatus.REJECTED]
    if not waiting and not given_up:
        return
    taken = _taken(market, seen)
    claims = _claims([*waiting, *_in_flight(orders)])
    verdict = matching.judge(claims=claims, offers=seen.offers, taken=taken)
    strays = _strays(verdict.spare, seen, taken)
    for order in waiting:
        _decide(journal, order, verdict, strays)
    decided = [order for order in waiting if order.status != OrderStatus.UNKNOWN]
    if decided:
        close_flags(
            orders=decided,
            kind=FlagKind.UNKNOWN_OVERDUE,
            now=journal.now,
            resolution="The exchange's list of our offers has decided it.",
        )
    _flag_late(journal, given_up, verdict.spare)


def flag_overdue(journal: Journal, orders: Sequence[ExchangeOrder]) -> None:
    """Unknown orders past their time enter the staff queue."""
    for order in orders:
        late = order.resolve_after is not None and order.resolve_after <= journal.now
        if order.status == OrderStatus.UNKNOWN and late:
            detail = "The exchange gave no clear answer, and its offers do not decide it."
            journal.flag(order, FlagKind.UNKNOWN_OVERDUE, detail)


def _decide(
    journal: Journal, order: ExchangeOrder, verdict: Verdict, strays: Strays | None
) -> None:
    offer = verdict.found.get(order.pk)
    if offer is not None and 0 <= offer.matched <= order.stake:
        answers.bind(
            journal,
            order,
            reference=offer.reference,
            matched=offer.matched,
            waits=offer.status in (OfferStatus.OPEN, OfferStatus.PARTLY_MATCHED),
            kind=OrderEventKind.RESOLVED,
            reason=f"Found as {offer.reference}, which was not there before the placement.",
        )
    elif order.pk in verdict.unclear:
        detail = "More than one offer at the exchange could be this order, or one be several."
        journal.flag(order, FlagKind.UNKNOWN_OVERDUE, detail)
    elif order.pk in verdict.absent and journal.now - order.changed_at >= UNSEEN_GRACE:
        _give_up(journal, order, strays)


def _give_up(journal: Journal, order: ExchangeOrder, strays: Strays | None) -> None:
    """Not while anything that is new on its side of the selection could be it after all."""
    if strays is None:
        return
    could_be = _new_beside(order, strays)
    if could_be:
        detail = f"Of other terms, or matched and not listed any more: {', '.join(could_be)}."
        journal.flag(order, FlagKind.UNKNOWN_OVERDUE, detail)
        return
    message = "The exchange does not list it among our offers."
    journal.reject(order, Rejected(code=_NOT_THERE, message=message))


def _strays(spare: Sequence[OwnOffer], seen: Seen, taken: set[str]) -> Strays | None:
    """The offers that nobody waits for, and the matched parts of those that are not listed.

    `None` where the matched parts could not be read.
    """
    if seen.parts is None:
        return None
    known = taken | seen.by_reference().keys()
    return [*spare, *(part for part in seen.parts if part.reference not in known)]


def _new_beside(order: ExchangeOrder, strays: Strays) -> list[str]:
    """The references of strays on the order's side of its selection, unless they were before."""
    before = set(order.batch.offers_before or ())
    wanted = order.selection_id, order.side
    return sorted(
        {
            each.reference
            for each in strays
            if (each.selection_id, each.side) == wanted and each.reference not in before
        }
    )


def _flag_late(
    journal: Journal, given_up: Sequence[ExchangeOrder], spare: Sequence[OwnOffer]
) -> None:
    """An offer that looks like an order that was given up: nothing moves, staff look."""
    for order in given_up:
        before = set(order.batch.offers_before or ())
        like_it = [
            offer.reference
            for offer in spare
            if matching.terms_of(offer) == _terms(order) and offer.reference not in before
        ]
        if like_it:
            detail = f"It was given up, and now the exchange lists {', '.join(like_it)}."
            journal.flag(order, FlagKind.LATE_ACCEPTANCE, detail)


def _in_flight(orders: Sequence[ExchangeOrder]) -> list[ExchangeOrder]:
    """Sent and not answered: what they become may be one of the offers."""
    return [
        order
        for order in orders
        if order.status == OrderStatus.PENDING and order.batch.sent_at is not None
    ]


def _claims(orders: Sequence[ExchangeOrder]) -> list[Claim]:
    return [
        Claim(
            order_id=order.pk,
            batch_id=order.batch_id,
            terms=_terms(order),
            before=frozenset(order.batch.offers_before or ()),
        )
        for order in sorted(orders, key=lambda order: (order.batch_id, order.position))
    ]


def _terms(order: ExchangeOrder) -> matching.Terms:
    return order.selection_id, order.side, order.odds, order.stake


def _taken(market: ExchangeMarket, seen: Seen) -> set[str]:
    references = {part.reference for part in seen.parts or ()} | seen.by_reference().keys()
    found = ExchangeOrder.objects.filter(
        account_id=market.account_id, provider_reference__in=references
    )
    return {str(reference) for reference in found.values_list("provider_reference", flat=True)}
