"""`/exchange/{account}`: events, markets, and the account itself."""

import re
from collections.abc import Callable
from typing import TypeVar

from rest_framework.request import Request
from rest_framework.response import Response

from bets.api import parameters, problems
from bets.api.base import PartnerView
from bets.serializers.exchange import (
    account_body,
    book_body,
    events_body,
    exposure_body,
    markets_body,
)
from bets.services.exchange.accounts import AccountNotFound, NotAnExchange, exchange_account
from providers import exchange
from providers.contract import Menu, ReadRefused
from providers.models import ProviderAccount

READ_DEADLINE_S = 10.0
_RETRY_AFTER_S = 5
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_NOT_THERE = {"not_found", "event_not_found", "market_not_found"}
_REFUSED = "provider_refused"
_WHOLE = re.compile(r"-?[0-9]+")
_DEPTHS = {"1": 1, "2": 2, "3": 3}
_DEEPEST = 3

_Answer = TypeVar("_Answer")


class ExchangeView(PartnerView):
    """A view of an exchange account that the partner may use."""

    def exchange_account(self) -> ProviderAccount:
        """404 for an account that is absent or not the partner's."""
        try:
            return exchange_account(partner=self.caller().partner, code=str(self.kwargs["account"]))
        except AccountNotFound:
            raise problems.not_found("account") from None
        except NotAnExchange:
            raise not_an_exchange() from None


class Events(ExchangeView):
    """`GET /exchange/{account}/events`, `/events/live` and `/events/upcoming-live`"""

    menu = Menu.ALL

    def get(self, request: Request, account: str) -> Response:
        own = self.exchange_account()
        found = asked(
            lambda: exchange.events(account=own, menu=self.menu, deadline_s=READ_DEADLINE_S)
        )
        return Response(events_body(found))


class EventMarkets(ExchangeView):
    """`GET /exchange/{account}/events/{id}/markets`"""

    def get(self, request: Request, account: str, event_id: str) -> Response:
        own, wanted = self.exchange_account(), external_id(event_id)
        found = asked(
            lambda: exchange.event_markets(account=own, event_id=wanted, deadline_s=READ_DEADLINE_S)
        )
        return Response(markets_body(found))


class MarketBook(ExchangeView):
    """`GET /exchange/{account}/markets/{id}/book?depth=1..3`"""

    def get(self, request: Request, account: str, market_id: str) -> Response:
        own, wanted, depth = self.exchange_account(), external_id(market_id), _depth(request)
        found = asked(
            lambda: exchange.book(
                account=own, market_id=wanted, depth=depth, deadline_s=READ_DEADLINE_S
            )
        )
        return Response(book_body(found))


class MarketExposure(ExchangeView):
    """`GET /exchange/{account}/markets/{id}/exposure`: the account's, all partners together."""

    def get(self, request: Request, account: str, market_id: str) -> Response:
        own, wanted = self.exchange_account(), external_id(market_id)
        found = asked(
            lambda: exchange.exposure(account=own, market_id=wanted, deadline_s=READ_DEADLINE_S)
        )
        return Response(exposure_body(found))


class Account(ExchangeView):
    """`GET /exchange/{account}/account`: balance and commission, never the holder."""

    def get(self, request: Request, account: str) -> Response:
        own = self.exchange_account()
        funds = asked(lambda: exchange.funds(account=own, deadline_s=READ_DEADLINE_S))
        commission = asked(
            lambda: exchange.commission_percent(account=own, deadline_s=READ_DEADLINE_S)
        )
        return Response(account_body(funds, commission))


def asked(call: Callable[[], _Answer]) -> _Answer:
    """The exchange's answer. What it says when it gives none stays in the call log."""
    try:
        return call()
    except ReadRefused as error:
        if error.code in _NOT_THERE:
            raise problems.not_found() from None
        if error.code == _REFUSED:
            detail = "The exchange refuses to answer this."
            raise problems.refused("exchange_refused", detail) from None
        raise unavailable() from None


def unavailable() -> problems.Problem:
    detail = "The exchange gave no answer. Try again later."
    return problems.away("exchange_unavailable", detail, retry_after_s=_RETRY_AFTER_S)


def not_an_exchange() -> problems.Problem:
    return problems.conflict("not_an_exchange", "The provider of this account is no exchange.")


def external_id(text: str) -> str:
    """An id of the exchange's. What cannot be one is as absent as one that nobody has."""
    if not _ID.fullmatch(text):
        raise problems.not_found()
    return text


def is_external_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def _depth(request: Request) -> int:
    depth: int = parameters.read(request, {"depth": _read_depth})["depth"]
    return depth


def _read_depth(text: str | None) -> int:
    asked = "1" if text is None else text
    depth = _DEPTHS.get(asked)
    if depth is None:
        code = "out_of_range" if _WHOLE.fullmatch(asked) else "malformed"
        raise problems.invalid("depth", code, f"It is 1 to {_DEEPEST}.")
    return depth
