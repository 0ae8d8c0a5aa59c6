"""What the engine tells of a ticket in these tests, and what comes of it."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from bets.models import Coupon, Player
from providers.models import ProviderAccount
from tests.factories.superbet import TICKET
from tests.providers.samples import sample
from wallets.queries import house_balance
from wallets.services import Purpose, house

GET = f"/be/tickets/{TICKET}"
OPEN = json.loads(sample("superbet", "paid", "response"))
WON = json.loads(sample("superbet", "ticket_won", "response"))
CREATED = json.loads(sample("superbet", "pam_ticket_create"))["data"]


def created(player: Player, **changes: Any) -> dict[str, Any]:
    """The data of the ticket of 10.00 USD that the engine sells to a player."""
    return {**CREATED, "player_id": str(player.pk), **changes}


def create(tell: Callable[..., Any], player: Player, **changes: Any) -> Any:
    return tell("ticket_create", **created(player, **changes))


def state(coupon: Coupon) -> tuple[str, str]:
    now = Coupon.objects.get(pk=coupon.pk)
    return now.status, now.result


def houses(account: ProviderAccount) -> tuple[str, ...]:
    """Stakes, excise, payouts and withholding, as the house sees them."""
    purposes = (Purpose.STAKES, Purpose.EXCISE, Purpose.PAYOUTS, Purpose.WITHHOLDING)
    addresses = [house(owner=account.code, purpose=each, currency="USD") for each in purposes]
    return tuple(f"{house_balance(address=each):.2f}" for each in addresses)


def in_thread(work: Callable[[], Any]) -> Any:
    """Run what is to run in a thread, and end the thread's connection."""
    try:
        return work()
    finally:
        connection.close()


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all of these at the same moment, each in a thread and on a connection of its own."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        barrier.wait()
        return in_thread(work)

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
