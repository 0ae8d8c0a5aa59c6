"""A wallet vendor whose code breaks where a test tells it to, after everything else was done."""

from collections import deque
from collections.abc import Sequence
from typing import ClassVar

from django.db import connection

from providers.betcalc.client import Betcalc
from providers.betflex.client import Betflex
from providers.contract import AccountView, Inbound, Outcome, Parsed, Reply


def break_off(sqlstate: str) -> None:
    """What PostgreSQL does to a transaction that it ends for another one's sake."""
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'stop' USING ERRCODE = '{sqlstate}'; END $$")


class Fragile(Betflex):
    name = "fragile"

    def __init__(self) -> None:
        self.at_reply: deque[Exception | str] = deque()

    def reply(self, request: Inbound, outcomes: Sequence[Outcome]) -> Reply:
        if self.at_reply:
            fault = self.at_reply.popleft()
            if isinstance(fault, Exception):
                raise fault
            break_off(fault)
        return super().reply(request, outcomes)


class Poisonous(Betcalc):
    """Takes every result and chokes on some of them later."""

    name = "poisonous"
    poison: ClassVar[bytes] = b"poison"

    def __init__(self) -> None:
        super().__init__()
        self.chokes = False

    def parse(self, account: AccountView, request: Inbound) -> Parsed:
        if self.chokes and self.poison in request.body:
            raise ZeroDivisionError("nobody thought of this")
        return super().parse(account, request)
