"""Reads of players on behalf of their partner."""

from uuid import UUID

from bets.models import Partner, Player


def player_of(*, partner: Partner, player_id: UUID) -> Player | None:
    """The partner's player; `None` for one that is absent or another partner's. One query."""
    return Player.objects.select_related("partner").filter(partner=partner, pk=player_id).first()


def player_by_external_id(*, partner: Partner, external_id: str) -> Player | None:
    """The partner's player with this id of the partner's own. One query."""
    found = Player.objects.select_related("partner").filter(partner=partner)
    return found.filter(external_id=external_id).first()
