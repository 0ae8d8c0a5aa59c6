"""Accounts of the scripted engine."""

import pytest

from providers.models import ProviderAccount
from tests.factories.superbet import make_superbet
from tests.providers.scripted import Scripted, reply
from tests.providers.superbet.asked import OPEN, PAID, RESERVE, RESERVED


@pytest.fixture
def account(server: Scripted, db) -> ProviderAccount:
    server.on(RESERVE, reply(RESERVED))
    server.on(PAID, reply(OPEN))
    return make_superbet(server.url)
