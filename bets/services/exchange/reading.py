"""What one look at a market asks of the exchange. Nothing is written here."""

from collections.abc import Collection

from django.db.models import F, Q

from bets.models import LIVE, ExchangeMarket, ExchangeOrder, OrderStatus
from bets.services.exchange.updating import Seen
from providers import admission, exchange, subjects
from providers.contract import Match, OwnOffer, ReadRefused
from providers.transport import Deadline

NOT_KNOWN = "market_not_found"
_LONGEST_STATE = 40


def read(market: ExchangeMarket, deadline: Deadline) -> Seen:
    """The account's offers there, and what else may tell something new of our orders.

    Their matched parts, if some were not told yet; and of orders that are not listed any more,
    whether they are among the open ones, and the market's state. Raises ReadRefused if the offers
    cannot be read; the rest can wait.
    """
    with subjects.about(exchange.MARKET, market.pk):
        try:
            offers = exchange.own_offers(
                account=market.account, market_id=market.market_id, deadline_s=deadline.left_s
            )
        except ReadRefused as error:
            if error.code != NOT_KNOWN:
                raise
            return Seen(offers=(), parts=None, state=ExchangeMarket.GONE)
        missing = _missing(market, offers)
        if missing:
            return _search(market, offers, missing, deadline)
        return Seen(offers=offers, parts=_new_parts(market, offers, deadline))


def state_of(market: ExchangeMarket, deadline: Deadline) -> str:
    """What the market's book says of its state; GONE if the exchange knows no such market.

    Raises ReadRefused.
    """
    try:
        with subjects.about(exchange.MARKET, market.pk), admission.following_up():
            book = exchange.book(
                account=market.account,
                market_id=market.market_id,
                depth=1,
                deadline_s=deadline.left_s,
            )
    except ReadRefused as error:
        if error.code != NOT_KNOWN:
            raise
        return ExchangeMarket.GONE
    return book.status[:_LONGEST_STATE]


def _missing(market: ExchangeMarket, offers: tuple[OwnOffer, ...]) -> set[str]:
    """The references of the orders that wait there by what we know, and are not listed."""
    waiting = ExchangeOrder.objects.filter(
        account_id=market.account_id, market_id=market.market_id, status__in=LIVE
    ).values_list("provider_reference", flat=True)
    return {str(each) for each in waiting} - {offer.reference for offer in offers}


def _search(
    market: ExchangeMarket,
    offers: tuple[OwnOffer, ...],
    missing: Collection[str],
    deadline: Deadline,
) -> Seen:
    """Everything that the exchange says of orders that it does not list."""
    parts = _parts(market, deadline)
    try:
        still_open = exchange.open_offers(
            account=market.account, market_id=market.market_id, deadline_s=deadline.left_s
        )
        state = state_of(market, deadline)
    except ReadRefused:
        return Seen(offers=offers, parts=parts)
    found = tuple(offer for offer in still_open if offer.reference in missing)
    return Seen(offers=(*offers, *found), parts=parts, state=state)


def _new_parts(
    market: ExchangeMarket, offers: tuple[OwnOffer, ...], deadline: Deadline
) -> tuple[Match, ...] | None:
    """The matched parts, where an offer was matched anew and where one is looked for."""
    told = dict(
        ExchangeOrder.objects.filter(account_id=market.account_id, market_id=market.market_id)
        .filter(Q(status__in=(*LIVE, OrderStatus.UNKNOWN)) | Q(told__lt=F("matched")))
        .values_list("provider_reference", "told")
    )
    matched = {offer.reference: offer.matched for offer in offers}
    may_tell = any(
        reference not in matched or matched[reference] > amount
        for reference, amount in told.items()
    )
    return _parts(market, deadline) if may_tell else None


def _parts(market: ExchangeMarket, deadline: Deadline) -> tuple[Match, ...] | None:
    """`None` if they cannot be read now."""
    try:
        return exchange.matches(
            account=market.account, market_id=market.market_id, deadline_s=deadline.left_s
        )
    except ReadRefused:
        return None
