"""Accounts, offers and menus of an exchange for tests."""

import json
from decimal import Decimal
from typing import Any

from providers.contract import NewOffer, OfferSlip, Side
from providers.models import ProviderAccount
from tests.factories.providers import make_account

SECRETS = {
    "api_key": "exchange-api-key",
    "username": "exchange-username",
    "password": "exchange-password",
}
UNCACHED = {"menu_cache_s": "0", "book_cache_s": "0"}
LAY = NewOffer(selection_id="1", side=Side.LAY, odds=Decimal("1.76"), stake=Decimal("115.00"))
BACK = NewOffer(selection_id="3", side=Side.BACK, odds=Decimal("1.52"), stake=Decimal("628.00"))


def make_exchange(base_url: str, **settings: str) -> ProviderAccount:
    """An account at betflag that keeps no menus and books, unless its settings say so."""
    return make_account(
        "betflag", base_url=base_url, settings={**UNCACHED, **settings}, secrets=SECRETS
    )


def make_offers(*offers: NewOffer, **changes: Any) -> OfferSlip:
    """The document's own order, or one of the given offers."""
    values: dict[str, Any] = {
        "market_id": "813016",
        "market_version": 0,
        "keep_in_play": True,
        "keep_on_suspension": False,
        "offers": offers or (LAY, BACK),
    }
    return OfferSlip(**{**values, **changes})


def build_menu(events: int = 2000, *, markets: int = 1) -> bytes:
    """A menu of so many events in ten competitions, each event with so many markets."""
    leagues: list[list[dict[str, Any]]] = [[] for _ in range(10)]
    for number in range(events):
        leagues[number % 10].append(_event(number, markets))
    listed = [
        {"dm": f"Serie {number}", "a": league} for number, league in enumerate(leagues, start=1)
    ]
    return json.dumps({"d": [{"ds": "CALCIO", "n": [{"dn": "Italia", "m": listed}]}]}).encode()


def _event(number: int, markets: int) -> dict[str, Any]:
    return {
        "id": 411222 + number,
        "da": f"Squadra {number} - Squadra {number + 1}",
        "dt": f"2020-12-{number % 28 + 1:02}T20:45:00",
        "s": [
            {
                "id": 813016 + number * 10 + market,
                "ds": "ESITO FINALE 1X2",
                "e": [{"id": 1, "de": "1"}, {"id": 2, "de": "X"}, {"id": 3, "de": "2"}],
                "iad": 0,
            }
            for market in range(markets)
        ],
    }
