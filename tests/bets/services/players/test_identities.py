import re
from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection

from bets.models import PartnerAccess, ProviderIdentity
from bets.services.players import identities
from tests.factories.bets import a_coupon

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
        if not overtaken and re.search(r"FROM bets_player", sql):
            overtaken.append(sql)
            thread = Thread(target=other_bet)
            thread.start()
            thread.join()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(overtake):
        found = identities.players_by_uid(account=wallet_account, uids={player.external_id})
    assert overtaken
    assert found == {player.external_id: player}


@pytest.fixture
def knows_our_ids(book, monkeypatch):
    monkeypatch.setattr(book, "knows_players_by_our_id", True, raising=False)


def test_a_provider_that_knows_our_ids_means_them_however_they_are_written(
    knows_our_ids, account, player
):
    ours = str(player.pk)
    assert identities.uid_of(account=account, player=player) == ours
    uids = {ours, ours.upper(), player.external_id, str(uuid4()), ""}
    found = identities.players_by_uid(account=account, uids={ours.upper()})
    assert found == {ours.upper(): player}
    assert set(identities.players_by_uid(account=account, uids=uids).values()) == {player}
    assert not ProviderIdentity.objects.exists()


def test_a_player_without_access_is_meant_only_where_there_is_a_bet_of_theirs(
    knows_our_ids, account, player
):
    uids = {str(player.pk)}
    PartnerAccess.objects.all().delete()
    assert identities.players_by_uid(account=account, uids=uids) == {}
    a_coupon(player, account)
    assert identities.players_by_uid(account=account, uids=uids) == {str(player.pk): player}
