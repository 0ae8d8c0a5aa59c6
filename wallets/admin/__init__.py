"""The ledger, for reading. Nobody changes it here, a superuser neither."""

from wallets.admin import accounts, seals, transfers

__all__ = ["accounts", "seals", "transfers"]
