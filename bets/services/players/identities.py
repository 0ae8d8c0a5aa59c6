"""By which name a provider account knows a player.

It is the partner's external id, or our own id where the provider knows players by that.
"""

from collections.abc import Collection
from contextlib import suppress
from uuid import UUID

from bets.models import Flag, FlagKind, Player, ProviderIdentity
from providers import registry
from providers.models import ProviderAccount

# Every bet that a provider sends asks these; building them each time cost more than running them.

# The players of stored identities, each with the id that it was asked for by.
_BY_IDENTITY = """
SELECT player.*, identity.uid AS asked_for
FROM bets_provideridentity identity
JOIN bets_player player ON player.id = identity.player_id
WHERE identity.account_id = %(account)s AND identity.uid = ANY(%(uids)s)
"""
# Players of active partners that may use the account. Who has an identity that says the same is
# meant too: another bet may just have stored it. Who is the only one of an external id has it as
# identity from now on.
_BY_EXTERNAL_ID = """
WITH meant AS (
    SELECT player.*, count(*) OVER (PARTITION BY player.external_id) AS of_that_name
    FROM bets_player player
    JOIN bets_partner partner ON partner.id = player.partner_id AND partner.is_active
    JOIN bets_partneraccess access
        ON access.partner_id = partner.id AND access.account_id = %(account)s
    WHERE player.external_id = ANY(%(uids)s)
        AND NOT EXISTS (
            SELECT FROM bets_provideridentity other
            WHERE other.account_id = %(account)s AND other.player_id = player.id
                AND other.uid <> player.external_id
        )
), remembered AS (
    INSERT INTO bets_provideridentity (account_id, player_id, uid)
    SELECT %(account)s, id, external_id FROM meant WHERE of_that_name = 1
    ON CONFLICT DO NOTHING
)
SELECT * FROM meant
"""
# Players whose partner may use the account, or who have bet there.
_BY_OUR_ID = """
SELECT player.*
FROM bets_player player
WHERE player.id = ANY(%(ids)s)
    AND (
        EXISTS (
            SELECT FROM bets_partneraccess access
            WHERE access.partner_id = player.partner_id AND access.account_id = %(account)s
        )
        OR EXISTS (
            SELECT FROM bets_coupon coupon
            WHERE coupon.player_id = player.id AND coupon.account_id = %(account)s
        )
    )
"""


def players_by_uid(*, account: ProviderAccount, uids: Collection[str]) -> dict[str, Player]:
    """The players whom a provider account means by these ids.

    An id without an identity is taken for the external id of a player whose partner may use the
    account. If two partners have such a player, nobody is meant, and staff are told. Where the
    provider knows players by our id, it means those whose partner may use the account, or who
    have bet there.
    """
    if _by_our_id(account):
        return _players_by_our_id(account, uids)
    asked = {"account": account.pk, "uids": list(uids)}
    found = {row.asked_for: row for row in Player.objects.raw(_BY_IDENTITY, asked)}  # type: ignore[attr-defined]
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
    asked = {"account": account.pk, "ids": list(ids)}
    return {ids[player.pk]: player for player in Player.objects.raw(_BY_OUR_ID, asked)}


def _by_external_id(account: ProviderAccount, uids: Collection[str]) -> dict[str, Player]:
    candidates: dict[str, list[Player]] = {uid: [] for uid in sorted(uids)}
    asked = {"account": account.pk, "uids": list(uids)}
    for player in Player.objects.raw(_BY_EXTERNAL_ID, asked):
        candidates[player.external_id].append(player)
    _tell_ambiguous(account, [uid for uid, found in candidates.items() if len(found) > 1])
    return {uid: found[0] for uid, found in candidates.items() if len(found) == 1}


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
