"""The inbox: what providers sent, and what staff may do with it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.decorators import display

from bets.admin import search
from bets.admin.coupon_page import EVIDENCE
from bets.models import Coupon
from config.staff.actions import Action, By, Done, NoQuestions, by
from config.staff.admin import StaffAdmin
from config.staff.display import NOTHING, moment
from config.staff.filters import Recent
from config.staff.page import Page
from wallets.currencies import format_amount
from webhooks.admin.delivery_page import deliveries_of_coupon, delivery_page, status_badge
from webhooks.models import Delivery, DeliveryEffect, DeliveryStatus
from webhooks.services import processing, replaying

EVIDENCE.append(deliveries_of_coupon)


def _replay(delivery: Delivery, _: Mapping[str, Any], by: By) -> Done:
    told = replaying.replay(delivery_ids=[delivery.pk], actor=by.actor)[delivery.pk]
    return Done(message=f"Replayed. {told}")


def _rehearse(delivery: Delivery, _: Mapping[str, Any], by: By) -> Done:
    """A delivery is rehearsed because it breaks, so whatever it breaks with is the answer."""
    try:
        changes = replaying.rehearse(delivery_id=delivery.pk)
    except Exception as error:
        reason = processing.failure_of(error).message
        return Done(message=f"A replay would fail: {reason}", ok=False)
    if not changes:
        return Done(message="A replay would change nothing: everything in it is done.")
    details = tuple((change.outcome.reference, _in_words(change)) for change in changes)
    return Done(message="Nothing was changed. A replay would do this:", details=details)


def _in_words(change: replaying.Change) -> str:
    outcome = change.outcome
    told = [str(outcome.effect), outcome.message]
    if change.after:
        told.append(f"coupon {change.after.code}: {_state(change.before)} → {_state(change.after)}")
    return "; ".join(filter(None, told))


def _state(coupon: Coupon | None) -> str:
    if coupon is None:
        return "not there"
    if coupon.payout is None:
        return coupon.get_status_display()
    paid = format_amount(coupon.payout, coupon.currency)
    return f"{coupon.get_result_display()}, pays {paid} {coupon.currency}"


def _may_run(delivery: Delivery) -> bool:
    return delivery.status != DeliveryStatus.REFUSED


REPLAY_PERMISSION = "webhooks.replay_delivery"


@admin.register(Delivery)
class DeliveryAdmin(StaffAdmin):
    list_display = ("received", "account", "route", "state", "attempts", "problem")
    list_filter = ("status", "account", Recent)
    list_select_related = ("account",)
    search_fields = ("id",)
    search_help_text = "Provider's reference, coupon's code, or id"
    empty_state = "No delivery here. What providers send is kept, whatever comes of it."
    actions = ("replay_many",)
    staff_actions = (
        Action(
            name="replay",
            label="Replay",
            permission=REPLAY_PERMISSION,
            form=NoQuestions,
            explain=lambda delivery: (
                "It is processed again, as the provider's word. What it did before is not done "
                "twice; what found no coupon, or broke, gets another try."
            ),
            run=_replay,
            offered=_may_run,
        ),
        Action(
            name="rehearse",
            label="Rehearse",
            permission="webhooks.rehearse_delivery",
            form=NoQuestions,
            explain=lambda delivery: "Shows what a replay would do, and changes nothing.",
            run=_rehearse,
            offered=_may_run,
            shows=True,
        ),
    )

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        try:
            return Delivery.objects.filter(pk=UUID(term))
        except ValueError:
            coupons = list(search.coupons(request, term).values_list("pk", flat=True))
        named = DeliveryEffect.objects.filter(reference=term)
        about = DeliveryEffect.objects.filter(coupon__in=coupons)
        ids = [
            pk for rows in (named, about) for pk in rows.values_list("delivery", flat=True)[:200]
        ]
        return Delivery.objects.filter(pk__in=ids)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).select_related("account")
        return rows.defer("body", "response_body", "headers")

    def queryset_of_page(self, request: HttpRequest) -> QuerySet[Any]:
        return Delivery.objects.select_related("account")

    def page(self, request: HttpRequest, target: Delivery) -> Page:
        return delivery_page(request, target)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(REPLAY_PERMISSION))

    @admin.action(description="Replay the chosen ones", permissions=["replay"])
    def replay_many(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Ask first; a second POST with the same choice does it."""
        chosen = [row.pk for row in queryset]
        if "confirmed" not in request.POST:
            return self._ask_for_many(request, chosen)
        told = replaying.replay(delivery_ids=chosen, actor=by(request).actor)
        for delivery in queryset:
            self.log_change(request, delivery, f"Replay. {told[delivery.pk]}")
        messages.success(request, f"{len(told)} replayed. Open one to see what came of it.")
        return None

    def _ask_for_many(self, request: HttpRequest, chosen: list[UUID]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Replay {len(chosen)} deliveries",
            "explanation": (
                "Each is processed again on its own. What it did before is not done twice."
            ),
            "submit_label": "Replay",
            "page_url": self.list_url,
            "kept": [
                ("action", "replay_many"),
                ("confirmed", "1"),
                *((admin.helpers.ACTION_CHECKBOX_NAME, pk) for pk in chosen),
            ],
            "is_fullwidth": "1",
        }
        return render(request, "staff/ask.html", context)

    @display(description="Received")
    def received(self, delivery: Delivery) -> Any:
        return moment(delivery.received_at)

    @display(description="State")
    def state(self, delivery: Delivery) -> Any:
        return status_badge(delivery)

    @display(description="Problem")
    def problem(self, delivery: Delivery) -> str:
        return delivery.error or delivery.error_code or NOTHING
