"""The log of calls to providers."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.decorators import display

from config.staff.admin import StaffAdmin
from config.staff.display import NOTHING, Tone, badge, code, link, moment, number, pretty
from config.staff.filters import Recent
from config.staff.page import Facts, Page, Section, Summary, Text
from providers import exchange, queries
from providers.models import CallOutcome, ProviderCall

_TONES = {
    CallOutcome.ACCEPTED: Tone.GOOD,
    CallOutcome.OK: Tone.GOOD,
    CallOutcome.UNKNOWN: Tone.ALERT,
    CallOutcome.ERROR: Tone.ALERT,
}
# Bodies name players. The permission and the pages are the domain's; this app only knows their
# names.
_SEE_NAMES = "bets.see_personal_data"
# `bets` says how a coupon or a player is called: it may import this app, and not the reverse.
SUBJECT_NAMES: dict[str, Callable[[UUID], str]] = {}
# And by which other ids the calls about something are kept, as an order's by that of its batch.
OTHER_SUBJECTS: list[Callable[[UUID], Iterable[UUID]]] = []
_PAGES = {
    "coupon": "admin:bets_coupon_change",
    "player": "admin:bets_player_change",
    exchange.ORDER: "admin:bets_exchangeorder_change",
    exchange.MARKET: "admin:bets_exchangemarket_change",
}
# What has no page of its own: the list of what it consists of.
_LISTS = {exchange.BATCH: "admin:bets_exchangeorder_changelist"}


def outcome_badge(call: ProviderCall) -> Any:
    tone = _TONES.get(CallOutcome(call.outcome), Tone.PLAIN)
    return badge(call.get_outcome_display().replace("_", " "), tone)


def operation_in_words(call: ProviderCall) -> str:
    return call.operation.replace("_", " ")


class Operation(SimpleListFilter):
    """What was asked of the provider, of all that is in the log."""

    title = "operation"
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.replace("_", " ")) for name in queries.operations()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(operation=self.value()) if self.value() else queryset


@admin.register(ProviderCall)
class ProviderCallAdmin(StaffAdmin):
    list_title = "Calls to providers"
    list_display = (
        "created", "account", "asked_for", "about", "outcome_shown", "status", "took",
    )  # fmt: skip
    list_filter = ("outcome", "account", Operation, Recent)
    list_select_related = ("account",)
    search_fields = ("subject_id",)
    search_help_text = "Id of the call, or of what it is about"
    empty_state = "No call here. Every request to a provider is kept, without its secrets."

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        try:
            wanted = UUID(term)
        except ValueError:
            return ProviderCall.objects.none()
        subjects = {wanted, *(other for each in OTHER_SUBJECTS for other in each(wanted))}
        about = ProviderCall.objects.filter(subject_id__in=subjects)
        return about | ProviderCall.objects.filter(pk=wanted)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("account")

    def page(self, request: HttpRequest, target: ProviderCall) -> Page:
        return Page(
            title=f"{operation_in_words(target).capitalize()} at {target.account.code}",
            summary=Summary(
                headline=f"{target.get_outcome_display().replace('_', ' ').capitalize()}.",
                detail=target.error,
                tone=_TONES.get(CallOutcome(target.outcome), Tone.PLAIN),
            ),
            side_by_side=[_facts(target)],
            sections=_bodies(request, target),
        )

    @display(description="When")
    def created(self, call: ProviderCall) -> Any:
        return moment(call.created_at)

    @display(description="Operation")
    def asked_for(self, call: ProviderCall) -> str:
        return operation_in_words(call)

    @display(description="About")
    def about(self, call: ProviderCall) -> Any:
        return call.subject_kind or NOTHING

    @display(description="Outcome")
    def outcome_shown(self, call: ProviderCall) -> Any:
        return outcome_badge(call)

    @display(description="Status")
    def status(self, call: ProviderCall) -> str:
        return str(call.response_status or NOTHING)

    @display(description="Took")
    def took(self, call: ProviderCall) -> Any:
        return number(NOTHING if call.duration_ms is None else f"{call.duration_ms} ms")


def _facts(call: ProviderCall) -> Facts:
    return Facts(
        title="Call",
        rows=[
            ("When", moment(call.created_at)),
            ("Address", code(f"{call.method} {call.url}")),
            ("Status of the response", str(call.response_status or NOTHING)),
            ("Took", NOTHING if call.duration_ms is None else f"{call.duration_ms} ms"),
            *_about(call),
            *([("No answer because", call.get_failure_display())] if call.failure else []),
        ],
    )


def _about(call: ProviderCall) -> list[tuple[str, object]]:
    """A link to what the call was about, where that has a page and is still there."""
    if call.subject_id is None:
        return []
    name_of = SUBJECT_NAMES.get(call.subject_kind)
    name = name_of(call.subject_id) if name_of else ""
    text = f"{call.subject_kind} {name or call.subject_id}"
    address = _address_of(call)
    return [("About", link(text, address) if address else text)]


def _address_of(call: ProviderCall) -> str:
    """Where its subject is shown, empty if that is nowhere."""
    page, whole = _PAGES.get(call.subject_kind), _LISTS.get(call.subject_kind)
    if page:
        return reverse(page, args=[call.subject_id])
    return f"{reverse(whole)}?q={call.subject_id}" if whole else ""


def _bodies(request: HttpRequest, call: ProviderCall) -> list[Section]:
    if not request.user.has_perm(_SEE_NAMES):
        hidden = "Your role does not show what was sent and answered: it may name players."
        return [Text(title="Request and response", text="", empty=hidden)]
    return [
        Text(title="Request, secrets removed", text=pretty(call.request)),
        Text(title="Response, secrets removed", text=pretty(call.response)),
    ]
