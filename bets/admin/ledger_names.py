"""Tells the ledger's pages whose a wallet is and how a coupon is called."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from bets.admin import search, values
from bets.models import Coupon, Player
from config.staff.names import Named, Register, register


def _owners(request: HttpRequest, wallets: Collection[UUID]) -> Mapping[UUID, Named]:
    players = Player.objects.filter(wallet__in=list(wallets))
    return {
        player.wallet_id: Named(
            values.name_of(request, player), reverse("admin:bets_player_change", args=[player.pk])
        )
        for player in players
    }


def _codes(request: HttpRequest, coupons: Collection[UUID]) -> Mapping[UUID, Named]:
    rows = Coupon.objects.filter(pk__in=list(coupons)).values_list("pk", "code")
    return {pk: Named(code, reverse("admin:bets_coupon_change", args=[pk])) for pk, code in rows}


def _wallets_of(request: HttpRequest, term: str) -> Collection[UUID]:
    return list(search.players(request, term).values_list("wallet_id", flat=True))


def _coupons_called(_: HttpRequest, term: str) -> Collection[UUID]:
    return list(Coupon.objects.filter(code=term.upper()).values_list("pk", flat=True))


register("wallet", Register(names=_owners, find=_wallets_of))
register("coupon", Register(names=_codes, find=_coupons_called))
