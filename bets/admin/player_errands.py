"""What providers are told of a player: limit multipliers, and that the player exists."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from bets.models import ErrandState, LimitChange, Player, Registration
from bets.services.players import limits, registrations
from config.staff.actions import Action, By, Done, Refused, WithReason
from config.staff.actors import actor_in_words
from config.staff.display import Tone, badge, moment, number
from config.staff.page import Column, Table
from providers import services as providers
from providers.contract import Capability
from providers.models import ProviderAccount

_ROWS = 25
_TONES = {
    ErrandState.QUEUED: Tone.WAITING,
    ErrandState.SENT: Tone.WAITING,
    ErrandState.CONFIRMED: Tone.GOOD,
    ErrandState.FAILED: Tone.ALERT,
}


def _accounts(player: Player, capability: Capability) -> list[ProviderAccount]:
    """The accounts of the player's partner whose provider can do this."""
    return list(
        ProviderAccount.objects.filter(
            access__partner_id=player.partner_id, provider__in=providers.providers_that(capability)
        ).order_by("code")
    )


class _AtAccount(WithReason):
    """Asks at which account; the choices belong to one player."""

    account = forms.ChoiceField(widget=UnfoldAdminSelectWidget())

    field_order = ("account", "prematch", "live", "reason")
    codes: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [(code, code) for code in self.codes]


class _WithLimits(_AtAccount):
    prematch = forms.DecimalField(
        min_value=Decimal(0),
        max_value=limits.HIGHEST,
        decimal_places=limits.DECIMALS,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text="0 to 10; 1 is the provider's usual limit.",
    )
    live = forms.DecimalField(
        min_value=Decimal(0),
        max_value=limits.HIGHEST,
        decimal_places=limits.DECIMALS,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text="0 to 10; 1 is the provider's usual limit.",
    )


def _form_with_limits(player: Player) -> type[forms.Form]:
    codes = tuple(account.code for account in _accounts(player, Capability.LIMITS))
    return type("WithLimits", (_WithLimits,), {"codes": codes})


def _form_to_register(player: Player) -> type[forms.Form]:
    codes = tuple(account.code for account in _accounts(player, Capability.REGISTER))
    return type("ToRegister", (_AtAccount,), {"codes": codes})


def _set_limits(player: Player, data: Mapping[str, Any], by: By) -> Done:
    try:
        change = limits.change(
            player=player,
            account=ProviderAccount.objects.get(code=data["account"]),
            prematch=data["prematch"],
            live=data["live"],
            reason=data["reason"],
            actor=by.actor,
            now=by.now,
        )
    except (limits.LimitsNotSupported, limits.LimitsOutOfRange) as error:
        raise Refused(str(error)) from error
    return Done(message=f"{change} is queued for {data['account']} and sent within seconds.")


def _register(player: Player, data: Mapping[str, Any], by: By) -> Done:
    try:
        row = registrations.register(
            player=player,
            account=ProviderAccount.objects.get(code=data["account"]),
            reason=data["reason"],
            actor=by.actor,
            now=by.now,
        )
    except registrations.RegistrationNotSupported as error:
        raise Refused(str(error)) from error
    return Done(message=f"The registration at {data['account']} is {row.get_state_display()}.")


SET_LIMITS = Action(
    name="limits",
    label="Set limits",
    permission="bets.set_limits",
    form_for=_form_with_limits,
    explain=lambda player: (
        "The provider multiplies its usual limits of this player by these. The newest change is "
        "what holds; every one is kept."
    ),
    run=_set_limits,
    offered=lambda player: bool(_accounts(player, Capability.LIMITS)),
)
REGISTER = Action(
    name="register",
    label="Register at a provider",
    permission="bets.register_player",
    form_for=_form_to_register,
    explain=lambda player: "The provider is told of the player, once.",
    run=_register,
    offered=lambda player: bool(_accounts(player, Capability.REGISTER)),
)


def limits_table(player: Player) -> list[Table]:
    """What holds and what was before; nothing for a player whose limits nobody touched."""
    changes = list(limits.of_player(player=player)[:_ROWS])
    if not changes:
        return []
    return [
        Table(
            title="Limit multipliers",
            columns=[
                Column("Asked for"),
                Column("At"),
                Column("Before the match", is_number=True),
                Column("Live", is_number=True),
                Column("State"),
                Column("Answered"),
                Column("Who"),
                Column("Why"),
            ],
            rows=[_limits_row(change) for change in changes],
            empty="",
            note="The newest of each account is what holds.",
        )
    ]


def _limits_row(change: LimitChange) -> tuple[object, ...]:
    return (
        moment(change.requested_at),
        change.account.code,
        number(f"{change.prematch:.2f}"),
        number(f"{change.live:.2f}"),
        _state(change),
        moment(change.answered_at),
        actor_in_words(change.actor),
        change.reason,
    )


def registrations_table(player: Player) -> list[Table]:
    """Where the player was made known; nothing for one who was nowhere."""
    rows = registrations.of_player(player=player)
    if not rows:
        return []
    return [
        Table(
            title="Registrations",
            columns=[
                Column("Asked for"),
                Column("At"),
                Column("State"),
                Column("Answered"),
                Column("Who"),
            ],
            rows=[
                (
                    moment(row.requested_at),
                    row.account.code,
                    _state(row),
                    moment(row.answered_at),
                    actor_in_words(row.actor),
                )
                for row in rows
            ],
            empty="",
        )
    ]


def _state(row: LimitChange | Registration) -> object:
    told = f"{row.get_state_display()}: {row.error}" if row.error else row.get_state_display()
    return badge(told, _TONES.get(ErrandState(row.state), Tone.PLAIN))
