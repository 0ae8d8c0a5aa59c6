"""`/coupons`: place one, read one, list them."""

import re
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bets.api import pagination, parameters, problems
from bets.api.base import PartnerView, no_such, parse_id
from bets.api.idempotency import idempotency_key
from bets.models import CouponStatus
from bets.queries.coupons import Filters, coupon_of, page_of_coupons
from bets.serializers.coupons import NewCoupon, coupon_body, coupon_json, request_digest
from bets.services.placing import placement
from bets.services.placing.placement import (
    AccountNotFound,
    CurrencyMismatch,
    FormMismatch,
    KeyReused,
    PlacementInProgress,
    PlacementRefused,
    PlayerNotFound,
    StoredReply,
)

_CODE = re.compile(r"[\x21-\x7e]{1,100}")


class Coupons(PartnerView):
    """`POST /coupons` and `GET /coupons`"""

    def post(self, request: Request) -> HttpResponse:
        key = idempotency_key(request, of_each="coupon")
        form = NewCoupon(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            reply = self._place(key, form)
        except PlacementRefused as error:
            raise placement_problem(error) from None
        return HttpResponse(reply.body, status=reply.status, content_type="application/json")

    def _place(self, key: str, form: NewCoupon) -> StoredReply:
        return placement.place(
            partner=self.caller().partner,
            key=key,
            request=form.placement_request(),
            request_digest=request_digest(form.initial_data),
            now=timezone.now(),
            render=coupon_json,
        )

    def get(self, request: Request) -> Response:
        wanted = parameters.read(request, _PARAMETERS)
        page = page_of_coupons(
            partner=self.caller().partner,
            cursor=wanted.pop("cursor"),
            limit=wanted.pop("limit"),
            filters=Filters(player_id=wanted.pop("player"), **wanted),
        )
        results = [coupon_body(coupon) for coupon in page.coupons]
        return Response({**pagination.links(request, page), "results": results})


class OneCoupon(PartnerView):
    """`GET /coupons/{id}`"""

    def get(self, request: Request, coupon_id: str) -> Response:
        coupon = coupon_of(
            partner=self.caller().partner, coupon_id=parse_id(coupon_id, of="coupon")
        )
        if coupon is None:
            raise no_such("coupon")
        return Response(coupon_body(coupon))


def placement_problem(error: PlacementRefused) -> problems.Problem:
    """Why there is no coupon, in the API's words."""
    if isinstance(error, PlayerNotFound):
        return problems.not_found("player")
    if isinstance(error, AccountNotFound):
        return problems.not_found("provider_account")
    if isinstance(error, CurrencyMismatch):
        message = "It is not the currency of the player's wallet."
        return problems.invalid(
            "currency", "currency_mismatch", message, problem_code="currency_mismatch"
        )
    if isinstance(error, FormMismatch):
        return problems.mismatch(error.faults)
    if isinstance(error, KeyReused):
        detail = "The key was used with another body. Send each coupon with a key of its own."
        return problems.conflict("idempotency_key_reused", detail, field="Idempotency-Key")
    if isinstance(error, PlacementInProgress):
        detail = "The coupon is being placed at this moment. Send the same again in a second."
        return problems.conflict("placement_in_progress", detail)
    raise error


def _player_id(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return parse_id(text, of="player")
    except problems.Problem:
        message = "An id is a UUID of 36 characters."
        raise problems.invalid("player", "malformed", message) from None


def _status(text: str | None) -> str | None:
    if text is not None and text not in CouponStatus.values:
        message = f"It is one of {', '.join(CouponStatus.values)}."
        raise problems.invalid("status", "invalid_choice", message)
    return text


def _account(text: str | None) -> str | None:
    if text is not None and not _CODE.fullmatch(text):
        raise problems.invalid("provider_account", "malformed", "It is an account's code.")
    return text


_PARAMETERS: dict[str, parameters.Reader] = {
    "player": _player_id,
    "status": _status,
    "provider_account": _account,
    "cursor": pagination.cursor,
    "limit": pagination.limit,
}
