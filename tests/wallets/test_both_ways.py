"""Random histories posted by both functions: each tells and writes the same as the other.

`post_transfer` has its own words for what `post_transfers` accepts, so that what one of them
forgets the other one shows.
"""

import json
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from wallets.models import Account, Entry, Transfer
from wallets.services import close_wallet, open_wallet
from wallets.verification import verify

_worlds = count(1)

AMOUNTS = [*["5"] * 15, "5.00000", "1", "2.5", "10", "0.0001", "9999999999999999.9999"]
ODD_AMOUNTS = ["0", "-1", "0.00001", "10000000000000000", "NaN"]
# Two wallets, and one that is closed.
ACCOUNTS = [f"{who}/{kind}" for who in range(2) for kind in ("available", "held", "owed")]
HOUSE = ["house/stakes/EUR", "house/payouts/EUR", "house/deposits/EUR"]
ODD_ACCOUNTS = ["2/available", "2/held", "house/stakes/USD", "house/beer/EUR", "nobody"]
KINDS = ["deposit", "withdrawal", "capture", "release", "payout", "clawback", "adjustment"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A transfer in words that mean the same in both worlds; a reference is a number."""

    source: str
    destination: str
    kind: str
    amount: str = "5"
    reference: str = "0"
    resolves: str = ""
    overflow: bool = False
    collect: bool = False
    currency: str = "EUR"
    coupon_id: str | None = None


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    """Mostly what happens every day, on few accounts and references, so that it meets."""
    who = draw(st.integers(0, 1))
    available, held, owed = (f"{who}/{kind}" for kind in ("available", "held", "owed"))
    house, hold = draw(st.sampled_from(HOUSE)), f"{who}{draw(st.sampled_from('ab'))}"
    number = draw(st.sampled_from("0123456789"))
    usual = draw(
        st.sampled_from(
            [
                Asked(house, available, "deposit", reference=number),
                Asked(house, available, "payout", reference=number, collect=True),
                Asked(available, house, "withdrawal", reference=number),
                Asked(available, house, "clawback", reference=number, overflow=True),
                *[Asked(available, held, "hold", reference=number)] * 2,
                *[Asked(held, house, "capture", reference=f"{hold}!", resolves=hold)] * 3,
                Asked(held, available, "release", reference=f"{hold}?", resolves=hold),
                Asked(held, available, "release", "5", f"{hold}?", resolves=hold, collect=True),
                Asked(available, f"{1 - who}/held", "hold", reference=hold),
                Asked(available, owed, "collection", reference=number),
                Asked(house, owed, "write_off", reference=number),
            ]
        )
    )
    return draw(changes(replace(usual, amount=draw(st.sampled_from(AMOUNTS)))))


def changes(usual: Asked) -> st.SearchStrategy[Asked]:
    """The same, or something about it is odd."""
    accounts = st.sampled_from([*ACCOUNTS, *HOUSE, *ODD_ACCOUNTS])
    change = st.one_of(
        *[st.just({})] * 12,
        st.fixed_dictionaries({"source": accounts}),
        st.fixed_dictionaries({"destination": accounts}),
        st.fixed_dictionaries({"source": accounts, "destination": accounts}),
        st.fixed_dictionaries({"amount": st.sampled_from(ODD_AMOUNTS)}),
        st.fixed_dictionaries({"kind": st.sampled_from([*KINDS, "hold", "bribe"])}),
        st.fixed_dictionaries({"reference": st.sampled_from(["", "0#x", "1#owed", "2#collected"])}),
        st.fixed_dictionaries({"resolves": st.sampled_from(["", "0a", "1a", "0", "nobody's"])}),
        *[st.just({"overflow": True})] * 3,
        st.just({"collect": True}),
        st.fixed_dictionaries({"currency": st.just("USD")}),
        st.fixed_dictionaries({"coupon_id": st.just(str(UUID(int=1)))}),
    )
    return change.map(lambda fields: replace(usual, **fields))


def repeated(history: list[Asked | int]) -> list[Asked]:
    """A number says that what was asked for so long ago is asked for again."""
    asked: list[Asked] = []
    for each in history:
        if isinstance(each, Asked):
            asked.append(each)
        elif asked:
            asked.append(asked[-1 - each % len(asked)])
    return asked


class World:
    """Wallets and house accounts of its own, and one way to post."""

    def __init__(self, *, short: bool) -> None:
        self.name, self._short = f"w{next(_worlds)}", short
        self.wallets = [open_wallet(currency="EUR") for _ in range(3)]
        close_wallet(wallet_id=self.wallets[2])
        for who in "01":
            available, held = f"{who}/available", f"{who}/held"
            self.post(Asked("house/deposits/EUR", available, "deposit", "30", f"start{who}"))
            for hold in "ab":
                self.post(Asked(available, held, "hold", reference=f"{who}{hold}"))

    def post(self, what: Asked) -> tuple[Any, ...]:
        """What the function tells, or why the database does not let it."""
        fields = {name: getattr(what, name) for name in Asked.__slots__}
        fields |= {name: self._address(fields[name]) for name in ("source", "destination")}
        fields |= {
            name: f"{self.name}-{fields[name]}" if fields[name] else ""
            for name in ("reference", "resolves")
        }
        sql = _ONE.format(", ".join(f"{name} => %s" for name in fields))
        values = list(fields.values())
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    sql if self._short else _MANY, values if self._short else [json.dumps([fields])]
                )
                told: tuple[Any, ...] = cursor.fetchone()
        except DatabaseError as error:
            return (type(error).__name__, getattr(error.__cause__, "sqlstate", ""))
        return told

    def _address(self, role: str) -> str:
        who, _, kind = role.partition("/")
        return f"house/{self.name}/{kind}" if who == "house" else self._of_wallet(who, kind)

    def _of_wallet(self, who: str, kind: str) -> str:
        return f"wallet/{self.wallets[int(who)]}/{kind}" if who.isdigit() else who

    def rows(self) -> dict[str, Any]:
        """All that was written, without what differs by nature."""
        made = Transfer.objects.filter(reference__startswith=f"{self.name}-").order_by("id")
        accounts = Account.objects.filter(address__contains=f"/{self.name}/") | (
            Account.objects.filter(wallet__in=self.wallets)
        )
        entries = Entry.objects.filter(transfer__in=made).order_by("id")
        return {
            "transfers": [self._transfer(each) for each in made.select_related()],
            "entries": [self._entry(each) for each in entries.select_related("account")],
            "accounts": sorted(
                (self._role(each.address), each.balance, each.sequence, each.status)
                for each in accounts
            ),
        }

    def _transfer(self, of: Transfer) -> tuple[Any, ...]:
        return (
            *(self._role(side.address) for side in (of.source, of.destination)),
            *(of.amount, of.currency, of.kind, of.coupon_id, of.actor, of.reason),
            self._role(of.reference),
            self._role(of.hold.reference) if of.hold else None,
            of.effective_at == of.created_at,
        )

    def _entry(self, of: Entry) -> tuple[Any, ...]:
        side = of.pk - 2 * of.transfer_id
        return (self._role(of.account.address), of.amount, of.balance_after, of.sequence, side)

    def _role(self, text: str) -> str:
        for n, wallet in enumerate(self.wallets):
            text = text.replace(str(wallet), str(n))
        return text.replace(self.name, "")


_ONE = "SELECT outcome, available_after, owed_part FROM post_transfer({})"
_MANY = "SELECT outcome, available_after, owed_part FROM post_transfers(%s::jsonb)"


@pytest.mark.django_db
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(history=st.lists(st.one_of(asked(), asked(), st.integers(0, 30)), min_size=20, max_size=40))
def test_any_history_reads_the_same_whichever_function_posted_it(history: list[Asked | int]):
    with transaction.atomic():
        one, other = World(short=True), World(short=False)
        for what in repeated(history):
            told = one.post(what)
            event(str(told[0]))
            assert told == other.post(what), what
        assert one.rows() == other.rows()
        assert verify() == []
        transaction.set_rollback(True)
