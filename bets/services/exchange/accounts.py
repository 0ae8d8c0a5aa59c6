"""Which exchange accounts a partner may use."""

from bets.models import Partner
from providers import exchange
from providers.exchange import NotAnExchange
from providers.models import ProviderAccount

__all__ = ["AccountNotFound", "NotAnExchange", "exchange_account", "named_currency"]


class AccountNotFound(Exception):
    """No such provider account, or the partner may not use it."""


def exchange_account(*, partner: Partner, code: str) -> ProviderAccount:
    """The account with this code. Raises AccountNotFound, and NotAnExchange."""
    account = ProviderAccount.objects.filter(code=code, access__partner=partner).first()
    if account is None:
        raise AccountNotFound(code)
    if not exchange.is_exchange(account=account):
        raise NotAnExchange(code)
    return account


def named_currency(account: ProviderAccount) -> str:
    """The currency that the account's settings name; empty where only its balance says it."""
    try:
        return account.setting("currency")
    except KeyError:
        return ""
