"""What the rest of Slipdesk does with providers: manage accounts, place bets, prune the log."""

import logging
import secrets as random
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction
from django.utils import timezone

from providers import admission, call_log, encryption, health, open_business, registry
from providers.calls import (
    can,
    check_slip,
    place,
    providers_that,
    quote,
    register,
    resolve,
    resolve_after_s,
    return_bet,
    set_limits,
    slip_form,
    told_stake,
    wallet_moves_money,
)
from providers.contract import Capability, ConnectionReport, Declared, Provider
from providers.declarations import InvalidAccount, check_outgoing_url, merged
from providers.models import CallbackToken, ProviderAccount, ProviderSession

__all__ = [
    "InvalidAccount",
    "account_for_token",
    "callback_base",
    "can",
    "check_slip",
    "declared",
    "effective_settings",
    "place",
    "providers_that",
    "prune_calls",
    "quote",
    "register",
    "resolve",
    "resolve_after_s",
    "return_bet",
    "revoke_callback_token",
    "rotate_callback_token",
    "save_account",
    "set_limits",
    "slip_form",
    "test_connection",
    "told_stake",
    "wallet_moves_money",
    "warnings",
]

logger = logging.getLogger(__name__)

_TOKEN_BYTES = 32
_LONGEST_TOKEN = 100
_PRUNE_BATCH = 5_000
# Every callback asks this; written out, it costs a third of what building it each time does.
_ACCOUNT_CALLED = """
SELECT account.*
FROM providers_callbacktoken token
JOIN providers_provideraccount account ON account.id = token.account_id
WHERE token.token_hash = %s AND token.revoked_at IS NULL AND account.provider = %s
"""


# --- accounts -----------------------------------------------------------------------------------


def save_account(
    *,
    code: str,
    provider: str | None = None,
    base_url: str | None = None,
    settings: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    is_active: bool | None = None,
) -> ProviderAccount:
    """Create an account or change one; what is not named stays, an empty value removes one.

    Everything is judged by what the provider declares. Raises `InvalidAccount` and changes
    nothing then. A new account has a callback token.
    """
    with transaction.atomic():
        account = ProviderAccount.objects.select_for_update().filter(code=code).first()
        created = account is None
        account = account or _new_account(code=code, provider=provider)
        if provider is not None and provider != account.provider:
            raise InvalidAccount("provider", f"is {account.provider} and cannot be changed")
        _fill(account, base_url=base_url, settings=settings or {}, secrets=secrets or {})
        account.is_active = account.is_active if is_active is None else is_active
        _store(account, created=created)
        if secrets or base_url is not None or "login_url" in (settings or {}):
            # A session that was opened with other credentials or elsewhere is not this account's.
            ProviderSession.objects.filter(account=account).delete()
            health.forget_refusal(account_id=account.pk)
    return account


def effective_settings(*, account: ProviderAccount) -> dict[str, str]:
    """Every declared setting with its value or default, in the provider's order."""
    declared = registry.settings_of(account.provider)
    return {item.name: account.setting(item.name) for item in declared}


def warnings(*, account: ProviderAccount) -> tuple[str, ...]:
    """What is allowed in the account's settings but probably not meant."""
    return registry.get(account.provider).warnings(account)


def declared(*, provider: str) -> tuple[tuple[Declared, ...], tuple[Declared, ...]]:
    """The settings and the secrets that accounts of a provider have."""
    return registry.settings_of(provider), registry.get(provider).secrets


def _new_account(*, code: str, provider: str | None) -> ProviderAccount:
    try:
        validate_slug(code)
    except ValidationError:
        raise InvalidAccount("code", "has letters, digits, dashes and underscores only") from None
    if len(code) > 50:
        raise InvalidAccount("code", "has at most 50 characters")
    if provider not in registry.names():
        raise InvalidAccount("provider", f"is one of {', '.join(registry.names())}")
    return ProviderAccount(code=code, provider=provider)


def _fill(
    account: ProviderAccount,
    *,
    base_url: str | None,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
) -> None:
    provider = registry.get(account.provider)
    if base_url is not None:
        account.base_url = base_url.rstrip("/")
    if account.base_url:
        check_outgoing_url("base_url", account.base_url)
    elif provider.capabilities & {Capability.PLACE, Capability.EXCHANGE}:
        raise InvalidAccount("base_url", "is required")
    known = registry.settings_of(account.provider)
    changed = merged(known, account.settings, settings)
    if not account._state.adding:
        _refuse_while_open(account, [each for each in known if _differs(each, account, changed)])
    account.settings = changed
    stored = encryption.decrypt_mapping(account.secrets)
    if secrets or not stored:
        account.secrets = encryption.encrypt_mapping(merged(provider.secrets, stored, secrets))


def _differs(declared: Declared, account: ProviderAccount, changed: Mapping[str, str]) -> bool:
    return account.setting(declared.name) != changed.get(declared.name, declared.default)


def _refuse_while_open(account: ProviderAccount, changed: Sequence[Declared]) -> None:
    """Raises `InvalidAccount` for a setting that what is open was placed under."""
    fixed = next((each for each in changed if each.fixed_while_open), None)
    found = open_business.count(account_id=account.pk) if fixed else 0
    if fixed and found:
        raise InvalidAccount(
            fixed.name,
            f"cannot be changed while the account has open coupons or orders ({found}): they were "
            "placed under it. Use another account for new ones",
        )


def _store(account: ProviderAccount, *, created: bool) -> None:
    try:
        with transaction.atomic():
            account.save(force_insert=created)
    except IntegrityError:
        raise InvalidAccount("code", "was created by somebody else at this moment") from None
    if created:
        _new_token(account)


# --- callback addresses -------------------------------------------------------------------------


def callback_base(*, account: ProviderAccount) -> str:
    """The address under which the provider reaches this account, without a trailing slash."""
    current = account.callback_tokens.get(retired_at=None, revoked_at=None)
    public_url = effective_settings(account=account).get("public_url", "")
    base = (public_url or django_settings.CALLBACK_URL).rstrip("/")
    return f"{base}/webhooks/{account.provider}/{encryption.decrypt(current.token)}"


def account_for_token(*, provider: str, token: str) -> ProviderAccount | None:
    """The account that a callback address names, or `None`. One query."""
    if len(token) > _LONGEST_TOKEN:
        return None
    named = [encryption.keyed_hash(token), provider]
    return next(iter(ProviderAccount.objects.raw(_ACCOUNT_CALLED, named)), None)


def rotate_callback_token(*, account: ProviderAccount) -> str:
    """Give the account a new token and return it. The former one is retired and still works."""
    with transaction.atomic():
        ProviderAccount.objects.select_for_update().get(pk=account.pk)
        account.callback_tokens.filter(retired_at=None, revoked_at=None).update(
            retired_at=timezone.now()
        )
        return _new_token(account)


def revoke_callback_token(*, token: CallbackToken) -> None:
    """End a token at once: results sent to it are refused. A current one is replaced."""
    with transaction.atomic():
        account = ProviderAccount.objects.select_for_update().get(pk=token.account_id)
        CallbackToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        if not account.callback_tokens.filter(retired_at=None, revoked_at=None).exists():
            _new_token(account)


def _new_token(account: ProviderAccount) -> str:
    token = random.token_urlsafe(_TOKEN_BYTES)
    CallbackToken.objects.create(
        account=account,
        token=encryption.encrypt(token),
        token_hash=encryption.keyed_hash(token),
    )
    return token


# --- the connection and the log -----------------------------------------------------------------


def test_connection(*, account: ProviderAccount) -> ConnectionReport:
    """Try the address and the credentials without placing anything. Not inside a transaction."""
    try:
        with admission.testing():
            report = _provider(account).test(account)
    except Exception as error:
        logger.exception("testing the connection of %s failed", account.code)
        call_log.write_unread()
        return ConnectionReport(ok=False, detail=f"internal error: {type(error).__name__}")
    notes = warnings(account=account)
    return ConnectionReport(ok=report.ok, detail="; ".join((report.detail, *notes)))


def prune_calls(*, before: datetime, batch: int = _PRUNE_BATCH) -> int:
    """Delete at most `batch` calls older than `before`, oldest first; returns how many."""
    return call_log.prune(before=before, batch=batch)


def _provider(account: ProviderAccount) -> Provider:
    return registry.get(account.provider)
