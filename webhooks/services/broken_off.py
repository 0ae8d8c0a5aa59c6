"""Does a transaction again that PostgreSQL broke off for another one's sake."""

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError

T = TypeVar("T")

_DEADLOCK, _SERIALIZATION = "40P01", "40001"
_ATTEMPTS = 3


def repeated(transaction: Callable[[], T]) -> T:
    """What the transaction returns; it is tried three times in all.

    Raises what it raised unless that was a deadlock or a serialization failure.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return transaction()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") not in (_DEADLOCK, _SERIALIZATION):
                raise
    return transaction()
