"""The list of coupons, and what staff may do to one."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from bets.admin import by_hand, search, story, values
from bets.admin.coupon_page import coupon_page
from bets.models import Coupon, CouponStatus
from bets.services.following_up import resolution, resolver, returns
from config.staff.actions import Action, By, Done, Refused, WithReason
from config.staff.admin import StaffAdmin
from config.staff.display import Tone, moment, number
from config.staff.filters import Recent
from config.staff.page import Page
from providers import services as providers
from providers.contract import Capability
from wallets.services import LedgerError


class WithReference(WithReason):
    reference = forms.CharField(
        max_length=100,
        widget=UnfoldAdminTextInputWidget(),
        help_text="The bet's number at the provider.",
    )


def _return(coupon: Coupon, data: Mapping[str, Any], by: By) -> Done:
    try:
        resolution.return_coupon(
            coupon_id=coupon.pk, actor=by.actor, reason=data["reason"], now=by.now
        )
    except resolution.NotPossible as error:
        raise Refused(str(error)) from error
    return Done(message=f"Coupon {coupon.code} was returned.")


def _accept(coupon: Coupon, data: Mapping[str, Any], by: By) -> Done:
    try:
        resolution.confirm_accepted(
            coupon_id=coupon.pk,
            reference=data["reference"],
            actor=by.actor,
            reason=data["reason"],
            now=by.now,
        )
    except (resolution.NotPossible, LedgerError) as error:
        raise Refused(str(error)) from error
    return Done(message=f"Coupon {coupon.code} is accepted as {data['reference']}.")


def _reject(coupon: Coupon, data: Mapping[str, Any], by: By) -> Done:
    try:
        resolution.confirm_rejected(
            coupon_id=coupon.pk, actor=by.actor, reason=data["reason"], now=by.now
        )
    except (resolution.NotPossible, LedgerError) as error:
        raise Refused(str(error)) from error
    return Done(message=f"Coupon {coupon.code} is rejected; the stake is back.")


def _ask(coupon: Coupon, _: Mapping[str, Any], by: By) -> Done:
    try:
        asked = resolver.ask_now(coupon_id=coupon.pk, actor=by.actor, now=by.now)
    except resolution.NotPossible as error:
        raise Refused(str(error)) from error
    if asked.status == CouponStatus.UNKNOWN:
        return Done(message=f"{coupon.account.code} still gives no clear answer.", ok=False)
    return Done(message=f"Coupon {coupon.code} is {asked.status}.")


def _return_at_provider(coupon: Coupon, data: Mapping[str, Any], by: By) -> Done:
    try:
        returned = returns.return_at_provider(
            coupon_id=coupon.pk, actor=by.actor, reason=data["reason"], now=by.now
        )
    except resolution.NotPossible as error:
        raise Refused(str(error)) from error
    if returned.status != CouponStatus.RETURNED:
        told = f"{coupon.account.code} was asked; the coupon is not returned yet. See its timeline."
        return Done(message=told, ok=False)
    return Done(message=f"Coupon {coupon.code} was returned.")


def _can_be_asked(coupon: Coupon) -> bool:
    return _is_unknown(coupon) and providers.can(
        account=coupon.account, capability=Capability.RESOLVE
    )


def _can_be_returned(coupon: Coupon) -> bool:
    return coupon.status in (CouponStatus.ACCEPTED, CouponStatus.SETTLED)


def _can_be_returned_there(coupon: Coupon) -> bool:
    return _can_be_returned(coupon) and providers.can(
        account=coupon.account, capability=Capability.RETURN
    )


def _is_unknown(coupon: Coupon) -> bool:
    return coupon.status == CouponStatus.UNKNOWN


def _stake(coupon: Coupon) -> str:
    return values.plain_amount(coupon.stake, coupon.currency)


ACCEPT = Action(
    name="accept",
    label="The provider has it",
    permission="bets.decide_coupon",
    form=WithReference,
    explain=lambda coupon: (
        f"{values.in_words(coupon)} You found this bet at {coupon.account.code}. The "
        f"held stake of {_stake(coupon)} becomes ours, and the coupon waits for its result. It "
        "cannot be undone here."
    ),
    run=_accept,
    offered=_is_unknown,
)
REJECT = Action(
    name="reject",
    label="The provider does not have it",
    permission="bets.decide_coupon",
    form=WithReason,
    explain=lambda coupon: (
        f"{values.in_words(coupon)} {coupon.account.code} says that there is no such bet. "
        f"The held stake of {_stake(coupon)} goes back to the player. It cannot be undone."
    ),
    run=_reject,
    offered=_is_unknown,
    tone=Tone.ALERT,
)
RETURN = Action(
    name="return",
    label="Return the stake",
    permission="bets.return_coupon",
    form=WithReason,
    explain=lambda coupon: (
        f"{values.in_words(coupon)} It becomes void: whatever its result paid is "
        f"taken back, and the stake of {_stake(coupon)} goes back to the player. The provider "
        "is not told. It cannot be undone."
    ),
    run=_return,
    offered=_can_be_returned,
    tone=Tone.ALERT,
)
ASK = Action(
    name="ask",
    label="Ask the provider now",
    permission="bets.decide_coupon",
    explain=lambda coupon: (
        f"{coupon.account.code} is asked what became of the bet. A clear answer is booked at once; "
        "at some providers, a bet that they have not accepted is void then."
    ),
    run=_ask,
    offered=_can_be_asked,
)
RETURN_THERE = Action(
    name="return-there",
    label="Return it at the provider",
    permission="bets.return_coupon",
    form=WithReason,
    explain=lambda coupon: (
        f"{values.in_words(coupon)} {coupon.account.code} is asked to void the bet. "
        "Once it has, whatever the result paid is taken back, and the stake of "
        f"{_stake(coupon)} goes back to the player."
    ),
    run=_return_at_provider,
    offered=_can_be_returned_there,
    tone=Tone.ALERT,
)


@admin.register(Coupon)
class CouponAdmin(StaffAdmin):
    list_display = (
        "code",
        "placed",
        "account",
        "kind",
        "stake_amount",
        "total_odds",
        "state",
        "result_shown",
        "payout_amount",
    )
    list_filter = ("status", "result", "account", "partner", Recent)
    list_select_related = ("player", "account", "partner")
    search_fields = ("code",)
    search_help_text = "Code, provider's reference or code, player, or id"
    empty_state = (
        "No coupon here. Search by the code on the slip, the provider's reference, the username "
        "or the partner's id of the player; or take a filter away."
    )
    staff_actions = (ASK, ACCEPT, REJECT, by_hand.SETTLE, RETURN_THERE, RETURN)

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        return search.coupons(request, term)

    def queryset_of_page(self, request: HttpRequest) -> QuerySet[Any]:
        return Coupon.objects.select_related("player", "account", "partner")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        first, placed, *others = super().get_list_display(request)
        return [first, placed, values.player_column(request, lambda row: row.player), *others]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("player", "account", "partner")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """A search that finds one coupon opens it."""
        term = request.GET.get("q", "").strip().replace("\x00", "")
        if term and set(request.GET) == {"q"} and self.has_view_permission(request):
            found = list(self.found(request, term)[:2])
            if len(found) == 1:
                return HttpResponseRedirect(self.url_of(found[0]))
        return super().changelist_view(request, extra_context)

    def page(self, request: HttpRequest, target: Coupon) -> Page:
        return coupon_page(request, target)

    @display(description="Placed")
    def placed(self, coupon: Coupon) -> Any:
        return moment(coupon.placed_at)

    @display(description="Type")
    def kind(self, coupon: Coupon) -> str:
        return f"{coupon.type} of {coupon.system_size}" if coupon.system_size else coupon.type

    @display(description="Stake")
    def stake_amount(self, coupon: Coupon) -> Any:
        return values.amount(coupon.stake, coupon.currency)

    @display(description="Odds")
    def total_odds(self, coupon: Coupon) -> Any:
        return number(story.odds_in_words(coupon.odds))

    @display(description="Status")
    def state(self, coupon: Coupon) -> Any:
        return values.status_badge(coupon)

    @display(description="Result")
    def result_shown(self, coupon: Coupon) -> Any:
        return values.result_badge(coupon.result, coupon.get_result_display())

    @display(description="Payout")
    def payout_amount(self, coupon: Coupon) -> Any:
        return values.amount(coupon.payout, coupon.currency)
