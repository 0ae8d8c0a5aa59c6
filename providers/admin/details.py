"""What came unannounced in the providers' messages."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from config.staff.actions import Action, By, Done, NoQuestions, Refused, by
from config.staff.admin import StaffAdmin
from config.staff.display import Tone, badge, code, moment, number
from config.staff.history import done_by_staff
from config.staff.page import Facts, Page, Summary
from providers import watch
from providers.models import SeenDetail

_SEEN = "providers.acknowledge_seendetail"
_MEANING = {
    "field": "A field that the provider's documents do not name.",
    "value": "A value of a known field that the provider's documents do not name.",
}


_WHAT_TO_DO = (
    "The message itself was kept and read without it. Ask the provider what it means, tell the "
    "engineers if it matters, and mark it as seen."
)


def _acknowledge(detail: SeenDetail, _: Mapping[str, Any], by: By) -> Done:
    if not watch.acknowledge(details=[detail], by=by.actor, now=by.now):
        raise Refused("somebody marked it in the meantime.")
    return Done(
        message="It is still counted, and not shown as new any more.", fact="Marked it as seen."
    )


class News(SimpleListFilter):
    """New ones unless something else is chosen."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("new", "New"), ("seen", "Seen")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("new", "seen"):
            return queryset
        return queryset.filter(acknowledged_at__isnull=self.value() == "new")


@admin.register(SeenDetail)
class SeenDetailAdmin(StaffAdmin):
    list_display = ("name_shown", "kind", "account", "place", "times", "first", "last", "state")
    list_filter = (News, "account", "kind")
    list_select_related = ("account",)
    list_disable_select_all = False
    actions = ("acknowledge_many",)
    empty_state = (
        "Nothing here. Fields and values that a provider's documents do not name are listed once "
        "they come."
    )
    staff_actions = (
        Action(
            name="seen",
            label="Mark as seen",
            permission=_SEEN,
            form=NoQuestions,
            explain=lambda detail: (
                "You have looked at it, and told the provider or the engineers if need be. It "
                "stays in the list and is counted on."
            ),
            run=_acknowledge,
            offered=lambda detail: detail.acknowledged_at is None,
        ),
    )

    def has_acknowledge_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(_SEEN))

    @admin.action(description="Mark the chosen ones as seen", permissions=["acknowledge"])
    def acknowledge_many(
        self, request: HttpRequest, queryset: QuerySet[SeenDetail]
    ) -> HttpResponse | None:
        chosen = [detail for detail in queryset if detail.acknowledged_at is None]
        who = by(request)
        watch.acknowledge(details=chosen, by=who.actor, now=who.now)
        for detail in chosen:
            self.log_change(request, detail, "Marked it as seen.")
        messages.success(request, f"{len(chosen)} marked as seen.")
        return None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("account")

    def page(self, request: HttpRequest, target: SeenDetail) -> Page:
        return Page(
            title=target.name,
            subtitle=f"{target.account.code}, {target.place}",
            summary=_summary(target),
            side_by_side=[_facts(target)],
            sections=[done_by_staff(target)],
        )

    @display(description="Name")
    def name_shown(self, detail: SeenDetail) -> Any:
        return code(detail.name)

    @display(description="Times")
    def times(self, detail: SeenDetail) -> Any:
        return number(f"{detail.count:,}")

    @display(description="First seen")
    def first(self, detail: SeenDetail) -> Any:
        return moment(detail.first_seen)

    @display(description="Last seen")
    def last(self, detail: SeenDetail) -> Any:
        return moment(detail.last_seen)

    @display(description="State")
    def state(self, detail: SeenDetail) -> Any:
        return badge("new", Tone.WAITING) if detail.acknowledged_at is None else badge("seen")


def _summary(detail: SeenDetail) -> Summary:
    if detail.acknowledged_at is None:
        told = f"{_MEANING[detail.kind]} {_WHAT_TO_DO}"
        return Summary(headline="New.", detail=told, tone=Tone.WAITING)
    return Summary(headline="Seen.", detail=_MEANING[detail.kind])


def _facts(detail: SeenDetail) -> Facts:
    rows: list[tuple[str, object]] = [
        ("Name", code(detail.name)),
        ("Where", code(detail.place)),
        ("Account", detail.account.code),
        ("Times", f"{detail.count:,}"),
        ("First seen", moment(detail.first_seen)),
        ("Last seen", moment(detail.last_seen)),
    ]
    if detail.acknowledged_at is not None:
        rows.append(("Marked by", detail.acknowledged_by))
    return Facts(title="Detail", rows=rows)
