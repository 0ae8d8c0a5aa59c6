"""What the ledger can tell. Amounts are in major units of the currency beside them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from wallets.currencies import to_decimals
from wallets.models import Account, AccountKind, Kind

_WALLET_KINDS = (AccountKind.AVAILABLE, AccountKind.HELD, AccountKind.OWED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """A wallet's three balances; `owed` is zero or negative."""

    available: Decimal
    held: Decimal
    owed: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """One entry as its account sees it; `counterpart` is the account on the other side."""

    entry_id: int
    account: AccountKind
    amount: Decimal
    balance_after: Decimal | None
    currency: str
    kind: Kind
    counterpart: str
    reference: str
    coupon_id: UUID | None
    actor: str
    reason: str
    created_at: datetime
    effective_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPage:
    """Rows, newest first; `before` asks for the next page and is None on the last one."""

    rows: list[StatementRow]
    before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """A transfer with both of its entries; house accounts have no running balance."""

    id: int
    created_at: datetime
    effective_at: datetime
    kind: Kind
    source: str
    destination: str
    amount: Decimal
    currency: str
    source_after: Decimal | None
    destination_after: Decimal | None
    reference: str
    hold: str
    coupon_id: UUID | None
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """The total of one kind of wallet account, or the balance of one house account."""

    currency: str
    account: str
    balance: Decimal


def balances(wallet_ids: Iterable[UUID]) -> dict[UUID, Balances]:
    """The balances of these wallets in one query; an unknown wallet is left out."""
    addresses = [f"wallet/{wallet}/{kind}" for wallet in wallet_ids for kind in _WALLET_KINDS]
    found: dict[UUID, dict[str, Decimal]] = {}
    currencies: dict[UUID, str] = {}
    accounts = Account.objects.filter(address__in=addresses)
    for wallet, kind, balance, currency in accounts.values_list(
        "wallet_id", "kind", "balance", "currency"
    ):
        found.setdefault(wallet, {})[kind] = to_decimals(balance, currency)
        currencies[wallet] = currency
    return {
        wallet: Balances(**amounts, currency=currencies[wallet])
        for wallet, amounts in found.items()
    }


def balance_at(*, wallet_id: UUID, moment: datetime) -> Balances | None:
    """The balances right after the last entry made at or before this moment.

    None for a wallet that does not exist.
    """
    rows = _rows(
        "SELECT kind, ledger_balance_at(id, %s), currency FROM wallets_account"
        " WHERE address = ANY(%s)",
        [moment, [f"wallet/{wallet_id}/{kind}" for kind in _WALLET_KINDS]],
    )
    if not rows:
        return None
    currency = rows[0][2]
    amounts = {kind: to_decimals(balance, currency) for kind, balance, _ in rows}
    return Balances(**amounts, currency=currency)


def statement(
    *, wallet_id: UUID, before: int | None = None, limit: int, account: AccountKind | None = None
) -> StatementPage:
    """A page of a wallet's statement: of one of its accounts, or of all three together."""
    kinds = [account] if account else _WALLET_KINDS
    return _statement([f"wallet/{wallet_id}/{kind}" for kind in kinds], before, limit)


def cash_movements(*, wallet_id: UUID, limit: int) -> list[StatementRow]:
    """The newest deposits and withdrawals of a wallet, as its available account saw them."""
    rows = _rows(
        "SELECT e.id, a.kind, e.amount, e.balance_after, t.currency, t.kind, other.address,"
        " t.reference, t.coupon_id, t.actor, t.reason, e.created_at, t.effective_at"
        " FROM wallets_account a"
        " JOIN wallets_entry e ON e.account_id = a.id AND e.sequence IS NOT NULL"
        " JOIN wallets_transfer t ON t.id = e.transfer_id"
        " JOIN wallets_account other ON other.id ="
        "   CASE WHEN e.amount < 0 THEN t.destination_id ELSE t.source_id END"
        " WHERE a.address = %s AND t.kind IN ('deposit', 'withdrawal')"
        " ORDER BY e.sequence DESC LIMIT %s",
        [f"wallet/{wallet_id}/{AccountKind.AVAILABLE}", limit],
    )
    return [_statement_row(row) for row in rows]


def house_statement(*, address: str, before: int | None = None, limit: int) -> StatementPage:
    """A page of a house account's statement, which has no running balance."""
    return _statement([address], before, limit)


def house_balance(*, address: str) -> Decimal:
    """The balance of a house account: its last sealed one and the entries since.

    Zero for an account that nothing was posted to yet.
    """
    return _house_amount(
        "SELECT ledger_house_balance(id), currency FROM wallets_account WHERE address = %s",
        [address],
    )


def house_balances(*, addresses: Sequence[str]) -> dict[str, Decimal]:
    """The balances of these house accounts in one query; an unknown address is left out."""
    rows = _rows(
        "SELECT address, ledger_house_balance(id), currency FROM wallets_account"
        " WHERE address = ANY(%s)",
        [list(addresses)],
    )
    return {address: to_decimals(balance, currency) for address, balance, currency in rows}


def house_balance_at(*, address: str, moment: datetime) -> Decimal:
    """The balance of a house account, from the entries made at or before this moment."""
    return _house_amount(
        "SELECT ledger_house_balance_at(id, %s), currency FROM wallets_account WHERE address = %s",
        [moment, address],
    )


def trial_balance() -> list[TrialRow]:
    """Every house account and the totals of the wallets; each currency sums to zero."""
    rows = _rows(
        "SELECT currency, kind || ' of all wallets', sum(balance)"
        " FROM wallets_account WHERE kind <> 'house' GROUP BY currency, kind"
        " UNION ALL"
        " SELECT currency, address, ledger_house_balance(id)"
        " FROM wallets_account WHERE kind = 'house' ORDER BY 1, 2",
        [],
    )
    return [
        TrialRow(currency=currency, account=account, balance=to_decimals(balance, currency))
        for currency, account, balance in rows
    ]


def transfers_of_coupon(coupon_id: UUID) -> list[TransferRow]:
    """All that was posted for a coupon, oldest first."""
    rows = _rows("SELECT * FROM ledger_transfers WHERE coupon_id = %s ORDER BY id", [coupon_id])
    return [_transfer_row(*row) for row in rows]


def transfer_by_reference(reference: str) -> list[TransferRow]:
    """The transfer posted under a reference, and its parts in `owed` if it has any."""
    parts = [reference, f"{reference}#owed", f"{reference}#collected"]
    rows = _rows("SELECT * FROM ledger_transfers WHERE reference = ANY(%s) ORDER BY id", [parts])
    return [_transfer_row(*row) for row in rows]


def _transfer_row(
    transfer_id: int,
    created_at: datetime,
    effective_at: datetime,
    kind: str,
    source: str,
    destination: str,
    amount: Decimal,
    currency: str,
    source_after: Decimal | None,
    destination_after: Decimal | None,
    *words: Any,
) -> TransferRow:
    reference, hold, coupon_id, actor, reason = words
    return TransferRow(
        id=transfer_id,
        created_at=created_at,
        effective_at=effective_at,
        kind=Kind(kind),
        source=source,
        destination=destination,
        amount=to_decimals(amount, currency),
        currency=currency,
        source_after=_to_decimals(source_after, currency),
        destination_after=_to_decimals(destination_after, currency),
        reference=reference,
        hold=hold,
        coupon_id=coupon_id,
        actor=actor,
        reason=reason,
    )


def _statement(addresses: list[str], before: int | None, limit: int) -> StatementPage:
    """One row more than asked for is read, which tells whether another page follows."""
    rows = _rows(
        "SELECT e.id, a.kind, e.amount, e.balance_after, t.currency, t.kind, other.address,"
        " t.reference, t.coupon_id, t.actor, t.reason, e.created_at, t.effective_at"
        " FROM wallets_account a"
        " CROSS JOIN LATERAL ledger_entries_before(a, %s, %s) e"
        " JOIN wallets_transfer t ON t.id = e.transfer_id"
        " JOIN wallets_account other ON other.id ="
        "   CASE WHEN e.amount < 0 THEN t.destination_id ELSE t.source_id END"
        " WHERE a.address = ANY(%s) ORDER BY e.id DESC LIMIT %s",
        [2**63 - 1 if before is None else before, limit + 1, addresses, limit + 1],
    )
    page = [_statement_row(row) for row in rows[:limit]]
    return StatementPage(rows=page, before=page[-1].entry_id if len(rows) > limit else None)


def _statement_row(row: tuple[Any, ...]) -> StatementRow:
    entry_id, account, amount, balance_after, currency, kind, counterpart, *words = row
    reference, coupon_id, actor, reason, created_at, effective_at = words
    return StatementRow(
        entry_id=entry_id,
        account=AccountKind(account),
        amount=to_decimals(amount, currency),
        balance_after=_to_decimals(balance_after, currency),
        currency=currency,
        kind=Kind(kind),
        counterpart=counterpart,
        reference=reference,
        coupon_id=coupon_id,
        actor=actor,
        reason=reason,
        created_at=created_at,
        effective_at=effective_at,
    )


def _house_amount(sql: str, params: Sequence[Any]) -> Decimal:
    rows = _rows(sql, params)
    return to_decimals(*rows[0]) if rows else Decimal(0)


def _to_decimals(amount: Decimal | None, currency: str) -> Decimal | None:
    return None if amount is None else to_decimals(amount, currency)


def _rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
