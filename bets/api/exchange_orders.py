"""`/exchange/{account}/orders`: place them, read them, cancel them."""

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bets.api import pagination, parameters, problems
from bets.api.base import no_such, parse_id
from bets.api.exchange import (
    ExchangeView,
    external_id,
    is_external_id,
    not_an_exchange,
    unavailable,
)
from bets.api.idempotency import idempotency_key
from bets.models import ExchangeOrder, OrderStatus
from bets.queries.exchange import OrderFilters, order_of, page_of_orders
from bets.serializers.coupons import request_digest
from bets.serializers.exchange import NewOrders, order_body, orders_body, orders_json
from bets.services.exchange import cancelling, placing
from bets.services.exchange.accounts import AccountNotFound, NotAnExchange
from bets.services.exchange.cancelling import CancelRefused, ExchangeAway, NotCancellable
from bets.services.exchange.placing import (
    KeyReused,
    OrdersRequest,
    PlacementInProgress,
    StoredReply,
)

_STATUSES = [each for each in OrderStatus.values if each != OrderStatus.PENDING]


class Orders(ExchangeView):
    """`POST` and `GET /exchange/{account}/orders`"""

    def post(self, request: Request, account: str) -> HttpResponse:
        key = idempotency_key(request, of_each="batch of orders")
        form = NewOrders(data=request.data)
        form.is_valid(raise_exception=True)
        if not is_external_id(form.validated_data["market_id"]):
            raise problems.invalid("market_id", "malformed", "It is no id of a market.")
        reply = self._place(account, key, form)
        return HttpResponse(reply.body, status=reply.status, content_type="application/json")

    def _place(self, account: str, key: str, form: NewOrders) -> StoredReply:
        try:
            return placing.place_orders(
                partner=self.caller().partner,
                key=key,
                request=OrdersRequest(account=account, slip=form.slip()),
                request_digest=request_digest([account, form.initial_data]),
                now=timezone.now(),
                render=orders_json,
            )
        except AccountNotFound:
            raise problems.not_found("account") from None
        except NotAnExchange:
            raise not_an_exchange() from None
        except KeyReused:
            detail = "The key was used with another body."
            raise problems.conflict("idempotency_key_reused", detail) from None
        except PlacementInProgress:
            detail = "The orders are being placed at this moment. Send the same again in a second."
            raise problems.conflict("placement_in_progress", detail) from None

    def get(self, request: Request, account: str) -> Response:
        own, wanted = self.exchange_account(), parameters.read(request, _PARAMETERS)
        page = page_of_orders(
            partner=self.caller().partner,
            account=own,
            filters=OrderFilters(market_id=wanted["market"], status=wanted["status"]),
            cursor=wanted["cursor"],
            limit=wanted["limit"],
        )
        links = pagination.links_between(
            request,
            older=page.orders[-1].pk if page.orders and page.has_older else None,
            newer=page.orders[0].pk if page.orders and page.has_newer else None,
        )
        return Response({**links, "results": [order_body(order) for order in page.orders]})


class OneOrder(ExchangeView):
    """`GET` and `DELETE /exchange/{account}/orders/{id}`"""

    def get(self, request: Request, account: str, order_id: str) -> Response:
        return Response(order_body(self._order(order_id)))

    def delete(self, request: Request, account: str, order_id: str) -> Response:
        """200 once nothing of the order waits any more, 202 while that is open."""
        order = self._order(order_id)
        try:
            result = cancelling.cancel_order(
                order=order, actor=self.caller().actor, now=timezone.now()
            )
        except NotCancellable as error:
            raise _not_cancellable(error) from None
        except (CancelRefused, ExchangeAway) as error:
            raise _not_cancelled(error) from None
        (after,) = result.orders
        return Response(order_body(after), status=200 if result.is_certain else 202)

    def _order(self, order_id: str) -> ExchangeOrder:
        order = order_of(
            partner=self.caller().partner,
            account=self.exchange_account(),
            order_id=parse_id(order_id, of="order"),
        )
        if order is None:
            raise no_such("order")
        return order


class CancelUnmatched(ExchangeView):
    """`POST /exchange/{account}/markets/{id}/cancel-unmatched`: the caller's orders only"""

    def post(self, request: Request, account: str, market_id: str) -> Response:
        try:
            result = cancelling.cancel_market(
                partner=self.caller().partner,
                account=self.exchange_account(),
                market_id=external_id(market_id),
                actor=self.caller().actor,
                now=timezone.now(),
            )
        except (CancelRefused, ExchangeAway) as error:
            raise _not_cancelled(error) from None
        return Response(orders_body(result.orders), status=200 if result.is_certain else 202)


def _not_cancellable(error: NotCancellable) -> problems.Problem:
    if error.status in (OrderStatus.PENDING, OrderStatus.UNKNOWN):
        detail = "The exchange has not said whether it has the order. Read it again later."
        return problems.conflict("order_unknown", detail)
    return problems.conflict("order_not_open", f"Nothing of it waits: it is {error.status}.")


def _not_cancelled(error: CancelRefused | ExchangeAway) -> problems.Problem:
    if isinstance(error, ExchangeAway):
        return unavailable()
    return problems.refused("cancel_refused", "The exchange does not cancel it now.")


def _market(text: str | None) -> str | None:
    if text is not None and not is_external_id(text):
        raise problems.invalid("market", "malformed", "It is no id of a market.")
    return text


def _status(text: str | None) -> str | None:
    if text is not None and text not in _STATUSES:
        raise problems.invalid("status", "invalid_choice", f"It is one of {', '.join(_STATUSES)}.")
    return text


_PARAMETERS: dict[str, parameters.Reader] = {
    "market": _market,
    "status": _status,
    "cursor": pagination.cursor,
    "limit": pagination.limit,
}
