"""What a person types to find a coupon or a player. Each look-up is one indexed query.

Usernames are found by those only who may see them: a search that finds one confirms it.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest

from bets.admin.values import may_see_names
from bets.models import Coupon, Player
from providers.models import ProviderAccount

_MOST = 200
_SHORTEST_PREFIX = 4
_LONGEST = 120


def coupons(request: HttpRequest, term: str) -> QuerySet[Coupon]:
    """By id, code or the start of one, the provider's reference or code, or the player."""
    everything = Coupon.objects.order_by("-id")
    if len(term) > _LONGEST:
        return everything.none()
    uid = _as_uuid(term)
    if uid:
        return everything.filter(pk__in=_ids([everything.filter(pk=uid), _of_players([uid])]))
    found = [
        everything.filter(code__startswith=term.upper()) if _may_be_code(term) else None,
        everything.filter(
            account__in=list(ProviderAccount.objects.values_list("pk", flat=True)),
            provider_reference=term,
        ),
        everything.filter(provider_code__in={term, term.upper()}).exclude(provider_code=""),
        _of_players(_ids([_players_named(request, term)])),
    ]
    return everything.filter(pk__in=_ids(query for query in found if query is not None))


def players(request: HttpRequest, term: str) -> QuerySet[Player]:
    """By id, the partner's id of the player, or username."""
    if len(term) > _LONGEST:
        return Player.objects.none()
    uid = _as_uuid(term)
    known = Player.objects.filter(pk=uid) if uid else Player.objects.none()
    return Player.objects.filter(pk__in=_ids([known, _players_named(request, term)]))


def _players_named(request: HttpRequest, term: str) -> QuerySet[Player]:
    named = [Player.objects.filter(external_id=term)]
    if may_see_names(request):
        named.append(Player.objects.filter(username=term))
    ids = _ids(named)
    return Player.objects.filter(pk__in=ids)


def _of_players(ids: Iterable[UUID]) -> QuerySet[Coupon]:
    return Coupon.objects.filter(player__in=list(ids)).order_by("-id")


def _ids(queries: Iterable[QuerySet[Coupon] | QuerySet[Player]]) -> list[UUID]:
    return [pk for query in queries for pk in query.values_list("pk", flat=True)[:_MOST]]


def _may_be_code(term: str) -> bool:
    return term.isalnum() and term.isascii() and _SHORTEST_PREFIX <= len(term) <= 10


def _as_uuid(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None
