"""The ledger, for reading. Nobody changes it here, a superuser neither."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.decorators import display

from config.staff.admin import StaffAdmin
from config.staff.display import NOTHING, Tone, badge, code, link, moment, number
from config.staff.page import Column, Facts, Page, Summary, Table
from wallets import queries
from wallets.currencies import format_amount
from wallets.models import Account, AccountKind, AccountStatus, Entry, Seal, Transfer
from wallets.queries import StatementRow

_ROWS = 50
_BEFORE = "before"


def _amount(value: Any, currency: str) -> Any:
    if value is None:
        return number(NOTHING)
    return number(f"{format_amount(value, currency)} {currency}")


def _number(term: str) -> int | None:
    return int(term) if term.isascii() and term.isdecimal() and len(term) < 19 else None


def _account_link(account: Account) -> Any:
    return link(account.address, reverse("admin:wallets_account_change", args=[account.pk]))


def _transfer_link(transfer: Transfer) -> Any:
    return link(transfer.reference, reverse("admin:wallets_transfer_change", args=[transfer.pk]))


@admin.register(Account)
class AccountAdmin(StaffAdmin):
    list_display = ("address", "kind", "balance_shown", "state", "posted")
    list_filter = ("kind", "status", "currency")
    search_fields = ("address",)
    search_help_text = "Address or the start of one, or a wallet's id"
    empty_state = "No account here. A wallet's accounts open with its player."

    def found(self, term: str) -> QuerySet[Any]:
        try:
            address = f"wallet/{UUID(term)}/"
        except ValueError:
            address = term
        return Account.objects.filter(address__startswith=address).order_by("-pk")[:200]

    def page(self, request: HttpRequest, target: Account) -> Page:
        balance = target.balance
        if target.kind == AccountKind.HOUSE:
            balance = queries.house_balance(address=target.address)
        shown = f"{format_amount(balance, target.currency)} {target.currency}"
        return Page(
            title=target.address,
            summary=Summary(headline=f"The balance is {shown}."),
            side_by_side=[
                Facts(
                    title="Account",
                    rows=[
                        ("Kind", target.get_kind_display()),
                        ("Status", target.get_status_display()),
                        ("Opened", moment(target.created_at)),
                        ("Last entry", moment(target.posted_at)),
                    ],
                )
            ],
            sections=[_statement(request, target)],
        )

    @display(description="Balance")
    def balance_shown(self, account: Account) -> Any:
        if account.kind == AccountKind.HOUSE:
            return "derived from its entries"
        return _amount(account.balance, account.currency)

    @display(description="Status")
    def state(self, account: Account) -> Any:
        is_open = account.status == AccountStatus.OPEN
        return badge(account.get_status_display(), Tone.GOOD if is_open else Tone.PLAIN)

    @display(description="Last entry")
    def posted(self, account: Account) -> Any:
        return moment(account.posted_at)


def _statement(request: HttpRequest, account: Account) -> Table:
    before = _number(request.GET.get(_BEFORE, ""))
    page = queries.house_statement(address=account.address, before=before, limit=_ROWS)
    return Table(
        title="Statement",
        columns=[
            Column("When"),
            Column("What"),
            Column("Other side"),
            Column("Amount", is_number=True),
            Column("Balance after", is_number=True),
            Column("Reference"),
        ],
        rows=[_row(row) for row in page.rows],
        empty="Nothing was posted to it yet.",
        more=f"?{_BEFORE}={page.before}" if page.before else "",
    )


def _row(row: StatementRow) -> tuple[object, ...]:
    return (
        moment(row.created_at),
        row.kind.label,
        row.counterpart,
        _amount(row.amount, row.currency),
        _amount(row.balance_after, row.currency),
        code(row.reference),
    )


@admin.register(Transfer)
class TransferAdmin(StaffAdmin):
    list_display = ("id", "created", "kind", "source", "destination", "amount_shown", "reference")
    list_filter = ("kind", "currency")
    list_select_related = ("source", "destination")
    search_fields = ("reference",)
    search_help_text = "Reference, number, or a coupon's id"
    empty_state = "No transfer here. Money moves with deposits, coupons and results."

    def found(self, term: str) -> QuerySet[Any]:
        wanted = _number(term)
        if wanted is not None:
            return Transfer.objects.filter(pk=wanted)
        try:
            return Transfer.objects.filter(coupon_id=UUID(term))
        except ValueError:
            return Transfer.objects.filter(reference=term)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("source", "destination")

    def page(self, request: HttpRequest, target: Transfer) -> Page:
        return Page(
            title=f"Transfer {target.pk}",
            side_by_side=[_transfer_facts(target)],
            sections=[_entries(target)],
        )

    @display(description="When")
    def created(self, transfer: Transfer) -> Any:
        return moment(transfer.created_at)

    @display(description="Amount")
    def amount_shown(self, transfer: Transfer) -> Any:
        return _amount(transfer.amount, transfer.currency)


def _transfer_facts(transfer: Transfer) -> Facts:
    return Facts(
        title="Transfer",
        rows=[
            ("What", transfer.get_kind_display()),
            ("From", _account_link(transfer.source)),
            ("To", _account_link(transfer.destination)),
            ("Amount", _amount(transfer.amount, transfer.currency)),
            ("Reference", code(transfer.reference)),
            ("Coupon", code(str(transfer.coupon_id or ""))),
            ("Effective", moment(transfer.effective_at)),
            ("Posted", moment(transfer.created_at)),
            ("Who", transfer.actor or NOTHING),
            ("Why", transfer.reason or NOTHING),
        ],
    )


def _entries(transfer: Transfer) -> Table:
    return Table(
        title="Entries",
        columns=[
            Column("Account"),
            Column("Amount", is_number=True),
            Column("Balance after", is_number=True),
            Column("Number in the account", is_number=True),
        ],
        rows=[
            (
                _account_link(entry.account),
                _amount(entry.amount, transfer.currency),
                _amount(entry.balance_after, transfer.currency),
                number(str(entry.sequence or NOTHING)),
            )
            for entry in Entry.objects.filter(
                pk__in=[transfer.pk * 2 - 1, transfer.pk * 2]
            ).select_related("account")
        ],
        empty="None: verify the ledger.",
    )


@admin.register(Entry)
class EntryAdmin(StaffAdmin):
    list_display = ("id", "created", "account", "amount_shown", "after", "reference")
    list_select_related = ("account", "transfer")
    search_fields = ("id",)
    search_help_text = "Reference of the transfer, or number"
    empty_state = "No entry here. Every transfer makes two."

    def found(self, term: str) -> QuerySet[Any]:
        wanted = _number(term)
        if wanted is not None:
            return Entry.objects.filter(pk=wanted)
        transfers = list(Transfer.objects.filter(reference=term).values_list("pk", flat=True))
        return Entry.objects.filter(pk__in=[n for pk in transfers for n in (pk * 2 - 1, pk * 2)])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("account", "transfer")

    def page(self, request: HttpRequest, target: Entry) -> Page:
        currency = target.transfer.currency
        return Page(
            title=f"Entry {target.pk}",
            side_by_side=[
                Facts(
                    title="Entry",
                    rows=[
                        ("Account", _account_link(target.account)),
                        ("Transfer", _transfer_link(target.transfer)),
                        ("Amount", _amount(target.amount, currency)),
                        ("Balance after", _amount(target.balance_after, currency)),
                        ("Number in the account", str(target.sequence or NOTHING)),
                        ("Posted", moment(target.created_at)),
                    ],
                )
            ],
        )

    @display(description="When")
    def created(self, entry: Entry) -> Any:
        return moment(entry.created_at)

    @display(description="Amount")
    def amount_shown(self, entry: Entry) -> Any:
        return _amount(entry.amount, entry.transfer.currency)

    @display(description="Balance after")
    def after(self, entry: Entry) -> Any:
        return _amount(entry.balance_after, entry.transfer.currency)

    @display(description="Reference")
    def reference(self, entry: Entry) -> Any:
        return _transfer_link(entry.transfer)


@admin.register(Seal)
class SealAdmin(StaffAdmin):
    list_display = ("id", "sealed", "transfer_through", "transfers", "entries", "accounts")
    empty_state = "The ledger is not sealed yet. A schedule does it, or `manage.py seal_ledger`."

    def page(self, request: HttpRequest, target: Seal) -> Page:
        snapshots = target.snapshots.select_related("account").order_by("account__address")
        return Page(
            title=f"Seal {target.pk}",
            summary=Summary(
                headline=f"Everything up to transfer {target.transfer_through} is sealed.",
                detail="`manage.py verify_ledger` checks the chain.",
            ),
            side_by_side=[_seal_facts(target)],
            sections=[
                Table(
                    title="House balances as it found them",
                    columns=[Column("Account"), Column("Balance", is_number=True)],
                    rows=[
                        (_account_link(row.account), _amount(row.balance, row.account.currency))
                        for row in snapshots[:500]
                    ],
                    empty="None changed since the seal before.",
                )
            ],
        )

    @display(description="Sealed")
    def sealed(self, seal: Seal) -> Any:
        return moment(seal.sealed_at)


def _seal_facts(seal: Seal) -> Facts:
    return Facts(
        title="Seal",
        rows=[
            ("Sealed", moment(seal.sealed_at)),
            ("Digest", code(bytes(seal.digest).hex())),
            ("Seal before", str(seal.previous_id or NOTHING)),
            ("Transfers", f"{seal.transfers}"),
            ("Entries", f"{seal.entries}"),
            ("Accounts opened", f"{seal.accounts}"),
            ("Wallets closed", f"{seal.closures}"),
        ],
    )
