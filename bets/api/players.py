"""`/players` and the money that moves in and out of their wallets."""

import re
from collections.abc import Callable
from typing import ClassVar, NoReturn

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bets.api import parameters, problems
from bets.api.base import PartnerView, no_such, parse_id
from bets.models import Player
from bets.queries.players import player_by_external_id, player_of
from bets.serializers.players import NewMovement, NewPlayer, movement_body, player_body
from bets.services.players import players
from bets.services.players.players import CashMovement, PlayerExists, PlayerNotActive
from wallets.currencies import exponent
from wallets.errors import (
    AccountClosed,
    ExcessDecimals,
    InsufficientFunds,
    InvalidAmount,
    LedgerError,
    ReferenceConflict,
    UnknownCurrency,
)
from wallets.queries import balances

_EXTERNAL_ID = re.compile(r"[\x21-\x7e]{1,64}")


class Players(PartnerView):
    """`POST /players` and `GET /players?external_id=`"""

    def post(self, request: Request) -> Response:
        form = NewPlayer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            player = players.create_player(partner=self.caller().partner, **form.validated_data)
        except PlayerExists as error:
            detail = "There is a player with this external id."
            known = {"player": str(error.player.pk)}
            raise problems.conflict(
                "player_exists", detail, field="external_id", members=known
            ) from None
        except UnknownCurrency:
            message = "The currency is not known."
            raise problems.invalid("currency", "unknown_currency", message) from None
        return Response(_body(player), status=201)

    def get(self, request: Request) -> Response:
        wanted = parameters.read(request, {"external_id": _external_id})
        player = player_by_external_id(partner=self.caller().partner, **wanted)
        results = [] if player is None else [_body(player)]
        return Response({"next": None, "previous": None, "results": results})


class OnePlayer(PartnerView):
    """`GET /players/{id}`"""

    def get(self, request: Request, player_id: str) -> Response:
        return Response(_body(find_player(self, player_id)))


class _Movements(PartnerView):
    """A deposit or a withdrawal: 201 the first time, 200 with the same body ever after."""

    service: ClassVar[Callable[..., CashMovement]]

    def post(self, request: Request, player_id: str) -> Response:
        player = find_player(self, player_id)
        form = NewMovement(data=request.data)
        form.is_valid(raise_exception=True)
        actor, now = self.caller().actor, timezone.now()
        try:
            movement = type(self).service(
                player=player, actor=actor, now=now, **form.validated_data
            )
        except PlayerNotActive as error:
            raise problems.refused(error.code, str(error)) from None
        except LedgerError as error:
            _refuse(error, player)
        return Response(movement_body(movement), status=200 if movement.repeated else 201)


class Deposits(_Movements):
    """`POST /players/{id}/deposits`"""

    service = staticmethod(players.deposit)


class Withdrawals(_Movements):
    """`POST /players/{id}/withdrawals`"""

    service = staticmethod(players.withdraw)


def find_player(view: PartnerView, player_id: str) -> Player:
    """The caller's player that the address names, or a 404."""
    player = player_of(partner=view.caller().partner, player_id=parse_id(player_id, of="player"))
    if player is None:
        raise no_such("player")
    return player


def _external_id(text: str | None) -> str:
    if not text:
        raise problems.invalid("external_id", "required", "Say which player you look for.")
    if not _EXTERNAL_ID.fullmatch(text):
        message = "It has 1 to 64 printable ASCII characters and no blanks."
        raise problems.invalid("external_id", "malformed", message)
    return text


def _body(player: Player) -> dict[str, object]:
    return player_body(player, balances([player.wallet_id])[player.wallet_id])


def _refuse(error: LedgerError, player: Player) -> NoReturn:
    """Say in the API's words why the ledger refused; whatever is not foreseen is a fault."""
    if isinstance(error, ReferenceConflict):
        detail = "The reference was used with another amount. Send a new one for a new movement."
        raise problems.conflict("reference_conflict", detail, field="reference")
    if isinstance(error, InsufficientFunds):
        detail = "The wallet holds less than the amount."
        raise problems.refused("insufficient_funds", detail, field="amount")
    if isinstance(error, AccountClosed):
        raise problems.refused("wallet_closed", "The player's wallet is closed.")
    if isinstance(error, ExcessDecimals):
        message = f"{player.currency} has {exponent(player.currency)} decimals."
        raise problems.invalid("amount", "excess_decimals", message)
    if isinstance(error, InvalidAmount):
        raise problems.invalid("amount", "too_large", "The amount is too large.")
    raise error
