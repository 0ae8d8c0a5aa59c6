"""Results for bets that we do not know."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from bets.admin import values
from bets.models import Coupon
from bets.services.following_up.resolution import NotPossible
from config.staff.actions import Action, By, Done, Refused
from config.staff.admin import StaffAdmin
from config.staff.display import Tone, code, moment
from config.staff.history import done_by_staff
from config.staff.page import Facts, Page, Summary
from wallets.services import LedgerError
from webhooks import queries
from webhooks.admin.delivery_page import delivery_link
from webhooks.models import DeliveryEffect
from webhooks.services import replaying


class CouponCode(forms.Form):
    coupon = forms.CharField(
        label="Code of the coupon",
        max_length=10,
        widget=UnfoldAdminTextInputWidget(),
        help_text="A coupon without a clear answer, at the same provider account.",
    )


def _match(effect: DeliveryEffect, data: Mapping[str, Any], by: By) -> Done:
    coupon = Coupon.objects.filter(code=data["coupon"].strip().upper()).first()
    if coupon is None:
        raise Refused("There is no coupon with this code.", field="coupon")
    try:
        told = replaying.match_orphan(
            effect_id=effect.pk, coupon_id=coupon.pk, actor=by.actor, now=by.now
        )
    except (NotPossible, LedgerError) as error:
        raise Refused(str(error), field="coupon") from error
    except DeliveryEffect.DoesNotExist:
        raise Refused("it was matched in the meantime.") from None
    return Done(message=f"It belongs to {coupon.code} now. {told}")


def _is_orphan(effect: DeliveryEffect) -> bool:
    return queries.orphans().filter(pk=effect.pk).exists()


_ORPHAN = Summary(
    headline="A result came for a bet that we do not know. No money has moved.",
    detail=(
        "The delivery shows what was sent. If it belongs to one of our coupons, a trader matches "
        "it with that coupon, which applies the result; if not, the flag of this bet in the "
        "staff queue is resolved."
    ),
    tone=Tone.ALERT,
)
_MATCHED = Summary(headline="It is no orphan any more.", tone=Tone.GOOD)


@admin.register(DeliveryEffect)
class OrphanAdmin(StaffAdmin):
    list_title = "Orphans"
    list_display = ("reference", "received", "account")
    list_filter = ("delivery__account",)
    search_fields = ("reference",)
    search_help_text = "Provider's reference"
    empty_state = "No orphan: every result that came belongs to a coupon that we know."
    staff_actions = (
        Action(
            name="match",
            label="Match with a coupon",
            permission="webhooks.match_orphan",
            form=CouponCode,
            explain=lambda effect: (
                f"The result is about bet {effect.reference}. The coupon that you name is accepted "
                "under this reference, and the result is applied to it. It cannot be undone here."
            ),
            run=_match,
            offered=_is_orphan,
        ),
    )

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        return DeliveryEffect.objects.filter(reference=term)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return queries.orphans().defer("delivery__body", "delivery__response_body")

    def queryset_of_page(self, request: HttpRequest) -> QuerySet[Any]:
        """A page stays readable after the match, when the row is an orphan no more."""
        return DeliveryEffect.objects.select_related("delivery__account", "coupon")

    def page(self, request: HttpRequest, target: DeliveryEffect) -> Page:
        is_orphan = _is_orphan(target)
        coupon = [("Coupon", values.coupon_link(target.coupon))] if target.coupon else []
        return Page(
            title=f"Bet {target.reference} at {target.delivery.account.code}",
            summary=_ORPHAN if is_orphan else _MATCHED,
            side_by_side=[
                Facts(
                    title="Result",
                    rows=[
                        ("Bet", code(target.reference)),
                        ("Delivery", delivery_link(target.delivery)),
                        *coupon,
                        ("Why", target.message or "No coupon of this account has this reference."),
                    ],
                )
            ],
            sections=[done_by_staff(target)],
        )

    @display(description="Received")
    def received(self, effect: DeliveryEffect) -> Any:
        return moment(effect.delivery.received_at)

    @display(description="At")
    def account(self, effect: DeliveryEffect) -> str:
        return str(effect.delivery.account.code)
