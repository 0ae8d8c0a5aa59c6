"""The staff queue."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from bets.admin import search, values
from bets.admin.exchange_values import order_link
from bets.models import Coupon, Flag
from bets.services.coupon import flags
from config.staff.actions import Action, By, Done, NoQuestions, Refused
from config.staff.admin import StaffAdmin
from config.staff.display import NOTHING, Tone, code, link, moment, moment_text
from config.staff.filters import Recent
from config.staff.history import done_by_staff
from config.staff.page import Facts, Page, Summary


class WithNote(forms.Form):
    note = forms.CharField(
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What you found and did. It is kept with the flag.",
    )


_TAKE, _RESOLVE = "Take it", "Resolve"
_WHO_ELSE = "somebody else has to resolve it"


def _take(flag: Flag, _: Mapping[str, Any], by: By) -> Done:
    try:
        flags.take(flag=flag, user=by.user)
    except flags.FlagResolved:
        raise Refused("it was resolved in the meantime.") from None
    return Done(message="It is yours now.", fact="Took it.")


def _resolve(flag: Flag, data: Mapping[str, Any], by: By) -> Done:
    try:
        flags.resolve(flag=flag, user=by.user, note=data["note"], now=by.now)
    except flags.SomebodyElseHasTo:
        raise Refused(f"{_WHO_ELSE}: it is about what you did yourself.") from None
    except flags.FlagResolved:
        raise Refused("it was resolved in the meantime.") from None
    return Done(message="Resolved. It is out of the queue.")


def _is_open(flag: Flag) -> bool:
    return flag.resolved_at is None


class State(SimpleListFilter):
    """The queue is what is open; the rest is a click away."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("mine", "Open, mine"), ("nobody", "Open, nobody's"), ("resolved", "Resolved")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "resolved":
            return queryset.filter(resolved_at__isnull=False)
        queue = queryset.filter(resolved_at__isnull=True)
        if self.value() == "mine":
            return queue.filter(owner=request.user)
        return queue.filter(owner__isnull=True) if self.value() == "nobody" else queue

    def choices(self, changelist: Any) -> Any:
        for number, choice in enumerate(super().choices(changelist)):
            yield choice if number else {**choice, "display": "Open"}


@admin.register(Flag)
class FlagAdmin(StaffAdmin):
    list_title = "Staff queue"
    list_display = ("what", "coupon_code", "account", "why", "with_whom", "since")
    list_filter = (State, "kind", "account", Recent)
    list_select_related = ("coupon", "order", "account", "owner", "caused_by")
    search_fields = ("reference",)
    search_help_text = "Coupon's code, or provider's reference"
    empty_state = "Nothing waits for you here. Choose “Resolved” in the filters to see what was."
    staff_actions = (
        Action(
            name="take",
            label=_TAKE,
            permission="bets.resolve_flag",
            form=NoQuestions,
            explain=lambda flag: "You look after it; the others see your name beside it.",
            run=_take,
            offered=_is_open,
        ),
        Action(
            name="resolve",
            label=_RESOLVE,
            permission="bets.resolve_flag",
            form=WithNote,
            explain=lambda flag: "It leaves the queue. No money moves by this.",
            run=_resolve,
            offered=_is_open,
        ),
    )

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        coupons = list(search.coupons(request, term).values_list("pk", flat=True))
        return Flag.objects.filter(coupon__in=coupons) | Flag.objects.filter(
            reference=term, resolved_at__isnull=True
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        related = ("coupon__player", "order", "account", "owner", "resolved_by", "caused_by")
        return super().get_queryset(request).select_related(*related)

    def page(self, request: HttpRequest, target: Flag) -> Page:
        return Page(
            title=target.get_kind_display().capitalize(),
            summary=_summary(target),
            side_by_side=[_facts(request, target)],
            sections=[done_by_staff(target)],
        )

    def _buttons(self, request: HttpRequest, target: Any) -> list[dict[str, str]]:
        """What is yours already is not offered to you again, nor what you may not resolve."""
        buttons = super()._buttons(request, target)
        hidden: tuple[str, ...] = (_TAKE,) if target.owner_id == request.user.pk else ()
        if target.caused_by_id == request.user.pk:
            hidden = (_TAKE, _RESOLVE)
        return [button for button in buttons if button["label"] not in hidden]

    @display(description="What")
    def what(self, flag: Flag) -> str:
        return flag.get_kind_display()

    @display(description="Coupon or order")
    def coupon_code(self, flag: Flag) -> Any:
        if flag.order:
            return order_link(flag.order)
        return values.coupon_link(flag.coupon) if flag.coupon else flag.reference or NOTHING

    @display(description="Why")
    def why(self, flag: Flag) -> str:
        return flag.detail

    @display(description="With")
    def with_whom(self, flag: Flag) -> str:
        whose = flag.owner.get_username() if flag.owner else "nobody"
        return f"{whose}, not for {flag.caused_by.get_username()}" if flag.caused_by else whose

    @display(description="Since")
    def since(self, flag: Flag) -> Any:
        return moment(flag.created_at)


def _summary(flag: Flag) -> Summary:
    if flag.resolved_at:
        by_whom = f" by {flag.resolved_by.get_username()}" if flag.resolved_by else ""
        headline = f"Resolved on {moment_text(flag.resolved_at)}{by_whom}."
        return Summary(headline=headline, detail=flag.resolution, tone=Tone.GOOD)
    whose = f"{flag.owner.get_username()} looks after it" if flag.owner else "Nobody has taken it"
    headline = f"{whose}. Open since {moment_text(flag.created_at)}."
    if flag.caused_by:
        headline += f" Somebody other than {flag.caused_by.get_username()} has to resolve it."
    return Summary(headline=headline, detail=flag.detail, tone=Tone.ALERT)


def _facts(request: HttpRequest, flag: Flag) -> Facts:
    return Facts(
        title="About",
        rows=[
            *_subjects(request, flag),
            ("Provider account", values.account_link(request, flag.account)),
            *([("Provider's reference", code(flag.reference))] if flag.reference else []),
            *_delivery(request, flag),
        ],
    )


def _subjects(request: HttpRequest, flag: Flag) -> list[tuple[str, object]]:
    """What it is about: an order at an exchange, or a coupon and its player."""
    if flag.order:
        return [("Exchange order", order_link(flag.order))]
    coupon = _coupon_of(flag)
    if coupon is None:
        return [("Coupon", "none of ours")]
    return [
        ("Coupon", values.coupon_link(coupon)),
        ("Player", values.player_link(request, coupon.player)),
    ]


def _delivery(request: HttpRequest, flag: Flag) -> list[tuple[str, object]]:
    """What the provider sent. The page is of an app above this one, which knows it by its name."""
    if not flag.delivery_id or not request.user.has_perm("webhooks.view_delivery"):
        return []
    page = reverse("admin:webhooks_delivery_change", args=[flag.delivery_id])
    return [("Delivery", link("what the provider sent", page))]


def _coupon_of(flag: Flag) -> Coupon | None:
    """The flag's coupon, or the one that its reference names at the account."""
    coupon = flag.coupon
    if coupon is None and flag.reference:
        found = Coupon.objects.filter(account=flag.account, provider_reference=flag.reference)
        coupon = found.first() or _ours(flag)
    return coupon


def _ours(flag: Flag) -> Coupon | None:
    """Some providers name a bet by our own id."""
    try:
        wanted = UUID(flag.reference)
    except ValueError:
        return None
    return Coupon.objects.filter(account=flag.account, pk=wanted).first()
