"""The seals of the ledger."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from config.staff.admin import StaffAdmin
from config.staff.display import NOTHING, code, moment
from config.staff.page import Column, Facts, Page, Summary, Table
from wallets.admin import values
from wallets.admin.values import Names
from wallets.models import Seal

_MOST = 500


@admin.register(Seal)
class SealAdmin(StaffAdmin):
    list_display = ("number", "sealed", "transfer_through", "transfers", "entries", "accounts")
    empty_state = (
        "The ledger is not sealed yet. A schedule does it, or the command manage.py seal_ledger."
    )

    def page(self, request: HttpRequest, target: Seal) -> Page:
        snapshots = target.snapshots.select_related("account").order_by("account__address")
        # Only accounts of the house have snapshots, and they are called by their address alone.
        known = Names()
        return Page(
            title=f"Seal {target.pk}",
            summary=Summary(
                headline=f"Everything up to transfer {target.transfer_through} is sealed.",
                detail="The command manage.py verify_ledger checks the chain of seals.",
            ),
            side_by_side=[_facts(target)],
            sections=[
                Table(
                    title="House balances as it found them",
                    columns=[Column("Account"), Column("Balance", is_number=True)],
                    rows=[
                        (
                            known.account_link(row.account),
                            values.amount(row.balance, row.account.currency),
                        )
                        for row in snapshots[:_MOST]
                    ],
                    empty="None changed since the seal before.",
                )
            ],
        )

    @display(description="Number")
    def number(self, seal: Seal) -> int:
        return seal.pk

    @display(description="Sealed")
    def sealed(self, seal: Seal) -> Any:
        return moment(seal.sealed_at)


def _facts(seal: Seal) -> Facts:
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
