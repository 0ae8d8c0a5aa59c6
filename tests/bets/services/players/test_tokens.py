from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from bets.jobs import purge_player_tokens
from bets.models import Player, PlayerToken
from bets.services.players import tokens
from providers.models import ProviderAccount

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def test_a_token_stands_for_its_player_until_it_expires(
    player: Player, account: ProviderAccount, now: datetime
):
    token = tokens.issue(player=player, account=account, now=now)
    nearly = now + timedelta(minutes=14, seconds=59)

    assert tokens.resolve(account=account, token=token, now=nearly) == player
    assert tokens.resolve(account=account, token=token, now=now + timedelta(minutes=15)) is None


def test_several_tokens_are_in_force_at_once_and_each_is_its_own_players(
    new_player: Callable[..., Player], account: ProviderAccount, now: datetime
):
    ada, ben = new_player("ada"), new_player("ben")
    issued = [tokens.issue(player=each, account=account, now=now) for each in (ada, ada, ben)]

    assert len(set(issued)) == 3
    found = [tokens.resolve(account=account, token=token, now=now) for token in issued]
    assert found == [ada, ada, ben]


def test_a_token_is_worth_nothing_at_another_account(
    player: Player, account: ProviderAccount, wallet_account: ProviderAccount, now: datetime
):
    token = tokens.issue(player=player, account=account, now=now)

    assert tokens.resolve(account=wallet_account, token=token, now=now) is None


@pytest.mark.parametrize("token", ["", "x", "\x00", "a" * 101, "ü" * 43])
def test_anything_else_is_nobody(account: ProviderAccount, now: datetime, token: str):
    assert tokens.resolve(account=account, token=token, now=now) is None


def test_the_token_itself_is_not_stored(player: Player, account: ProviderAccount, now: datetime):
    token = tokens.issue(player=player, account=account, now=now)

    row = PlayerToken.objects.values_list("id", "digest", "player", "account").get()
    assert len(bytes(row[1])) == 32
    assert token not in str(row)
    assert token.encode() not in bytes(row[1])


def test_expired_tokens_are_purged_in_batches_and_no_other(
    player: Player, account: ProviderAccount, now: datetime
):
    for minutes in (60, 50, 40, 0):
        tokens.issue(player=player, account=account, now=now - timedelta(minutes=minutes))

    assert tokens.prune(now=now, batch=2) == 2
    assert purge_player_tokens() == 1
    assert purge_player_tokens() == 0
    assert PlayerToken.objects.get().expires_at == now + timedelta(minutes=15)
