"""Provider accounts together with the partners who may use them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from bets.models import Partner
from bets.services import partners
from providers import services as providers
from providers.models import ProviderAccount


class UnknownPartner(Exception):
    """There is no partner with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"there is no partner {code!r}")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAccount:
    account: ProviderAccount
    callback_base: str


@transaction.atomic
def save_account(
    *,
    code: str,
    provider: str | None = None,
    base_url: str | None = None,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    partner_codes: Sequence[str],
) -> SavedAccount:
    """Create or change an account and grant partners access to it, or do nothing at all.

    What is not named stays; an empty setting or secret removes it. Raises UnknownPartner and
    InvalidAccount.
    """
    allowed = [_partner(each) for each in partner_codes]
    account = providers.save_account(
        code=code, provider=provider, base_url=base_url, settings=settings, secrets=secrets
    )
    for partner in allowed:
        partners.grant_access(partner=partner, account=account)
    return SavedAccount(account=account, callback_base=providers.callback_base(account=account))


def _partner(code: str) -> Partner:
    try:
        return Partner.objects.get(code=code)
    except Partner.DoesNotExist:
        raise UnknownPartner(code) from None
