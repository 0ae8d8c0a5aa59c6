"""What is asked of a betting exchange: each call outside any transaction, no surprise gets out.

The reads raise `ReadRefused`; what changes something at the exchange ends in an answer, and a
fault of ours after the first byte is `Unknown`. An account that is switched off places nothing,
but its offers can still be read and cancelled. All raise `NotAnExchange` where the provider is
none, and `RuntimeError` inside a transaction.
"""

import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar, cast
from uuid import UUID

from providers import admission, call_log, failures, registry, subjects
from providers.contract import (
    Book,
    Capability,
    Deed,
    Event,
    Exchange,
    Exposure,
    Funds,
    Holder,
    Match,
    Menu,
    NotSent,
    OfferCancellation,
    OfferPlacement,
    OfferSlip,
    OwnOffer,
    ReadRefused,
    Rejected,
    Unknown,
)
from providers.models import ProviderAccount
from providers.transport import refuse_inside_transaction

logger = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")
_INACTIVE = "The provider account is switched off."

ORDER, BATCH, MARKET = "order", "order batch", "exchange market"


class NotAnExchange(Exception):
    """The account's provider runs no exchange."""


def is_exchange(*, account: ProviderAccount) -> bool:
    return Capability.EXCHANGE in registry.get(account.provider).capabilities


def exchange_providers() -> list[str]:
    """The names of the providers that run an exchange."""
    return [each.name for each in registry.all() if Capability.EXCHANGE in each.capabilities]


# --- what anybody may see -----------------------------------------------------------------------


def events(*, account: ProviderAccount, menu: Menu, deadline_s: float) -> tuple[Event, ...]:
    return _read(account, lambda own: own.events(account, menu, deadline_s=deadline_s))


def event_markets(*, account: ProviderAccount, event_id: str, deadline_s: float) -> Event:
    return _read(account, lambda own: own.event_markets(account, event_id, deadline_s=deadline_s))


def book(*, account: ProviderAccount, market_id: str, depth: int, deadline_s: float) -> Book:
    """The best `depth` prices of each selection on both sides."""
    return _read(
        account, lambda own: own.book(account, market_id, depth=depth, deadline_s=deadline_s)
    )


# --- the account's own --------------------------------------------------------------------------


def exposure(*, account: ProviderAccount, market_id: str, deadline_s: float) -> Exposure:
    return _read(account, lambda own: own.exposure(account, market_id, deadline_s=deadline_s))


def own_offers(
    *, account: ProviderAccount, market_id: str, deadline_s: float
) -> tuple[OwnOffer, ...]:
    """All of the account's offers on a market, whatever their state; while suspended as well."""
    with admission.following_up():
        return _read(account, lambda own: own.own_offers(account, market_id, deadline_s=deadline_s))


def open_offers(
    *, account: ProviderAccount, market_id: str, deadline_s: float
) -> tuple[OwnOffer, ...]:
    """The account's offers on a market that can still be matched; while suspended as well."""
    with admission.following_up():
        return _read(
            account, lambda own: own.open_offers(account, market_id, deadline_s=deadline_s)
        )


def matches(*, account: ProviderAccount, market_id: str, deadline_s: float) -> tuple[Match, ...]:
    """The matched parts of the account's offers on a market; while suspended as well."""
    with admission.following_up():
        return _read(account, lambda own: own.matches(account, market_id, deadline_s=deadline_s))


def funds(*, account: ProviderAccount, deadline_s: float) -> Funds:
    return _read(account, lambda own: own.funds(account, deadline_s=deadline_s))


def commission_percent(*, account: ProviderAccount, deadline_s: float) -> Decimal:
    return _read(account, lambda own: own.commission_percent(account, deadline_s=deadline_s))


def holder(*, account: ProviderAccount, deadline_s: float) -> Holder:
    """The person in whose name the account is: personal data, which is kept nowhere."""
    return _read(account, lambda own: own.holder(account, deadline_s=deadline_s))


def log_out(*, account: ProviderAccount, deadline_s: float) -> Deed:
    """End the account's session at the exchange; its next call opens another."""
    own = _exchange(account)
    refuse_inside_transaction()
    return _answered(
        f"ending the session of {account.code}", lambda: own.log_out(account, deadline_s=deadline_s)
    )


# --- offers -------------------------------------------------------------------------------------


def check_offers(*, account: ProviderAccount, slip: OfferSlip) -> Rejected | NotSent | None:
    """Refuse, before anything is sent, what the account's settings do not allow."""
    own = _exchange(account)
    if not account.is_active:
        return NotSent(code="account_inactive", message=_INACTIVE)
    try:
        return own.check_offers(account, slip)
    except Exception:
        logger.exception("checking offers at %s failed", account.code)
        return NotSent(code="provider_misconfigured", message="The offers could not be checked.")


def place_offers(
    *, account: ProviderAccount, slip: OfferSlip, batch_id: UUID, deadline_s: float
) -> OfferPlacement:
    """Place offers and say what became of them, within `deadline_s`."""
    own = _exchange(account)
    refuse_inside_transaction()
    if not account.is_active:
        return NotSent(code="account_inactive", message=_INACTIVE)
    with subjects.about(BATCH, batch_id):
        return _answered(
            f"placing order batch {batch_id} at {account.code}",
            lambda: own.place_offers(account, slip, deadline_s=deadline_s),
        )


def cancel_offers(
    *, account: ProviderAccount, market_id: str, references: Sequence[str], deadline_s: float
) -> OfferCancellation:
    """Cancel what is unmatched of these offers."""
    own = _exchange(account)
    refuse_inside_transaction()
    return _answered(
        f"cancelling offers on market {market_id} of {account.code}",
        lambda: own.cancel_offers(account, market_id, references, deadline_s=deadline_s),
    )


def cancel_unmatched(
    *, account: ProviderAccount, market_id: str, deadline_s: float
) -> OfferCancellation:
    """Cancel every unmatched offer of the account on a market, whoever placed it."""
    own = _exchange(account)
    refuse_inside_transaction()
    return _answered(
        f"cancelling all that is unmatched on market {market_id} of {account.code}",
        lambda: own.cancel_unmatched(account, market_id, deadline_s=deadline_s),
    )


def _exchange(account: ProviderAccount) -> Exchange:
    if not is_exchange(account=account):
        raise NotAnExchange(account.code)
    return cast(Exchange, registry.get(account.provider))


def _read(account: ProviderAccount, call: Callable[[Exchange], _Answer]) -> _Answer:
    own = _exchange(account)
    refuse_inside_transaction()
    try:
        return call(own)
    except ReadRefused:
        raise
    except Exception:
        logger.exception("reading from %s failed", account.code)
        call_log.write_unread()
        raise ReadRefused("internal_error", failures.FAULT) from None


def _answered(doing: str, call: Callable[[], _Answer]) -> _Answer | Unknown:
    try:
        return call()
    except Exception:
        logger.exception("%s failed", doing)
        call_log.write_unread()
        return Unknown(reason=failures.FAULT)
