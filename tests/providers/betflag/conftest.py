"""An account at a scripted exchange."""

import pytest

from providers.betflag.client import Betflag
from providers.cache import Cache
from tests.factories.betflag import make_exchange
from tests.providers.betflag.asked import BALANCE, BOOK, LOGIN, PLACE, answer
from tests.providers.scripted import Scripted


@pytest.fixture
def account(server: Scripted, db):
    server.on(LOGIN, answer("login"))
    server.on(BALANCE, answer("balance"))
    server.on(PLACE, answer("place"))
    server.on(BOOK, answer("book"))
    return make_exchange(server.url)


@pytest.fixture
def betflag() -> Betflag:
    """With a cache of its own, so that no test reads what another has kept."""
    return Betflag(cache=Cache())
