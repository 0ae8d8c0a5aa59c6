"""How the values of the ledger look: amounts, accounts in words, and whose they are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.staff import names
from config.staff.display import NOTHING, code, link, number
from config.staff.names import Named
from wallets.currencies import format_amount
from wallets.models import Account, Transfer

_LONGEST_NUMBER = 18


def amount_text(value: Decimal | None, currency: str) -> str:
    """`-1,234.50 EUR`: with the currency's decimals, the thousands apart for the eye."""
    if value is None:
        return NOTHING
    return f"{Decimal(format_amount(value, currency)):,f} {currency}"


def amount(value: Decimal | None, currency: str) -> SafeString:
    return number(amount_text(value, currency))


def key_of(term: str) -> int | None:
    """The number of a row, where the term can be one."""
    is_number = term.isascii() and term.isdecimal() and len(term) <= _LONGEST_NUMBER
    return int(term) if is_number else None


def account_in_words(address: str, *, who: str) -> str:
    """`ada: held`, or `house: stakes (betcalc)`."""
    first, owner, place, *_ = address.split("/")
    if first == "wallet":
        return f"{who}: {place}"
    return f"house: {place.replace('_', '-')} ({owner.replace(':', ' ')})"


@dataclass(frozen=True, slots=True)
class Names:
    """Whose the wallets of one page are and how its coupons are called, read for all at once."""

    wallets: dict[UUID, Named] = field(default_factory=dict)
    coupons: dict[UUID, Named] = field(default_factory=dict)

    def account(self, address: str) -> str:
        """The account in words. A wallet that nobody claims is called by its id."""
        wallet = wallet_of(address)
        owner = self.wallets.get(wallet) if wallet else None
        return account_in_words(address, who=owner.text if owner else f"wallet {wallet}")

    def account_link(self, account: Account) -> SafeString:
        """The account in words, leading to the account."""
        page = reverse("admin:wallets_account_change", args=[account.pk])
        return link(self.account(account.address), page)

    def owner_and_place(self, account: Account) -> SafeString:
        """The same, leading to the player where it is a wallet's."""
        wallet = wallet_of(account.address)
        owner = self.wallets.get(wallet) if wallet else None
        if owner is None:
            return self.account_link(account)
        return format_html("{}: {}", owner.link, account.address.rsplit("/", 1)[1])

    def player(self, address: str) -> object:
        wallet = wallet_of(address)
        owner = self.wallets.get(wallet) if wallet else None
        return owner.link if owner else NOTHING

    def coupon(self, coupon_id: UUID | None) -> object:
        known = self.coupons.get(coupon_id) if coupon_id else None
        return known.link if known else code(str(coupon_id or ""))

    def coupon_or_reference(self, coupon_id: UUID | None, reference: str) -> object:
        """What the money moved for: a coupon, or what the reference names."""
        return self.coupon(coupon_id) if coupon_id in self.coupons else code(reference)


def names_for(
    request: HttpRequest, *, addresses: Iterable[str], coupons: Iterable[UUID | None] = ()
) -> Names:
    """The names of a page's wallets and coupons, in one query each."""
    wallets = names.names(request, "wallet", map(wallet_of, addresses))
    return Names(dict(wallets), dict(names.names(request, "coupon", coupons)))


def names_of_transfers(request: HttpRequest, transfers: Iterable[Transfer]) -> Names:
    """The names of whatever these transfers are between and about."""
    rows = list(transfers)
    addresses = [each.address for row in rows for each in (row.source, row.destination)]
    return names_for(request, addresses=addresses, coupons=[row.coupon_id for row in rows])


def wallet_of(address: str) -> UUID | None:
    """The wallet of `wallet/<id>/held`; None for a house account."""
    first, owner, *_ = address.split("/")
    return UUID(owner) if first == "wallet" else None


def transfer_link(transfer: Transfer) -> Any:
    return link(str(transfer.pk), reverse("admin:wallets_transfer_change", args=[transfer.pk]))
