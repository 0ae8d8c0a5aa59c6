"""The staff pages of the inbox. Importing them registers them."""

from webhooks.admin import deliveries, orphans

__all__ = ["deliveries", "orphans"]
