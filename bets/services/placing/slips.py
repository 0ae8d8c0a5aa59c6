"""A coupon as a partner asks for it: judged by its provider's form, and made ready to be sent."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from bets.models import Partner, Player, PlayerStatus
from bets.services.players import identities
from providers import services as providers
from providers.contract import (
    BetSlip,
    CouponType,
    Leg,
    OddsPolicy,
    OptionValue,
    Rejected,
    Selection,
    SlipForm,
    SlipOption,
)
from providers.models import ProviderAccount

_STATUS_CODES = {
    PlayerStatus.BLOCKED: "player_blocked",
    PlayerStatus.SELF_EXCLUDED: "player_self_excluded",
    PlayerStatus.CLOSED: "player_closed",
}


class PlacementRefused(Exception):
    """The request leaves no coupon."""


class PlayerNotFound(PlacementRefused):
    """No such player of this partner."""


class AccountNotFound(PlacementRefused):
    """No such provider account, or the partner may not use it."""


class CurrencyMismatch(PlacementRefused):
    """The player's wallet is in another currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault:
    """What is wrong with one field of a request, named as `items[1].odds`."""

    field: str
    code: str
    message: str


class FormMismatch(PlacementRefused):
    """The request is not what the provider's slips consist of."""

    def __init__(self, faults: tuple[FieldFault, ...]) -> None:
        super().__init__(faults[0].message)
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementRequest:
    """A coupon as a partner asks for it. `stake` is in major units of `currency`.

    `options` are as they came; `judge` reads them by what the provider declares.
    """

    player_id: UUID
    provider_account: str
    type: CouponType
    system_size: int | None
    stake: Decimal
    currency: str
    odds_policy: OddsPolicy
    items: tuple[Selection, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


def find(*, partner: Partner, request: PlacementRequest) -> tuple[Player, ProviderAccount]:
    """The player and the account of a request.

    Raises PlayerNotFound, AccountNotFound or CurrencyMismatch.
    """
    player = Player.objects.filter(pk=request.player_id, partner=partner).first()
    if player is None:
        raise PlayerNotFound(str(request.player_id))
    if player.currency != request.currency:
        raise CurrencyMismatch(f"the player's wallet is in {player.currency}")
    return player, account_of(partner=partner, code=request.provider_account)


def account_of(*, partner: Partner, code: str) -> ProviderAccount:
    """A provider account that a partner may use. Raises AccountNotFound."""
    account = ProviderAccount.objects.filter(code=code, access__partner=partner).first()
    if account is None:
        raise AccountNotFound(code)
    return account


def refusal(*, player: Player, account: ProviderAccount, slip: BetSlip) -> Rejected | None:
    """Why the slip is not offered to the provider at all, if so."""
    if player.status != PlayerStatus.ACTIVE:
        code = _STATUS_CODES[PlayerStatus(player.status)]
        return Rejected(code=code, message=f"The player is {player.get_status_display()}.")
    if not account.is_active:
        return Rejected(code="account_inactive", message="The provider account is switched off.")
    return providers.check_slip(account=account, slip=slip)


def slip_of(
    *,
    coupon_id: UUID,
    player: Player,
    account: ProviderAccount,
    request: PlacementRequest,
    options: Mapping[str, OptionValue],
    callback_url: str = "",
    player_token: str = "",
) -> BetSlip:
    """The request as the provider needs it."""
    return BetSlip(
        coupon_id=coupon_id,
        player_id=player.pk,
        player_uid=identities.uid_of(account=account, player=player),
        type=request.type,
        system_size=request.system_size,
        stake=request.stake,
        currency=request.currency,
        odds_policy=request.odds_policy,
        selections=request.items,
        callback_url=callback_url,
        options=options,
        player_token=player_token,
    )


# --- the provider's form ------------------------------------------------------------------------


def judge(*, form: SlipForm, request: PlacementRequest) -> dict[str, OptionValue]:
    """The options of a request that fits the form. Raises FormMismatch, which names all faults."""
    faults = [*_type_faults(form, request)]
    for position, item in enumerate(request.items):
        faults += _item_faults(form, item, f"items[{position}]")
    options, wrong = _options(form, request.options)
    faults += wrong
    if faults:
        raise FormMismatch(tuple(faults))
    return options


def _type_faults(form: SlipForm, request: PlacementRequest) -> Iterator[FieldFault]:
    if request.type not in form.types:
        taken = ", ".join(each for each in CouponType if each in form.types)
        yield _fault("type", "invalid_choice", f"This provider takes {taken}.")
    if request.odds_policy not in form.odds_policies:
        taken = ", ".join(each for each in OddsPolicy if each in form.odds_policies)
        yield _fault("odds_policy", "invalid_choice", f"This provider takes {taken}.")


def _item_faults(form: SlipForm, item: Selection, at: str) -> Iterator[FieldFault]:
    yield from _presence(f"{at}.event_id", bool(item.event_id), wanted=form.items_have_event)
    yield from _presence(f"{at}.odds", item.odds is not None, wanted=form.items_have_odds)
    if not item.legs:
        yield from _presence(f"{at}.selection", bool(item.selection), wanted=True)
        yield from _source_faults(form, item, at)
    elif not form.bet_builder:
        yield _fault(f"{at}.legs", "unknown_field", "This provider takes no bet builders.")
    else:
        yield from _presence(f"{at}.selection", bool(item.selection), wanted=False)
        yield from _sources(item, at)
        for place, leg in enumerate(item.legs):
            yield from _source_faults(form, leg, f"{at}.legs[{place}]")


def _source_faults(form: SlipForm, item: Selection | Leg, at: str) -> Iterator[FieldFault]:
    if not form.items_have_source:
        yield from _sources(item, at)


def _sources(item: Selection | Leg, at: str) -> Iterator[FieldFault]:
    yield from _presence(f"{at}.data_version", item.data_version is not None, wanted=False)
    yield from _presence(f"{at}.source_feature", bool(item.source_feature), wanted=False)


def _presence(field: str, given: bool, *, wanted: bool) -> Iterator[FieldFault]:
    if wanted and not given:
        yield _fault(field, "required", "It is missing. Send it.")
    if given and not wanted:
        yield _fault(field, "unknown_field", "Such an item has no such field at this provider.")


def _options(
    form: SlipForm, given: Mapping[str, Any]
) -> tuple[dict[str, OptionValue], list[FieldFault]]:
    declared = {option.name: option for option in form.options}
    options: dict[str, OptionValue] = {}
    faults = [
        _fault(f"options.{name}", "unknown_field", "This provider has no such option.")
        for name in given
        if name not in declared
    ]
    for name, option in declared.items():
        if name not in given:
            if option.required:
                faults.append(_fault(f"options.{name}", "required", "It is missing. Send it."))
            continue
        try:
            options[name] = _READERS[option.kind](option, given[name])
        except _Wrong as wrong:
            faults.append(_fault(f"options.{name}", wrong.code, str(wrong)))
    return options, faults


class _Wrong(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _flag(_: SlipOption, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("not_a_boolean", "Send true or false, without quotes.")
    return value


def _choice(option: SlipOption, value: Any) -> str:
    if not isinstance(value, str) or value not in option.choices:
        raise _Wrong("invalid_choice", f"It is one of {', '.join(option.choices)}.")
    return value


def _text(option: SlipOption, value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong("not_a_string", "Send it as a string.")
    if not value:
        raise _Wrong("blank", "It is not empty.")
    if not value.isprintable() or value != value.strip():
        raise _Wrong("not_printable", "It has no control characters and no blanks around it.")
    if len(value) > option.longest:
        raise _Wrong("max_length", f"It has at most {option.longest} characters.")
    return value


def _whole(option: SlipOption, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Wrong("not_a_whole_number", "Send it as a whole number, without quotes.")
    _in_range(option, Decimal(value))
    return value


def _number(option: SlipOption, value: Any) -> Decimal:
    number = plain_number(value)
    if number is None:
        raise _Wrong("malformed", "Only digits and a decimal point are taken, as in 0.50.")
    _in_range(option, number)
    if number != round(number, option.decimals):
        raise _Wrong("excess_decimals", f"It has at most {option.decimals} decimals.")
    return number


def _in_range(option: SlipOption, number: Decimal) -> None:
    if not option.least <= number <= option.most:
        raise _Wrong("out_of_range", f"It is from {option.least:f} to {option.most:f}.")


def plain_number(value: Any) -> Decimal | None:
    """A number of zero or more, as text or as JSON number: it is no money, so both are exact."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    text = value if isinstance(value, str) else f"{value}"
    whole, point, fraction = text.partition(".")
    digits = whole.isdigit() and (fraction.isdigit() or not point)
    if not digits or not text.isascii() or len(text) > _LONGEST_NUMBER:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


_LONGEST_NUMBER = 20
_READERS: dict[str, Callable[[SlipOption, Any], OptionValue]] = {
    "flag": _flag,
    "choice": _choice,
    "text": _text,
    "whole": _whole,
    "number": _number,
}


def _fault(field: str, code: str, message: str) -> FieldFault:
    return FieldFault(field=field, code=code, message=message)
