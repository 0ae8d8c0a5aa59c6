"""What is asked of a provider: each call outside any transaction, each surprise an answer.

A fault of ours after the first byte leaves it open what the provider did, so every surprise is
`Unknown`. Each function raises `RuntimeError` inside a transaction and nothing else.
"""

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar, cast
from uuid import UUID

from providers import admission, call_log, failures, registry, subjects
from providers.contract import (
    BetSlip,
    Capability,
    Deed,
    KeepReference,
    Limits,
    NotSent,
    OpenBet,
    Placement,
    PlayerProfile,
    Provider,
    Quoted,
    Quotes,
    Registers,
    Rejected,
    Resolves,
    Returns,
    SlipForm,
    TellsStake,
    Unknown,
)
from providers.models import ProviderAccount
from providers.transport import refuse_inside_transaction

logger = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")
_INACTIVE = NotSent(code="account_inactive", message="The provider account is switched off.")


# --- what a provider can do ---------------------------------------------------------------------


def can(*, account: ProviderAccount, capability: Capability) -> bool:
    """Whether the account's provider can do this."""
    return capability in _provider(account).capabilities


def providers_that(capability: Capability) -> list[str]:
    """The names of the providers that can do this."""
    return [each.name for each in registry.all() if capability in each.capabilities]


def slip_form(*, account: ProviderAccount) -> SlipForm:
    """What the slips of the account's provider consist of."""
    return _provider(account).slip_form


# --- bets ---------------------------------------------------------------------------------------


def _no_bets(provider: Provider) -> str:
    if Capability.EXCHANGE in provider.capabilities:
        return f"{provider.title} is an exchange: orders go to /exchange/{{account}}/orders."
    return f"{provider.title} places bets itself and takes none from here."


def check_slip(*, account: ProviderAccount, slip: BetSlip) -> Rejected | None:
    """Refuse, before any money is held, what this account's provider can never take."""
    provider = _provider(account)
    if Capability.PLACE not in provider.capabilities:
        return Rejected(code="placement_not_supported", message=_no_bets(provider))
    return provider.check_slip(account, slip)


def told_stake(*, account: ProviderAccount, stake: Decimal) -> Decimal | None:
    """The stake that the provider is told for ours; `None` if it is always told ours."""
    if not can(account=account, capability=Capability.TELLS_STAKE):
        return None
    return cast(TellsStake, _provider(account)).told_stake(account, stake)


def place(
    *, account: ProviderAccount, slip: BetSlip, deadline_s: float, keep: KeepReference
) -> Placement:
    """Place a bet and say what became of it, within `deadline_s`; `keep` stores the bet's id."""
    refuse_inside_transaction()
    if not account.is_active:
        return _INACTIVE

    def call() -> Placement:
        refused = check_slip(account=account, slip=slip)
        if refused is not None:
            return refused
        return _provider(account).place(account, slip, deadline_s=deadline_s, keep=keep)

    return _answered(account, f"placing coupon {slip.coupon_id}", call, about=_coupon(slip))


def quote(*, account: ProviderAccount, slip: BetSlip, deadline_s: float) -> Quoted:
    """The highest stake that the slip could have now. Nothing is placed."""
    refuse_inside_transaction()
    if not account.is_active:
        return _INACTIVE
    if not can(account=account, capability=Capability.QUOTE):
        return _not_supported(account, "quote_not_supported", "gives no quotes")

    def call() -> Quoted:
        provider = _provider(account)
        refused = provider.check_slip(account, slip)
        if refused is not None:
            return refused
        return cast(Quotes, provider).quote(account, slip, deadline_s=deadline_s)

    return _answered(account, f"a quote for player {slip.player_id}", call, about=_player(slip))


def return_bet(*, account: ProviderAccount, bet: OpenBet, reason: str, deadline_s: float) -> Deed:
    """Void a bet at the provider. An account that is switched off can still do it."""
    refuse_inside_transaction()
    if not can(account=account, capability=Capability.RETURN):
        return _not_supported(account, "return_not_supported", "takes no bet back")
    return _answered(
        account,
        f"returning coupon {bet.coupon_id}",
        lambda: cast(Returns, _provider(account)).return_bet(
            account, bet, reason=reason, deadline_s=deadline_s
        ),
        about=_coupon(bet),
    )


def wallet_moves_money(*, account: ProviderAccount) -> bool:
    """Whether the provider gives a returned stake back by a call to the wallet that we host."""
    if not can(account=account, capability=Capability.RETURN):
        return False
    return cast(Returns, _provider(account)).wallet_moves_money(account)


def resolve(*, account: ProviderAccount, bet: OpenBet, deadline_s: float) -> Placement:
    """Find out what became of a bet. `NotSent` says that it could not be asked.

    A suspended account is asked all the same, if its provider can be asked without changing
    anything there.
    """
    refuse_inside_transaction()
    if not can(account=account, capability=Capability.RESOLVE):
        return _not_supported(account, "resolve_not_supported", "cannot be asked about a bet")

    def call() -> Placement:
        with admission.following_up():
            provider = cast(Resolves, _provider(account))
            return provider.resolve(account, bet, deadline_s=deadline_s)

    return _answered(account, f"asking about coupon {bet.coupon_id}", call, about=_coupon(bet))


def resolve_after_s(*, account: ProviderAccount) -> float | None:
    """How long after its placement a bet is first asked about; `None` if it cannot be."""
    if not can(account=account, capability=Capability.RESOLVE):
        return None
    return cast(Resolves, _provider(account)).resolve_after_s(account)


# --- players ------------------------------------------------------------------------------------


def set_limits(
    *,
    account: ProviderAccount,
    player: PlayerProfile,
    prematch: Decimal,
    live: Decimal,
    reason: str,
    deadline_s: float,
) -> Deed:
    """Set a player's limit multipliers. A repeat sets the same again."""
    refuse_inside_transaction()
    if not account.is_active:
        return _INACTIVE
    if not can(account=account, capability=Capability.LIMITS):
        return _not_supported(account, "limits_not_supported", "has no limit multipliers")
    return _answered(
        account,
        f"the limits of player {player.player_id}",
        lambda: cast(Limits, _provider(account)).set_limits(
            account, player, prematch=prematch, live=live, reason=reason, deadline_s=deadline_s
        ),
        about=_player(player),
    )


def register(
    *, account: ProviderAccount, player: PlayerProfile, reason: str, deadline_s: float
) -> Deed:
    """Tell the provider of a player."""
    refuse_inside_transaction()
    if not account.is_active:
        return _INACTIVE
    if not can(account=account, capability=Capability.REGISTER):
        return _not_supported(account, "registration_not_supported", "registers no players")
    return _answered(
        account,
        f"registering player {player.player_id}",
        lambda: cast(Registers, _provider(account)).register(
            account, player, reason=reason, deadline_s=deadline_s
        ),
        about=_player(player),
    )


def _answered(
    account: ProviderAccount, doing: str, call: Callable[[], _Answer], *, about: tuple[str, UUID]
) -> _Answer | Unknown:
    try:
        with subjects.about(*about):
            return call()
    except Exception:
        logger.exception("%s at %s failed", doing, account.code)
        call_log.write_unread()
        return Unknown(reason=failures.FAULT)


def _coupon(bet: BetSlip | OpenBet) -> tuple[str, UUID]:
    return "coupon", bet.coupon_id


def _player(player: BetSlip | PlayerProfile) -> tuple[str, UUID]:
    return "player", player.player_id


def _not_supported(account: ProviderAccount, code: str, does: str) -> NotSent:
    return NotSent(code=code, message=f"{_provider(account).title} {does}.")


def _provider(account: ProviderAccount) -> Provider:
    return registry.get(account.provider)
