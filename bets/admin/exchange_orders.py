"""The list of orders at exchanges, and what staff may do to one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextInputWidget

from bets.admin import exchange_values as values
from bets.admin import story
from bets.admin.exchange_order_page import order_page
from bets.models import LIVE, UNANSWERED, ExchangeMarket, ExchangeOrder, OrderStatus
from bets.services.exchange import cancelling, deciding
from config.staff.actions import Action, By, Done, NoQuestions, Refused, WithReason
from config.staff.admin import StaffAdmin
from config.staff.display import Tone, moment, number
from config.staff.filters import Recent
from config.staff.page import Page
from providers.models import ProviderAccount


class WithReference(WithReason):
    reference = forms.CharField(
        max_length=100,
        widget=UnfoldAdminTextInputWidget(),
        help_text="The offer's id at the exchange, such as BC0001.",
    )


class WithEnd(WithReason):
    """What stands of an order in the end, by the exchange's own history."""

    matched = forms.DecimalField(
        min_value=0,
        max_digits=20,
        decimal_places=4,
        widget=UnfoldAdminDecimalFieldWidget(),
        help_text="How much of its stake was matched in all; 0 if nothing was.",
    )
    odds = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=6,
        widget=UnfoldAdminDecimalFieldWidget(),
        help_text="The odds of the part that we do not know yet, if there is one.",
    )


def _cancel(order: ExchangeOrder, _: Mapping[str, Any], by: By) -> Done:
    try:
        result = cancelling.cancel_order(order=order, actor=by.actor, now=by.now)
    except cancelling.NotCancellable as error:
        raise Refused(str(error)) from error
    except (cancelling.CancelRefused, cancelling.ExchangeAway) as error:
        raise Refused(f"The exchange did not cancel it: {error}") from error
    if result.is_certain:
        return Done(message="What was unmatched is cancelled.")
    return Done(message="Asked for; the exchange has not confirmed it yet. It is read again soon.")


def _refresh(order: ExchangeOrder, _: Mapping[str, Any], by: By) -> Done:
    market = ExchangeMarket.objects.select_related("account").get(
        account_id=order.account_id, market_id=order.market_id
    )
    return read_now(market, by)


def read_now(market: ExchangeMarket, by: By) -> Done:
    """Read a market from the exchange. Raises `Refused` if there was no answer."""
    try:
        look = deciding.refresh(market=market, actor=by.actor)
    except deciding.NotPossible as error:
        raise Refused(str(error)) from error
    if look.failure:
        raise Refused(f"The exchange gave no answer: {look.failure}")
    return Done(
        message="The market was read; what is new is on the timelines.",
        fact="Had the market read again.",
    )


def _bind(order: ExchangeOrder, data: Mapping[str, Any], by: By) -> Done:
    try:
        deciding.confirm_at_exchange(
            order_id=order.pk,
            reference=data["reference"],
            actor=by.actor,
            reason=data["reason"],
            now=by.now,
        )
    except deciding.NotPossible as error:
        raise Refused(str(error)) from error
    return Done(message=f"It is the exchange's offer {data['reference']}; its amounts come next.")


def _not_there(order: ExchangeOrder, data: Mapping[str, Any], by: By) -> Done:
    try:
        deciding.confirm_not_at_exchange(
            order_id=order.pk, actor=by.actor, reason=data["reason"], now=by.now
        )
    except deciding.NotPossible as error:
        raise Refused(str(error)) from error
    return Done(message="The order is rejected.")


def _ended(order: ExchangeOrder, data: Mapping[str, Any], by: By) -> Done:
    try:
        ended = deciding.confirm_ended(
            order_id=order.pk,
            matched=data["matched"],
            odds=data["odds"],
            actor=by.actor,
            reason=data["reason"],
            now=by.now,
        )
    except deciding.NotPossible as error:
        raise Refused(str(error)) from error
    return Done(message=f"The order is {ended.get_status_display()}.")


def _is_lost(order: ExchangeOrder) -> bool:
    market = ExchangeMarket.objects.filter(
        account_id=order.account_id, market_id=order.market_id
    ).first()
    return market is not None and deciding.is_lost(order=order, market=market, now=timezone.now())


def _is_live(order: ExchangeOrder) -> bool:
    return order.status in LIVE


def _is_unknown(order: ExchangeOrder) -> bool:
    return order.status == OrderStatus.UNKNOWN


CANCEL = Action(
    name="cancel",
    label="Cancel what is unmatched",
    permission="bets.cancel_order",
    form=NoQuestions,
    explain=lambda order: (
        f"{values.plain_money(order.remaining, order.currency)} waits at {order.account.code} and "
        "is taken back. What is matched stands. It cannot be undone."
    ),
    run=_cancel,
    offered=_is_live,
    tone=Tone.ALERT,
)
REFRESH = Action(
    name="refresh",
    label="Read it again now",
    permission="bets.refresh_order",
    form=NoQuestions,
    explain=lambda order: (
        f"Our offers on market {order.market_id} are read from {order.account.code}. It places "
        "and cancels nothing."
    ),
    run=_refresh,
    offered=lambda order: order.status in (*LIVE, *UNANSWERED) or order.told < order.matched,
)
BIND = Action(
    name="bind",
    label="The exchange has it",
    permission="bets.decide_order",
    form=WithReference,
    explain=lambda order: (
        f"You found this order at {order.account.code}. It gets the reference that you give, and "
        "its amounts are read from the exchange. It cannot be undone."
    ),
    run=_bind,
    offered=_is_unknown,
)
NOT_THERE = Action(
    name="not-there",
    label="The exchange does not have it",
    permission="bets.decide_order",
    form=WithReason,
    explain=lambda order: (
        f"{order.account.code} has no such offer. The order is rejected. It cannot be undone."
    ),
    run=_not_there,
    offered=_is_unknown,
    tone=Tone.ALERT,
)

ENDED = Action(
    name="ended",
    label="It waits no more",
    permission="bets.decide_order",
    form=WithEnd,
    explain=lambda order: (
        f"{order.account.code} says nothing of it any more. You found in the account's history "
        f"there what was matched of the {values.plain_money(order.stake, order.currency)}; the "
        "rest counts as cancelled. It cannot be undone."
    ),
    run=_ended,
    offered=_is_lost,
    tone=Tone.ALERT,
)


@admin.register(ExchangeOrder)
class ExchangeOrderAdmin(StaffAdmin):
    list_display = (
        "what",
        "placed",
        "account",
        "partner",
        "odds_asked",
        "stake_amount",
        "matched_amount",
        "remaining_amount",
        "exposure_amount",
        "state",
    )
    list_filter = ("status", "side", "account", "partner", Recent)
    list_select_related = ("account", "partner")
    search_fields = ("provider_reference",)
    search_help_text = "Exchange's reference, market's id there, or id"
    empty_state = (
        "No order here. Partners place them over the API; search by the exchange's reference or "
        "the market's id, or take a filter away."
    )
    staff_actions = (REFRESH, CANCEL, BIND, NOT_THERE, ENDED)

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        try:
            wanted = UUID(term)
            return ExchangeOrder.objects.filter(pk=wanted) | ExchangeOrder.objects.filter(
                batch=wanted
            )
        except ValueError:
            accounts = list(ProviderAccount.objects.values_list("pk", flat=True))
        ours = ExchangeOrder.objects.filter(account__in=accounts)
        return ours.filter(provider_reference=term) | ours.filter(market_id=term)

    def queryset_of_page(self, request: HttpRequest) -> QuerySet[Any]:
        return ExchangeOrder.objects.select_related("account", "partner", "batch")

    def page(self, request: HttpRequest, target: ExchangeOrder) -> Page:
        return order_page(request, target)

    @display(description="Order")
    def what(self, order: ExchangeOrder) -> str:
        return str(order)

    @display(description="Placed")
    def placed(self, order: ExchangeOrder) -> Any:
        return moment(order.placed_at)

    @display(description="Odds")
    def odds_asked(self, order: ExchangeOrder) -> Any:
        return number(story.odds_in_words(order.odds))

    @display(description="Stake")
    def stake_amount(self, order: ExchangeOrder) -> Any:
        return values.money(order.stake, order.currency)

    @display(description="Matched")
    def matched_amount(self, order: ExchangeOrder) -> Any:
        return values.money(order.matched, order.currency)

    @display(description="Waits")
    def remaining_amount(self, order: ExchangeOrder) -> Any:
        return values.money(order.remaining, order.currency)

    @display(description="Exposure")
    def exposure_amount(self, order: ExchangeOrder) -> Any:
        return values.money(order.exposure, order.currency)

    @display(description="Status")
    def state(self, order: ExchangeOrder) -> Any:
        return values.status_badge(order)
