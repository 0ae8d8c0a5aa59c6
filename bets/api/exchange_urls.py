"""The addresses below `/api/v1/exchange/{account}/`."""

from django.urls import path

from bets.api.exchange import Account, EventMarkets, Events, MarketBook, MarketExposure
from bets.api.exchange_orders import CancelUnmatched, OneOrder, Orders
from providers.contract import Menu

urlpatterns = [
    path("account", Account.as_view()),
    path("events", Events.as_view()),
    path("events/live", Events.as_view(menu=Menu.LIVE)),
    path("events/upcoming-live", Events.as_view(menu=Menu.UPCOMING_LIVE)),
    path("events/<str:event_id>/markets", EventMarkets.as_view()),
    path("markets/<str:market_id>/book", MarketBook.as_view()),
    path("markets/<str:market_id>/exposure", MarketExposure.as_view()),
    path("markets/<str:market_id>/cancel-unmatched", CancelUnmatched.as_view()),
    path("orders", Orders.as_view()),
    path("orders/<str:order_id>", OneOrder.as_view()),
]
