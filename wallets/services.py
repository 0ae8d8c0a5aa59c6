"""The ledger's services: open and close wallets, post transfers.

Money moves through `post` and nowhere else. It runs in the caller's transaction, and what it
refuses leaves no trace and leaves that transaction usable.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from uuid_utils.compat import uuid7

from wallets.currencies import check_amount, exponent, to_decimals
from wallets.errors import (
    BY_CODE,
    AccountClosed,
    ExceedsDebt,
    ExcessDecimals,
    HoldAlreadyResolved,
    InsufficientFunds,
    InvalidAmount,
    InvalidReference,
    LedgerError,
    ReferenceConflict,
    SameAccount,
    UnknownAccount,
    UnknownCurrency,
    UnknownHold,
    WalletNotEmpty,
    WrongAccount,
    WrongCurrency,
)
from wallets.models import Kind

__all__ = [
    "AccountClosed",
    "Address",
    "ExceedsDebt",
    "ExcessDecimals",
    "HoldAlreadyResolved",
    "InsufficientFunds",
    "InvalidAmount",
    "InvalidReference",
    "Kind",
    "LedgerError",
    "NewTransfer",
    "Posted",
    "Purpose",
    "ReferenceConflict",
    "SameAccount",
    "UnknownAccount",
    "UnknownCurrency",
    "UnknownHold",
    "WalletNotEmpty",
    "WrongAccount",
    "WrongCurrency",
    "available",
    "close_wallet",
    "held",
    "house",
    "open_wallet",
    "open_wallets",
    "owed",
    "post",
]

Address = str

MAX_REFERENCE_LENGTH = 200
_PART_SUFFIXES = ("#owed", "#collected")
_OWNER = re.compile(r"[^/\s]{1,100}")
# In the order of `_request`.
_POST_ONE = (
    "SELECT outcome, transfer_id, created_at, available_after, owed_part FROM post_transfer("
    "%s, %s, %s::numeric, %s, %s, %s, %s::uuid, %s::timestamptz, %s, %s, %s, %s, %s)"
)


class Purpose(StrEnum):
    """What a house account is for; there is one per owner, purpose and currency."""

    STAKES = "stakes"
    PAYOUTS = "payouts"
    DEPOSITS = "deposits"
    WITHDRAWALS = "withdrawals"
    ADJUSTMENTS = "adjustments"
    EXCISE = "excise"
    WITHHOLDING = "withholding"
    WRITE_OFFS = "write_offs"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransfer:
    """A transfer to post; `amount` is in major units of `currency`.

    `resolves` names the reference of the hold whose single outcome this is. With `overflow`,
    what the source lacks is taken from its wallet's `owed`. With `collect`, what the destination
    receives pays the wallet's debt, as far as it reaches.
    """

    source: Address
    destination: Address
    amount: Decimal
    currency: str
    kind: Kind
    reference: str
    coupon_id: UUID | None = None
    effective_at: datetime | None = None
    actor: str = ""
    reason: str = ""
    resolves: str = ""
    overflow: bool = False
    collect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What was posted under a reference; a repeat tells the same, but for `repeated`.

    `available_after` is the balance of the wallet's available account right after it, None when
    the transfer did not touch one. `owed_part` is what came from `owed`, or was collected.
    """

    reference: str
    transfer_id: int
    amount: Decimal
    currency: str
    kind: Kind
    repeated: bool
    created_at: datetime
    available_after: Decimal | None
    owed_part: Decimal


def available(wallet_id: UUID) -> Address:
    """The account from which a player bets and withdraws."""
    return f"wallet/{wallet_id}/available"


def held(wallet_id: UUID) -> Address:
    """The account of stakes whose coupons are not accepted yet."""
    return f"wallet/{wallet_id}/held"


def owed(wallet_id: UUID) -> Address:
    """The account of debts; its balance is zero or negative."""
    return f"wallet/{wallet_id}/owed"


def house(*, owner: str, purpose: Purpose, currency: str) -> Address:
    """The account of a house owner, such as a provider account's code; opened on first use.

    Raises UnknownCurrency, and ValueError for an owner that is empty, longer than 100
    characters, or holds a slash or white space.
    """
    if not _OWNER.fullmatch(owner):
        raise ValueError(f"not the owner of a house account: {owner!r}")
    exponent(currency)
    return f"house/{owner}/{Purpose(purpose)}/{currency}"


def post(*, transfers: Sequence[NewTransfer]) -> list[Posted]:
    """Post all of the transfers or none, in one round trip; the results are in their order.

    A reference that was posted before with the same content is a repeat: it moves nothing and
    its first result is returned. Funds are judged on each account's net.

    Raises a LedgerError that names the first reference in the way: InvalidAmount,
    ExcessDecimals, UnknownCurrency, InvalidReference, SameAccount, UnknownAccount,
    WrongCurrency, WrongAccount, AccountClosed, InsufficientFunds, ExceedsDebt,
    ReferenceConflict, UnknownHold or HoldAlreadyResolved.
    """
    if not transfers:
        return []
    for transfer in transfers:
        _check_form(transfer)
    rows = _post_one(*transfers) if len(transfers) == 1 else _post_many(transfers)
    _raise_refusal(rows[0])
    return [_posted(transfer, row) for transfer, row in zip(transfers, rows, strict=True)]


def _post_one(transfer: NewTransfer) -> list[tuple[Any, ...]]:
    """The short way, which goes the long one by itself where it has to."""
    arguments = _request(transfer)
    with connection.cursor() as cursor:
        cursor.execute(_POST_ONE, list(arguments.values()))
        outcome, *rest = cursor.fetchone()
    return [(outcome, transfer.reference, *rest)]


def _post_many(transfers: Sequence[NewTransfer]) -> list[tuple[Any, ...]]:
    body = json.dumps([_request(transfer) for transfer in transfers])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, reference, transfer_id, created_at, available_after, owed_part"
            " FROM post_transfers(%s::jsonb)",
            [body],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def open_wallet(*, currency: str, wallet_id: UUID | None = None) -> UUID:
    """Open an empty wallet and return its id. Raises UnknownCurrency."""
    wallet_id = wallet_id or uuid7()
    open_wallets(currency=currency, wallet_ids=[wallet_id])
    return wallet_id


def open_wallets(*, currency: str, wallet_ids: Sequence[UUID]) -> None:
    """Open many empty wallets of one currency in one statement. Raises UnknownCurrency."""
    exponent(currency)
    with connection.cursor() as cursor:
        cursor.execute("SELECT open_wallets(%s::uuid[], %s)", [list(wallet_ids), currency])


@transaction.atomic
def close_wallet(*, wallet_id: UUID, actor: str = "", reason: str = "") -> None:
    """Close a wallet for good; closing it again does nothing.

    Raises UnknownAccount, and WalletNotEmpty unless available, held and owed are all zero.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT close_wallet(%s, %s, %s)", [wallet_id, actor, reason])
        (outcome,) = cursor.fetchone()
    if outcome == "unknown_account":
        raise UnknownAccount(reference=str(wallet_id))
    if outcome == "wallet_not_empty":
        raise WalletNotEmpty(reference=str(wallet_id))


def _check_form(transfer: NewTransfer) -> None:
    """Refuse what needs no look at the ledger to be seen wrong."""
    reference = transfer.reference
    if not 0 < len(reference) <= MAX_REFERENCE_LENGTH or reference.endswith(_PART_SUFFIXES):
        raise InvalidReference(reference=reference)
    if "\x00" in reference:
        raise InvalidReference(reference=reference.replace("\x00", ""))
    try:
        check_amount(transfer.amount, transfer.currency)
    except LedgerError as error:
        error.reference = reference
        raise
    if transfer.source == transfer.destination:
        raise SameAccount(reference=reference)


def _request(transfer: NewTransfer) -> dict[str, Any]:
    effective_at = transfer.effective_at
    return {
        "source": transfer.source,
        "destination": transfer.destination,
        "amount": f"{transfer.amount:f}",
        "currency": transfer.currency,
        "kind": Kind(transfer.kind).value,
        "reference": transfer.reference,
        "coupon_id": str(transfer.coupon_id) if transfer.coupon_id else None,
        "effective_at": effective_at.isoformat() if effective_at else None,
        "actor": transfer.actor,
        "reason": transfer.reason,
        "resolves": transfer.resolves,
        "overflow": transfer.overflow,
        "collect": transfer.collect,
    }


def _raise_refusal(row: tuple[Any, ...]) -> None:
    outcome, reference, *_ = row
    if outcome == InvalidReference.code:
        raise InvalidReference(reference=reference)
    if outcome in BY_CODE:
        raise BY_CODE[outcome](reference=reference)


def _posted(transfer: NewTransfer, row: tuple[Any, ...]) -> Posted:
    outcome, reference, transfer_id, created_at, available_after, owed_part = row
    return Posted(
        reference=reference,
        transfer_id=transfer_id,
        amount=to_decimals(transfer.amount, transfer.currency),
        currency=transfer.currency,
        kind=Kind(transfer.kind),
        repeated=outcome == "repeated",
        created_at=created_at,
        available_after=(
            None if available_after is None else to_decimals(available_after, transfer.currency)
        ),
        owed_part=to_decimals(owed_part, transfer.currency),
    )
