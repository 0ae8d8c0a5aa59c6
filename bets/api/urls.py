"""The addresses of the partner API, below `/api/`."""

from django.urls import include, path, re_path

from bets.api.base import UnknownPath
from bets.api.bets_at_providers import CouponQuote, CouponReturn
from bets.api.coupons import Coupons, OneCoupon
from bets.api.player_errands import PlayerLimits, PlayerRegistrations
from bets.api.players import Deposits, OnePlayer, Players, Withdrawals

urlpatterns = [
    path("v1/players", Players.as_view()),
    path("v1/players/<str:player_id>", OnePlayer.as_view()),
    path("v1/players/<str:player_id>/deposits", Deposits.as_view()),
    path("v1/players/<str:player_id>/withdrawals", Withdrawals.as_view()),
    path("v1/coupons", Coupons.as_view()),
    path("v1/players/<str:player_id>/limits", PlayerLimits.as_view()),
    path("v1/players/<str:player_id>/registrations", PlayerRegistrations.as_view()),
    path("v1/coupons/quote", CouponQuote.as_view()),
    path("v1/coupons/<str:coupon_id>/return", CouponReturn.as_view()),
    path("v1/coupons/<str:coupon_id>", OneCoupon.as_view()),
    path("v1/exchange/<slug:account>/", include("bets.api.exchange_urls")),
    re_path(r"", UnknownPath.as_view()),
]
