"""The staff pages of provider accounts and of the call log. Importing them registers them."""

from providers.admin import accounts, calls

__all__ = ["accounts", "calls"]
