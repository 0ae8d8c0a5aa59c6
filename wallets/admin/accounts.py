"""The accounts of the ledger, with their statements."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from config.staff import names
from config.staff.actors import actor_in_words
from config.staff.admin import StaffAdmin
from config.staff.display import NOTHING, Tone, badge, code, moment
from config.staff.page import Column, Facts, Page, Summary, Table
from wallets import queries
from wallets.admin import values
from wallets.admin.values import Names
from wallets.models import Account, AccountKind, AccountStatus
from wallets.queries import StatementRow

_ROWS = 50
_MOST = 200
_BEFORE = "before"


@admin.register(Account)
class AccountAdmin(StaffAdmin):
    list_display = ("shown_as", "player", "balance_shown", "state", "posted")
    list_filter = ("kind", "status", "currency")
    search_fields = ("address",)
    search_help_text = "Player, wallet's id, or the start of an address"
    empty_state = "No account here. A wallet's accounts open with its player."

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        wallets = [*names.find(request, "wallet", term), *_as_wallet(term)]
        meant = Q(address__startswith=term)
        for wallet in wallets:
            meant |= Q(address__startswith=f"wallet/{wallet}/")
        return Account.objects.filter(meant).order_by("-pk")[:_MOST]

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        known = values.names_for(request, addresses=[row.address for row in rows])
        house = [row.address for row in rows if row.kind == AccountKind.HOUSE]
        balances = queries.house_balances(addresses=house)
        for row in rows:
            row.names = known
            row.balance_now = balances.get(row.address, row.balance)

    def page(self, request: HttpRequest, target: Account) -> Page:
        known = values.names_for(request, addresses=[target.address])
        balance = target.balance
        if target.kind == AccountKind.HOUSE:
            balance = queries.house_balance(address=target.address)
        return Page(
            title=known.account(target.address),
            subtitle=f"Account in {target.currency}",
            summary=Summary(headline=f"The balance is {_text(target, balance)}."),
            side_by_side=[_facts(target, known)],
            sections=[_statement(request, target)],
        )

    @display(description="Account")
    def shown_as(self, account: Any) -> str:
        known: Names = account.names
        return known.account(account.address)

    @display(description="Player")
    def player(self, account: Any) -> object:
        known: Names = account.names
        return known.player(account.address)

    @display(description="Balance")
    def balance_shown(self, account: Any) -> Any:
        return values.amount(account.balance_now, account.currency)

    @display(description="Status")
    def state(self, account: Account) -> Any:
        is_open = account.status == AccountStatus.OPEN
        return badge(account.get_status_display(), Tone.GOOD if is_open else Tone.PLAIN)

    @display(description="Last entry")
    def posted(self, account: Account) -> Any:
        return moment(account.posted_at)


def _text(account: Account, balance: Decimal) -> str:
    return values.amount_text(balance, account.currency)


def _as_wallet(term: str) -> list[UUID]:
    try:
        return [UUID(term)]
    except ValueError:
        return []


def _facts(account: Account, known: Names) -> Facts:
    # The ledger notes the last entry of a wallet's accounts only: those of the house are hot.
    is_house = account.kind == AccountKind.HOUSE
    last = [] if is_house else [("Last entry", moment(account.posted_at))]
    player = [] if is_house else [("Player", known.player(account.address))]
    return Facts(
        title="Account",
        rows=[
            *player,
            ("Kind", account.get_kind_display()),
            ("Status", account.get_status_display()),
            ("Opened", moment(account.created_at)),
            *last,
            ("Address", code(account.address)),
        ],
    )


def _statement(request: HttpRequest, account: Account) -> Table:
    before = values.key_of(request.GET.get(_BEFORE, ""))
    page = queries.house_statement(address=account.address, before=before, limit=_ROWS)
    known = values.names_for(
        request,
        addresses=[row.counterpart for row in page.rows],
        coupons=[row.coupon_id for row in page.rows],
    )
    return Table(
        title="Statement",
        columns=[
            Column("When"),
            Column("What"),
            Column("Other side"),
            Column("Amount", is_number=True),
            Column("Balance after", is_number=True),
            Column("Coupon or reference"),
            Column("Who"),
        ],
        rows=[_row(row, known) for row in page.rows],
        empty="Nothing was posted to it yet.",
        more=f"?{_BEFORE}={page.before}" if page.before else "",
    )


def _row(row: StatementRow, known: Names) -> tuple[object, ...]:
    return (
        moment(row.created_at),
        row.kind.label,
        known.account(row.counterpart),
        values.amount(row.amount, row.currency),
        values.amount(row.balance_after, row.currency),
        known.coupon_or_reference(row.coupon_id, row.reference),
        actor_in_words(row.actor) or NOTHING,
    )
