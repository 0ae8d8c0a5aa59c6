"""The staff pages of accounts, of their calls and of what is new. Importing registers them."""

from providers.admin import accounts, calls, details

__all__ = ["accounts", "calls", "details"]
