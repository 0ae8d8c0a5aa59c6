"""How much is still open at an account: the apps above know it and say so.

Some settings say how what is open is read. They stay as they are until it is closed.
"""

from collections.abc import Callable
from uuid import UUID

Counter = Callable[[UUID], int]

_counters: dict[str, Counter] = {}


def counted_by(name: str, counter: Counter) -> None:
    """Ask `counter`, from now on, how many things of one kind are open at an account."""
    _counters[name] = counter


def count(*, account_id: UUID) -> int:
    """How many coupons, orders and the like are open, as far as their apps count."""
    return sum(counter(account_id) for counter in _counters.values())
