"""What a look at a market asks, over real HTTP."""

import pytest
from django.utils import timezone

from bets.models import ExchangeMarket
from bets.services.exchange import reading
from providers import health
from providers.contract import ReadRefused
from providers.transport import Deadline
from tests.factories.betflag import make_exchange
from tests.providers.betflag.asked import MARKET, answer
from tests.providers.scripted import scripted_server


@pytest.mark.django_db
@pytest.mark.parametrize("wholly", [False, True])
def test_a_markets_state_is_asked_while_the_account_is_suspended(wholly):
    with scripted_server() as server:
        server.on("POST /security/session", answer("login"))
        account = make_exchange(server.url)
        market = ExchangeMarket(account=account, market_id=MARKET)
        health.suspend(
            account_id=account.pk, by="ada", reason="Audit.", now=timezone.now(), wholly=wholly
        )

        with pytest.raises(ReadRefused) as refused:
            reading.state_of(market, Deadline(5))

        assert ("suspended" in str(refused.value)) is wholly
        assert bool(server.received) is not wholly
