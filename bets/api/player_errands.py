"""`/players/{id}/limits` and `/players/{id}/registrations`: what providers are told of a player."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from bets.api import parameters, problems
from bets.api.base import PartnerView
from bets.api.players import find_player
from bets.serializers.errands import NewLimits, NewRegistration, limits_body, registration_body
from bets.services.placing import slips
from bets.services.players import limits, registrations
from bets.services.players.limits import LimitsNotSupported
from bets.services.players.registrations import RegistrationNotSupported
from providers.models import ProviderAccount

_ACCOUNT = "provider_account"


class PlayerLimits(PartnerView):
    """`PUT /players/{id}/limits` and `GET` of it"""

    def put(self, request: Request, player_id: str) -> Response:
        player = find_player(self, player_id)
        form = NewLimits(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = dict(form.validated_data)
        try:
            change = limits.change(
                player=player,
                account=_account(self, wanted.pop(_ACCOUNT)),
                actor=self.caller().actor,
                now=timezone.now(),
                **wanted,
            )
        except LimitsNotSupported as error:
            raise problems.conflict("limits_not_supported", str(error), field=_ACCOUNT) from None
        return Response(limits_body(change), status=202)

    def get(self, request: Request, player_id: str) -> Response:
        player = find_player(self, player_id)
        rows = limits.current(player=player)
        return _one_or_all(self, [(row.account, limits_body(row)) for row in rows])


class PlayerRegistrations(PartnerView):
    """`POST /players/{id}/registrations` and `GET` of it"""

    def post(self, request: Request, player_id: str) -> Response:
        player = find_player(self, player_id)
        form = NewRegistration(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            row = registrations.register(
                player=player,
                account=_account(self, form.validated_data[_ACCOUNT]),
                reason=f"Asked for by {self.caller().actor}",
                actor=self.caller().actor,
                now=timezone.now(),
            )
        except RegistrationNotSupported as error:
            code = "registration_not_supported"
            raise problems.conflict(code, str(error), field=_ACCOUNT) from None
        return Response(registration_body(row), status=202)

    def get(self, request: Request, player_id: str) -> Response:
        player = find_player(self, player_id)
        rows = registrations.of_player(player=player)
        return _one_or_all(self, [(row.account, registration_body(row)) for row in rows])


def _account(view: PartnerView, code: str) -> ProviderAccount:
    try:
        return slips.account_of(partner=view.caller().partner, code=code)
    except slips.AccountNotFound:
        raise problems.not_found(_ACCOUNT) from None


def _one_or_all(
    view: PartnerView, rows: list[tuple[ProviderAccount, dict[str, object]]]
) -> Response:
    """What is known at the account that is asked for, or at every account."""
    wanted = parameters.read(view.request, {_ACCOUNT: parameters.as_it_is})[_ACCOUNT]
    if wanted is None:
        return Response({"results": [body for _, body in rows]})
    found = [body for account, body in rows if account.code == wanted]
    if not found:
        raise problems.not_found(_ACCOUNT)
    return Response(found[0])
