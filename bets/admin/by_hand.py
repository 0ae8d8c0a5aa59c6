"""Settling a coupon by hand: the button on its page, and what it asks."""

from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
)

from bets.admin import values
from bets.models import Coupon, CouponStatus, Result
from bets.services.following_up import by_hand
from config.staff.actions import Action, By, Done, Refused, WithReason
from config.staff.display import Tone


class WithResult(WithReason):
    """`confirmed` is asked for only where the payout is above the potential one."""

    field_order = ("result", "payout", "confirmed", "reason")

    result = forms.ChoiceField(
        choices=[("", "—"), *((each.value, each.label) for each in by_hand.RESULTS)],
        widget=UnfoldAdminSelectWidget(),
    )
    payout = forms.DecimalField(
        max_digits=20,
        decimal_places=4,
        min_value=0,
        required=False,
        widget=UnfoldAdminDecimalFieldWidget(),
        help_text=(
            "What the player gets in all, the stake included. "
            "It may be left out for a lost or refunded coupon."
        ),
    )
    confirmed = forms.DecimalField(
        label="The payout once more",
        max_digits=20,
        decimal_places=4,
        min_value=0,
        required=False,
        widget=UnfoldAdminDecimalFieldWidget(),
        help_text="Somebody else is asked to look at it afterwards.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asked = self.fields["confirmed"].widget
        if not self.data.get("confirmed"):
            self.fields["confirmed"].widget = forms.HiddenInput()

    def add_error(self, field: str | None, error: Any) -> None:
        if field == "confirmed":
            self.fields["confirmed"].widget = self._asked
        super().add_error(field, error)


def _settle(coupon: Coupon, data: Mapping[str, Any], by: By) -> Done:
    try:
        settled = by_hand.settle_by_hand(
            coupon_id=coupon.pk,
            result=Result(data["result"]),
            payout=data["payout"],
            confirmed=data["confirmed"],
            reason=data["reason"],
            user=by.user,
            now=by.now,
        )
    except by_hand.InvalidResult as error:
        raise Refused(error.message, field=error.field) from error
    except by_hand.NotSettled as error:
        raise Refused(str(error)) from error
    paid = values.plain_amount(settled.payout, settled.currency)
    told = f"Coupon {coupon.code} is {settled.get_result_display()} and pays {paid}."
    return Done(message=told)


def _explain(coupon: Coupon) -> str:
    stands = values.plain_amount(coupon.payout, coupon.currency)
    now = f"It has no result from {coupon.account.code}. What you enter is paid at once."
    if coupon.status == CouponStatus.SETTLED:
        now = (
            f"It is {coupon.get_result_display()} and paid {stands}. That is taken back, and what "
            "you enter is paid instead."
        )
    told = f"{values.in_words(coupon)} {_most(coupon)} {now}"
    return f"{told} A result that the provider sends later replaces yours."


def _most(coupon: Coupon) -> str:
    most = by_hand.potential_payout(coupon)
    if most is None:
        return "Its potential payout is not known."
    return f"Its potential payout is {values.stated_amount(most, coupon.currency)}."


SETTLE = Action(
    name="settle",
    label="Settle by hand",
    permission="bets.settle_by_hand",
    form=WithResult,
    explain=_explain,
    run=_settle,
    offered=lambda coupon: coupon.status in (CouponStatus.ACCEPTED, CouponStatus.SETTLED),
    tone=Tone.ALERT,
)
