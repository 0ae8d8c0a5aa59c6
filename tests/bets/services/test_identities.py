import re
from threading import Thread

import pytest
from django.db import connection

from bets.models import ProviderIdentity
from bets.services import identities

pytestmark = pytest.mark.django_db


def test_a_player_is_known_by_the_external_id_from_the_first_bet_on(wallet_account, player):
    uid = player.external_id
    assert identities.players_by_uid(account=wallet_account, uids={uid}) == {uid: player}
    assert ProviderIdentity.objects.get().uid == uid


def test_who_has_another_name_there_is_not_known_by_the_external_id(wallet_account, player):
    ProviderIdentity.objects.create(account=wallet_account, player=player, uid="77")
    found = identities.players_by_uid(account=wallet_account, uids={"77", player.external_id})
    assert found == {"77": player}


def test_a_first_bet_that_another_overtakes_finds_the_player(
    transactional_db, wallet_account, player
):
    """The other stores the identity after we saw none and before we look for the player."""
    overtaken = []

    def other_bet():
        identities.players_by_uid(account=wallet_account, uids={player.external_id})
        connection.close()

    def overtake(execute, sql, params, many, context):
        if not overtaken and re.search(r'FROM "bets_player"', sql):
            overtaken.append(sql)
            thread = Thread(target=other_bet)
            thread.start()
            thread.join()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(overtake):
        found = identities.players_by_uid(account=wallet_account, uids={player.external_id})
    assert overtaken
    assert found == {player.external_id: player}
