"""By which name a provider account knows a player.

It is the partner's external id, or our own id where the provider knows players by that.
"""

from collections.abc import Collection
from contextlib import suppress
from uuid import UUID

from django.db.models import Exists, OuterRef

from bets.models import Coupon, Flag, FlagKind, Partner, Player, ProviderIdentity
from providers import registry
from providers.models import ProviderAccount


def players_by_uid(*, account: ProviderAccount, uids: Collection[str]) -> dict[str, Player]:
    """The players whom a provider account means by these ids.

    An id without an identity is taken for the external id of a player whose partner may use the
    account. If two partners have such a player, nobody is meant, and staff are told. Where the
    provider knows players by our id, it means those whose partner may use the account, or who
    have bet there.
    """
    if _by_our_id(account):
        return _players_by_our_id(account, uids)
    rows = ProviderIdentity.objects.filter(account=account, uid__in=uids).select_related("player")
    found = {row.uid: row.player for row in rows}
    missing = set(uids) - found.keys()
    return found | _by_external_id(account, missing) if missing else found


def uid_of(*, account: ProviderAccount, player: Player) -> str:
    """The name by which a provider account knows a player."""
    if _by_our_id(account):
        return str(player.pk)
    row = ProviderIdentity.objects.filter(account=account, player=player).first()
    return row.uid if row else player.external_id


def _by_our_id(account: ProviderAccount) -> bool:
    return registry.get(account.provider).knows_players_by_our_id


def _players_by_our_id(account: ProviderAccount, uids: Collection[str]) -> dict[str, Player]:
    ids: dict[UUID, str] = {}
    for uid in uids:
        with suppress(ValueError):
            ids[UUID(uid)] = uid
    may_bet = Partner.objects.filter(pk=OuterRef("partner"), access__account=account)
    has_bet = Coupon.objects.filter(player=OuterRef("pk"), account=account)
    players = Player.objects.filter(Exists(may_bet) | Exists(has_bet), pk__in=ids)
    return {ids[player.pk]: player for player in players}


def _by_external_id(account: ProviderAccount, uids: Collection[str]) -> dict[str, Player]:
    candidates: dict[str, list[Player]] = {uid: [] for uid in sorted(uids)}
    partners = Partner.objects.filter(access__account=account, is_active=True)
    # Who has an identity that says the same is meant too: another bet may just have stored it.
    known_otherwise = ProviderIdentity.objects.filter(
        account=account, player=OuterRef("pk")
    ).exclude(uid=OuterRef("external_id"))
    players = Player.objects.filter(
        ~Exists(known_otherwise), external_id__in=uids, partner__in=partners
    )
    for player in players:
        candidates[player.external_id].append(player)
    _tell_ambiguous(account, [uid for uid, found in candidates.items() if len(found) > 1])
    sole = {uid: found[0] for uid, found in candidates.items() if len(found) == 1}
    _remember(account, sole)
    return sole


def _remember(account: ProviderAccount, players: dict[str, Player]) -> None:
    ProviderIdentity.objects.bulk_create(
        [ProviderIdentity(account=account, player=p, uid=uid) for uid, p in players.items()],
        ignore_conflicts=True,
    )


def _tell_ambiguous(account: ProviderAccount, uids: Collection[str]) -> None:
    Flag.objects.bulk_create(
        [
            Flag(
                kind=FlagKind.AMBIGUOUS_PLAYER,
                account=account,
                reference=uid,
                detail=f"Players of several partners go by {uid!r}. Give them identities.",
            )
            for uid in uids
        ],
        ignore_conflicts=True,
    )
