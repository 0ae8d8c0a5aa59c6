"""The staff pages of the domain. Importing them registers them."""

from bets.admin import coupons, flags, partners, players

__all__ = ["coupons", "flags", "partners", "players"]
