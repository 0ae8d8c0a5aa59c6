"""How orders at an exchange look: amounts, states and links."""

from decimal import Decimal

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from bets.models import ExchangeMarket, ExchangeOrder, OrderStatus
from config.staff.display import NOTHING, Tone, badge, link, moment_text, number
from providers.models import ProviderAccount

_TONES = {
    OrderStatus.PENDING: Tone.WAITING,
    OrderStatus.UNKNOWN: Tone.ALERT,
    OrderStatus.OPEN: Tone.WAITING,
    OrderStatus.PARTLY_MATCHED: Tone.WAITING,
    OrderStatus.MATCHED: Tone.GOOD,
}


def plain_money(value: Decimal | None, currency: str) -> str:
    """With two decimals or more: a liability may need more of them than its currency has."""
    if value is None:
        return NOTHING
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{Decimal(whole):,f}.{fraction.rstrip('0').ljust(2, '0')} {currency}".strip()


def money(value: Decimal | None, currency: str) -> SafeString:
    return number(plain_money(value, currency))


def status_badge(order: ExchangeOrder) -> SafeString:
    tone = _TONES.get(OrderStatus(order.status), Tone.PLAIN)
    return badge(order.get_status_display(), tone)


def order_link(order: ExchangeOrder) -> SafeString:
    url = reverse("admin:bets_exchangeorder_change", args=[order.pk])
    return link(f"{order.side} {order.selection_id} on {order.market_id}", url)


def market_link(market: ExchangeMarket) -> SafeString:
    return link(market.market_id, reverse("admin:bets_exchangemarket_change", args=[market.pk]))


def state_in_words(market: ExchangeMarket) -> str:
    """As the exchange said it last; nothing where it was not asked yet."""
    if not market.state:
        return ""
    told = _STATES.get(market.state, f"is not open: the exchange calls it {market.state}")
    return f"Its market {told} since {moment_text(market.state_since)}."


_STATES = {
    "open": "is open",
    "suspended": "is suspended",
    "closed": "is closed",
    ExchangeMarket.GONE: "is not known to the exchange any more",
}


def account_link(request: HttpRequest, account: ProviderAccount) -> SafeString | str:
    """A link for those who may open exchange accounts, the code for the others."""
    if not request.user.has_perm("bets.view_exchangeaccount"):
        return account.code
    url = reverse("admin:bets_exchangeaccount_change", args=[account.pk])
    return link(account.code, url)
