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
from bets.services import by_hand
from config.staff.actions import Action, By, Done, Refused, WithReason
from config.staff.display import Tone


class WithResult(WithReason):
    field_order = ("result", "payout", "reason")

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


def _settle(coupon: Coupon, data: Mapping[str, Any], by: By) -> Done:
    try:
        settled = by_hand.settle_by_hand(
            coupon_id=coupon.pk,
            result=Result(data["result"]),
            payout=data["payout"],
            reason=data["reason"],
            actor=by.actor,
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
    stake = values.plain_amount(coupon.stake, coupon.currency)
    if coupon.status == CouponStatus.SETTLED:
        stands = values.plain_amount(coupon.payout, coupon.currency)
        return (
            f"The coupon of {stake} is {coupon.get_result_display()} and paid {stands}. That is "
            "taken back, and what you enter is paid instead. A result that the provider sends "
            "later replaces yours."
        )
    return (
        f"The coupon of {stake} has no result from {coupon.account.code}. What you enter is paid "
        "at once. A result that the provider sends later replaces yours."
    )


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
