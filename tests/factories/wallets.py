"""Wallets, transfers and references for the tests."""

from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from wallets.queries import balances
from wallets.services import (
    Kind,
    NewTransfer,
    Posted,
    Purpose,
    available,
    held,
    house,
    open_wallet,
    owed,
    post,
)

_numbers = count(1)

STAKES = house(owner="betcalc", purpose=Purpose.STAKES, currency="EUR")
PAYOUTS = house(owner="betcalc", purpose=Purpose.PAYOUTS, currency="EUR")
DEPOSITS = house(owner="cashier", purpose=Purpose.DEPOSITS, currency="EUR")
WITHDRAWALS = house(owner="cashier", purpose=Purpose.WITHDRAWALS, currency="EUR")
ADJUSTMENTS = house(owner="cashier", purpose=Purpose.ADJUSTMENTS, currency="EUR")
WRITE_OFFS = house(owner="cashier", purpose=Purpose.WRITE_OFFS, currency="EUR")


def new_reference(prefix: str = "ref") -> str:
    return f"{prefix}-{next(_numbers)}"


def a_transfer(**changes: Any) -> NewTransfer:
    """A transfer of 10 EUR; source and destination are for the test to say."""
    fields: dict[str, Any] = {
        "amount": Decimal("10"),
        "currency": "EUR",
        "kind": Kind.ADJUSTMENT,
        "reference": new_reference(),
    }
    return NewTransfer(**{**fields, **changes})


def deposit(wallet_id: UUID, amount: str, **changes: Any) -> NewTransfer:
    fields = {
        "source": DEPOSITS,
        "destination": available(wallet_id),
        "amount": Decimal(amount),
        "kind": Kind.DEPOSIT,
    }
    return a_transfer(**{**fields, **changes})


def withdrawal(wallet_id: UUID, amount: str, **changes: Any) -> NewTransfer:
    fields = {
        "source": available(wallet_id),
        "destination": WITHDRAWALS,
        "amount": Decimal(amount),
        "kind": Kind.WITHDRAWAL,
    }
    return a_transfer(**{**fields, **changes})


def hold(wallet_id: UUID, amount: str, **changes: Any) -> NewTransfer:
    fields = {
        "source": available(wallet_id),
        "destination": held(wallet_id),
        "amount": Decimal(amount),
        "kind": Kind.HOLD,
    }
    return a_transfer(**{**fields, **changes})


def capture(wallet_id: UUID, amount: str, *, of: str, **changes: Any) -> NewTransfer:
    fields = {
        "source": held(wallet_id),
        "destination": STAKES,
        "amount": Decimal(amount),
        "kind": Kind.CAPTURE,
        "resolves": of,
    }
    return a_transfer(**{**fields, **changes})


def release(wallet_id: UUID, amount: str, *, of: str, **changes: Any) -> NewTransfer:
    fields = {
        "source": held(wallet_id),
        "destination": available(wallet_id),
        "amount": Decimal(amount),
        "kind": Kind.RELEASE,
        "resolves": of,
    }
    return a_transfer(**{**fields, **changes})


def payout(wallet_id: UUID, amount: str, **changes: Any) -> NewTransfer:
    fields = {
        "source": PAYOUTS,
        "destination": available(wallet_id),
        "amount": Decimal(amount),
        "kind": Kind.PAYOUT,
    }
    return a_transfer(**{**fields, **changes})


def clawback(wallet_id: UUID, amount: str, **changes: Any) -> NewTransfer:
    fields = {
        "source": available(wallet_id),
        "destination": PAYOUTS,
        "amount": Decimal(amount),
        "kind": Kind.CLAWBACK,
        "overflow": True,
    }
    return a_transfer(**{**fields, **changes})


def write_off(wallet_id: UUID, amount: str, **changes: Any) -> NewTransfer:
    fields = {
        "source": WRITE_OFFS,
        "destination": owed(wallet_id),
        "amount": Decimal(amount),
        "kind": Kind.WRITE_OFF,
    }
    return a_transfer(**{**fields, **changes})


def funded(amount: str = "100", *, currency: str = "EUR") -> UUID:
    """A new wallet with this much available."""
    wallet_id = open_wallet(currency=currency)
    deposits = house(owner="cashier", purpose=Purpose.DEPOSITS, currency=currency)
    funds = a_transfer(
        source=deposits,
        destination=available(wallet_id),
        amount=Decimal(amount),
        currency=currency,
        kind=Kind.DEPOSIT,
    )
    post(transfers=[funds])
    return wallet_id


def post_one(transfer: NewTransfer) -> Posted:
    (posted,) = post(transfers=[transfer])
    return posted


def three(wallet_id: UUID) -> tuple[Decimal, Decimal, Decimal]:
    """What is available, held and owed."""
    found = balances([wallet_id])[wallet_id]
    return found.available, found.held, found.owed


def money(*amounts: str) -> tuple[Decimal, ...]:
    """Amounts, to be compared with what is found."""
    return tuple(Decimal(amount) for amount in amounts)
