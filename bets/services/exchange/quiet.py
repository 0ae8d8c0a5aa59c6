"""One at a time: placements on a market of an account, and the look that resolves lost ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from bets.models import ExchangeBatch, ExchangeMarket
from providers import leases

# A lease outlives the work by this much: what follows the last call is only our own database.
_MARGIN_S = 30.0


@contextmanager
def alone_on(batch: ExchangeBatch, *, seconds: float, wait_s: float) -> Iterator[None]:
    """Keep others from placing on the batch's market. Raises `leases.LeaseBusy`."""
    name = _name(batch)
    with leases.held(name=name, seconds=seconds + _MARGIN_S, wait_s=wait_s):
        yield


@contextmanager
def if_nobody_places(market: ExchangeMarket, *, seconds: float) -> Iterator[bool]:
    """Whether nobody places on the market now; then nobody does until the block ends."""
    owner = uuid4().hex
    quiet = leases.take(name=_name(market), owner=owner, seconds=seconds + _MARGIN_S)
    try:
        yield quiet
    finally:
        if quiet:
            leases.release(name=_name(market), owner=owner)


@contextmanager
def looking_at(market: ExchangeMarket, *, seconds: float, wait_s: float) -> Iterator[None]:
    """Look at a market alone, so that no older view is booked after a newer one.

    Raises `leases.LeaseBusy`.
    """
    name = f"exchange-look:{market.pk}"
    with leases.held(name=name, seconds=seconds + _MARGIN_S, wait_s=wait_s):
        yield


def _name(of: ExchangeBatch | ExchangeMarket) -> str:
    return f"exchange:{of.account_id}:{of.market_id}"
