"""Players: who they are, what they have, and what staff may do."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from bets.admin import search, values
from bets.admin.player_errands import REGISTER, SET_LIMITS
from bets.admin.player_page import player_page
from bets.models import Player, PlayerStatus
from bets.services.coupon import debts
from bets.services.players import players
from config.staff.actions import Action, By, Done, Refused, WithReason
from config.staff.admin import StaffAdmin
from config.staff.display import Tone, moment
from config.staff.filters import Recent
from config.staff.page import Page
from wallets import queries as ledger
from wallets.services import LedgerError


class WithStatus(WithReason):
    status = forms.ChoiceField(choices=PlayerStatus.choices, widget=UnfoldAdminSelectWidget())

    field_order = ("status", "reason")


class WithAmount(WithReason):
    """The hidden id makes a second press of the button the same request."""

    amount = forms.DecimalField(
        max_digits=20,
        decimal_places=4,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text="In the player's currency.",
    )
    request_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    field_order = ("amount", "reason")


def _change_status(player: Player, data: Mapping[str, Any], by: By) -> Done:
    status = PlayerStatus(data["status"])
    if status == player.status:
        raise Refused(f"the player is {status.label} already.", field="status")
    players.set_status(player=player, status=status, actor=by.actor)
    return Done(message=f"The player is {status.label} now.")


def _write_off(player: Player, data: Mapping[str, Any], by: By) -> Done:
    request_id: UUID = data["request_id"]
    try:
        debts.write_off(
            player=player,
            amount=data["amount"],
            request_id=request_id,
            actor=by.actor,
            reason=data["reason"],
            now=by.now,
        )
    except LedgerError as error:
        raise Refused(f"{_WHY_NOT.get(error.code, error.code)}", field="amount") from error
    shown = values.plain_amount(data["amount"], player.currency)
    return Done(message=f"{shown} of the debt was written off.")


def _owes(player: Player) -> bool:
    return bool(ledger.balances([player.wallet_id])[player.wallet_id].owed)


_WHY_NOT = {
    "exceeds_debt": "It is more than the player owes.",
    "invalid_amount": "The amount is above zero.",
    "excess_decimals": "The currency has fewer decimals.",
    "account_closed": "The wallet is closed.",
}


@admin.register(Player)
class PlayerAdmin(StaffAdmin):
    list_display = ("external_id", "partner", "currency", "state", "created")
    list_filter = ("status", "partner", Recent)
    list_select_related = ("partner",)
    search_fields = ("external_id",)
    search_help_text = "Username, partner's id of the player, or id"
    empty_state = (
        "No player here. Partners create players over the API; search takes the whole username "
        "or the partner's id of the player."
    )
    staff_actions = (
        Action(
            name="status",
            label="Change status",
            permission="bets.change_player_status",
            form=WithStatus,
            explain=lambda player: (
                f"The player is {player.get_status_display()}. Only an active player can bet and "
                "deposit; coupons that are open go on and are paid."
            ),
            run=_change_status,
        ),
        Action(
            name="write-off",
            label="Write off a debt",
            permission="bets.write_off_debt",
            form=WithAmount,
            explain=lambda player: (
                "The player owes this much less, at the cost of the house. It cannot be undone."
            ),
            run=_write_off,
            offered=_owes,
            tone=Tone.ALERT,
        ),
        SET_LIMITS,
        REGISTER,
    )

    def found(self, request: HttpRequest, term: str) -> QuerySet[Any]:
        return search.players(request, term)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = super().get_list_display(request)
        return [values.player_column(request, lambda row: row), *columns]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("partner")

    def page(self, request: HttpRequest, target: Player) -> Page:
        return player_page(request, target)

    @display(description="Status")
    def state(self, player: Player) -> Any:
        return values.player_badge(player)

    @display(description="Since")
    def created(self, player: Player) -> Any:
        return moment(player.created_at)
