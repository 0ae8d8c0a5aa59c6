"""What is asked of a provider about a bet: `/coupons/quote` and `/coupons/{id}/return`."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bets.api import problems
from bets.api.base import PartnerView, no_such, parse_id
from bets.api.coupons import placement_problem
from bets.models import CouponStatus
from bets.queries.coupons import coupon_of
from bets.serializers import shown
from bets.serializers.coupons import NewCoupon, NewReturn, coupon_body
from bets.services import plain_words
from bets.services.following_up import returns
from bets.services.following_up.resolution import NotPossible
from bets.services.following_up.returns import (
    ReturnInProgress,
    ReturnNotSent,
    ReturnNotSupported,
    ReturnRefused,
)
from bets.services.placing import quotes
from bets.services.placing.quotes import QuoteNotSupported, QuoteRefused, QuoteUnavailable
from bets.services.placing.slips import PlacementRefused
from providers.contract import Rejected

_NOT_TAKEN_BACK = (
    "The provider of this coupon takes no bet back. Ask our staff to return the stake."
)


class CouponQuote(PartnerView):
    """`POST /coupons/quote`"""

    def post(self, request: Request) -> Response:
        form = NewCoupon(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.placement_request()
        try:
            quoted = quotes.quote(partner=self.caller().partner, request=asked)
        except PlacementRefused as error:
            raise _not_quoted(error) from None
        return Response(
            {
                "max_stake": shown.amount(quoted.max_stake, asked.currency),
                "vip": quoted.vip,
                "reason": quoted.reason,
            }
        )


class CouponReturn(PartnerView):
    """`POST /coupons/{id}/return`: 200 once it is returned, 202 while that is open."""

    def post(self, request: Request, coupon_id: str) -> Response:
        partner = self.caller().partner
        coupon = coupon_of(partner=partner, coupon_id=parse_id(coupon_id, of="coupon"))
        if coupon is None:
            raise no_such("coupon")
        form = NewReturn(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            returned = returns.return_at_provider(
                coupon_id=coupon.pk,
                actor=self.caller().actor,
                reason=form.validated_data["reason"],
                now=timezone.now(),
            )
        except NotPossible as error:
            raise _not_returned(error) from None
        done = returned.status == CouponStatus.RETURNED
        return Response(coupon_body(returned), status=200 if done else 202)


def _not_quoted(error: PlacementRefused) -> problems.Problem:
    if isinstance(error, QuoteNotSupported):
        detail = "The provider of this account gives no quotes. Place the coupon without one."
        return problems.conflict("quote_not_supported", detail, field="provider_account")
    if isinstance(error, QuoteRefused):
        return _refused(error.answer)
    if isinstance(error, QuoteUnavailable):
        return problems.away(error.code, str(error), retry_after_s=error.retry_after_s)
    return placement_problem(error)


def _refused(answer: Rejected) -> problems.Problem:
    """422 with the provider's code, and the new odds where they are what is wrong."""
    errors = [
        problems.FieldError(
            field=f"items[{each.item}].odds",
            code="odds_changed",
            message=f"The odds are {shown.odds(each.current)} now.",
        )
        for each in answer.changed
    ]
    return problems.Problem(status=422, code=answer.code, detail=answer.message, errors=errors)


def _not_returned(error: NotPossible) -> problems.Problem:
    if isinstance(error, ReturnNotSupported):
        return problems.conflict("return_not_supported", _NOT_TAKEN_BACK)
    if isinstance(error, ReturnRefused):
        told = f"The provider refused ({error.answer.code}): {error.answer.message}"
        return problems.conflict("return_refused", told)
    if isinstance(error, ReturnInProgress):
        return problems.conflict("return_in_progress", str(error))
    if isinstance(error, ReturnNotSent):
        answer = error.answer
        words = plain_words.for_partners(answer)
        return problems.away(answer.code, words, retry_after_s=answer.retry_after_s)
    return problems.conflict("not_returnable", str(error))
