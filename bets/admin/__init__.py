"""The staff pages of the domain. Importing them registers them."""

from bets.admin import (
    coupons,
    exchange_accounts,
    exchange_markets,
    exchange_orders,
    flags,
    ledger_names,
    partners,
    players,
)

__all__ = [
    "coupons",
    "exchange_accounts",
    "exchange_markets",
    "exchange_orders",
    "flags",
    "ledger_names",
    "partners",
    "players",
]
