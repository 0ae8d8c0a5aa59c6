"""The accounts at exchanges: balance, commission, and in whose name they are."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from bets.admin import exchange_values as values
from bets.models import LIVE, UNANSWERED, ExchangeAccount, ExchangeOrder, OrderStatus
from config.staff.actions import Action, By, Done, NoQuestions, Refused
from config.staff.admin import StaffAdmin
from config.staff.display import code, yes_no
from config.staff.history import done_by_staff
from config.staff.page import Column, Facts, Page, Table
from providers import exchange
from providers.contract import Done as Ended
from providers.contract import ReadRefused, Unknown

_DEADLINE_S = 10.0
_LOOKED = "Looked at the holder."


def _balance(account: ExchangeAccount, _: Mapping[str, Any], by: By) -> Done:
    try:
        funds = exchange.funds(account=account, deadline_s=_DEADLINE_S)
        percent = exchange.commission_percent(account=account, deadline_s=_DEADLINE_S)
    except ReadRefused as error:
        raise Refused(f"The exchange gave no answer: {error.message}") from error
    return Done(
        message="As the exchange says now.",
        fact="Looked at the balance.",
        details=(
            ("Balance", values.money(funds.balance, funds.currency)),
            ("Free", values.money(funds.free, funds.currency)),
            ("Locked by offers", values.money(funds.locked, funds.currency)),
            ("Play money", values.money(funds.fun, funds.currency)),
            ("Commission", f"{values.plain_money(percent, '')} %"),
        ),
    )


def _holder(account: ExchangeAccount, _: Mapping[str, Any], by: By) -> Done:
    """What it says is shown on this one page; the log keeps who looked."""
    try:
        holder = exchange.holder(account=account, deadline_s=_DEADLINE_S)
    except ReadRefused as error:
        raise Refused(f"The exchange gave no answer: {error.message}") from error
    if not holder.facts:
        return Done(message="The exchange says nothing of the holder.", fact=_LOOKED)
    return Done(
        message="Personal data; it is stored nowhere here.", details=holder.facts, fact=_LOOKED
    )


def _log_out(account: ExchangeAccount, _: Mapping[str, Any], by: By) -> Done:
    deed = exchange.log_out(account=account, deadline_s=_DEADLINE_S)
    if isinstance(deed, Unknown):
        raise Refused(f"The exchange gave no clear answer: {deed.reason}")
    if not isinstance(deed, Ended):
        raise Refused(f"The session was not ended: {deed.message}")
    note = f" ({deed.note})" if deed.note else ""
    return Done(message=f"The session is ended{note}. The next call opens another.")


@admin.register(ExchangeAccount)
class ExchangeAccountAdmin(StaffAdmin):
    keyset = False
    ordering = ("code",)
    list_display = ("code", "provider", "active")
    empty_state = "There is no account at an exchange. A superuser adds provider accounts."
    staff_actions = (
        Action(
            name="balance",
            label="Show balance and commission",
            permission="bets.view_exchangeaccount",
            form=NoQuestions,
            explain=lambda account: "They are asked of the exchange now.",
            run=_balance,
            shows=True,
        ),
        Action(
            name="holder",
            label="Show the holder",
            permission="bets.view_account_holder",
            form=NoQuestions,
            explain=lambda account: (
                "In whose name the account is: personal data. The history keeps that you looked."
            ),
            run=_holder,
            shows=True,
        ),
        Action(
            name="log-out",
            label="End the session",
            permission="providers.test_connection",
            form=NoQuestions,
            explain=lambda account: (
                f"Our session at {account.code} is ended there. Orders stay as they are, and the "
                "next call logs in again."
            ),
            run=_log_out,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(provider__in=exchange.exchange_providers())

    def page(self, request: HttpRequest, target: ExchangeAccount) -> Page:
        return Page(
            title=target.code,
            subtitle="Account at an exchange",
            side_by_side=[
                Facts(
                    title="Account",
                    rows=[
                        ("Code", code(target.code)),
                        ("Provider", target.provider),
                        ("Active", yes_no(target.is_active)),
                    ],
                )
            ],
            sections=[_open_orders(target), done_by_staff(target)],
        )

    @display(description="Active")
    def active(self, account: ExchangeAccount) -> Any:
        return yes_no(account.is_active)


def _open_orders(account: ExchangeAccount) -> Table:
    counted = (
        ExchangeOrder.objects.filter(account_id=account.pk, status__in=(*LIVE, *UNANSWERED))
        .values_list("partner__name", "status")
        .annotate(orders=Count("pk"))
        .order_by("partner__name", "status")
    )
    labels = dict(OrderStatus.choices)
    return Table(
        title="Orders that wait",
        columns=[Column("Partner"), Column("Status"), Column("Orders", is_number=True)],
        rows=[(partner, labels[status], str(orders)) for partner, status, orders in counted],
        empty="No order waits at this exchange.",
    )
