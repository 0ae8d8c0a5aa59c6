"""Writing off what a player owes."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from bets.services import debts
from tests.factories.bets import a_partner, a_player
from tests.factories.wallets import clawback, post_one
from wallets import queries as ledger
from wallets import services as posting

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    player = a_player(a_partner("acme"), external_id="ada", balance="100.00")
    post_one(clawback(player.wallet_id, "130.00"))
    return player


def _write_off(player, amount, request_id=None):
    return debts.write_off(
        player=player,
        amount=Decimal(amount),
        request_id=request_id or uuid4(),
        actor="staff:eve",
        reason="Goodwill",
        now=timezone.now(),
    )


def _owed(player) -> Decimal:
    return ledger.balances([player.wallet_id])[player.wallet_id].owed


def test_a_part_is_forgiven_at_the_cost_of_the_house(ada):
    _write_off(ada, "20.00")
    assert _owed(ada) == Decimal("-10.00")
    house = posting.house(owner="partner:acme", purpose=posting.Purpose.WRITE_OFFS, currency="EUR")
    assert ledger.house_balance(address=house) == Decimal("-20.00")


def test_the_same_request_again_moves_nothing(ada):
    request_id = uuid4()
    _write_off(ada, "20.00", request_id)
    assert _write_off(ada, "20.00", request_id).repeated
    assert _owed(ada) == Decimal("-10.00")


def test_more_than_is_owed_is_refused(ada):
    with pytest.raises(posting.ExceedsDebt):
        _write_off(ada, "30.01")
    assert _owed(ada) == Decimal("-30.00")
