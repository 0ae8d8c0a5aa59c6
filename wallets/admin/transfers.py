"""Transfers and their entries."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from config.staff import names
from config.staff.actors import actor_in_words
from config.staff.admin import StaffAdmin
from config.staff.display import NOTHING, code, moment, number
from config.staff.page import Column, Facts, Page, Table
from wallets.admin import values
from wallets.admin.values import Names
from wallets.models import Entry, Transfer


@admin.register(Transfer)
class TransferAdmin(StaffAdmin):
    list_display = ("number", "created", "kind", "taken_from", "given_to", "amount_shown", "about")
    list_filter = ("kind", "currency")
    list_select_related = ("source", "destination")
    search_fields = ("reference",)
    search_help_text = "Number, reference, or a coupon's code or id"
    empty_state = "No transfer here. Money moves with deposits, coupons and results."

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        wanted = values.key_of(term)
        if wanted is not None:
            return Transfer.objects.filter(pk=wanted)
        try:
            return Transfer.objects.filter(coupon_id=UUID(term))
        except ValueError:
            coupons = list(names.find(request, "coupon", term))
        by_coupon = Transfer.objects.filter(coupon_id__in=coupons)
        return by_coupon if coupons else Transfer.objects.filter(reference=term)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("source", "destination")

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        known = values.names_of_transfers(request, rows)
        for row in rows:
            row.names = known

    def page(self, request: HttpRequest, target: Transfer) -> Page:
        known = values.names_of_transfers(request, [target])
        return Page(
            title=f"Transfer {target.pk}",
            subtitle=(
                f"From {known.account(target.source.address)} "
                f"to {known.account(target.destination.address)}"
            ),
            side_by_side=[_facts(target, known)],
            sections=[_entries(target, known)],
        )

    @display(description="Number")
    def number(self, transfer: Transfer) -> int:
        return transfer.pk

    @display(description="When")
    def created(self, transfer: Transfer) -> Any:
        return moment(transfer.created_at)

    @display(description="From")
    def taken_from(self, transfer: Any) -> object:
        known: Names = transfer.names
        return known.owner_and_place(transfer.source)

    @display(description="To")
    def given_to(self, transfer: Any) -> object:
        known: Names = transfer.names
        return known.owner_and_place(transfer.destination)

    @display(description="Amount")
    def amount_shown(self, transfer: Transfer) -> Any:
        return values.amount(transfer.amount, transfer.currency)

    @display(description="Coupon or reference")
    def about(self, transfer: Any) -> object:
        known: Names = transfer.names
        return known.coupon_or_reference(transfer.coupon_id, transfer.reference)


def _facts(transfer: Transfer, known: Names) -> Facts:
    sides = (transfer.source.address, transfer.destination.address)
    players = dict.fromkeys(known.player(each) for each in sides if values.wallet_of(each))
    return Facts(
        title="Transfer",
        rows=[
            ("What", transfer.get_kind_display()),
            ("From", known.account_link(transfer.source)),
            ("To", known.account_link(transfer.destination)),
            ("Amount", values.amount(transfer.amount, transfer.currency)),
            *(("Player", player) for player in players),
            *([("Coupon", known.coupon(transfer.coupon_id))] if transfer.coupon_id else []),
            ("Reference", code(transfer.reference)),
            ("Effective", moment(transfer.effective_at)),
            ("Posted", moment(transfer.created_at)),
            ("Who", actor_in_words(transfer.actor)),
            ("Why", transfer.reason or NOTHING),
        ],
    )


def _entries(transfer: Transfer, known: Names) -> Table:
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
                known.account_link(entry.account),
                values.amount(entry.amount, transfer.currency),
                values.amount(entry.balance_after, transfer.currency),
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
    list_display = ("number", "created", "of_account", "amount_shown", "after", "transfer_shown")
    list_select_related = ("account", "transfer")
    search_fields = ("id",)
    search_help_text = "Number, or the reference of the transfer"
    empty_state = "No entry here. Every transfer makes two."

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        wanted = values.key_of(term)
        if wanted is not None:
            return Entry.objects.filter(pk=wanted)
        transfers = list(Transfer.objects.filter(reference=term).values_list("pk", flat=True))
        return Entry.objects.filter(pk__in=[n for pk in transfers for n in (pk * 2 - 1, pk * 2)])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("account", "transfer")

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        known = values.names_for(request, addresses=[row.account.address for row in rows])
        for row in rows:
            row.names = known

    def page(self, request: HttpRequest, target: Entry) -> Page:
        known = values.names_for(request, addresses=[target.account.address])
        currency = target.transfer.currency
        return Page(
            title=f"Entry {target.pk}",
            subtitle=known.account(target.account.address),
            side_by_side=[
                Facts(
                    title="Entry",
                    rows=[
                        ("Account", known.account_link(target.account)),
                        ("Transfer", values.transfer_link(target.transfer)),
                        ("Amount", values.amount(target.amount, currency)),
                        ("Balance after", values.amount(target.balance_after, currency)),
                        ("Number in the account", str(target.sequence or NOTHING)),
                        ("Posted", moment(target.created_at)),
                    ],
                )
            ],
        )

    @display(description="Number")
    def number(self, entry: Entry) -> int:
        return entry.pk

    @display(description="When")
    def created(self, entry: Entry) -> Any:
        return moment(entry.created_at)

    @display(description="Account")
    def of_account(self, entry: Any) -> object:
        known: Names = entry.names
        return known.owner_and_place(entry.account)

    @display(description="Amount")
    def amount_shown(self, entry: Entry) -> Any:
        return values.amount(entry.amount, entry.transfer.currency)

    @display(description="Balance after")
    def after(self, entry: Entry) -> Any:
        return values.amount(entry.balance_after, entry.transfer.currency)

    @display(description="Transfer")
    def transfer_shown(self, entry: Entry) -> Any:
        return values.transfer_link(entry.transfer)
