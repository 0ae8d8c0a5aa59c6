"""Fixtures of all provider tests."""

from collections.abc import Iterator

import pytest

from tests.providers.scripted import Scripted, scripted_server


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted_server() as running:
        yield running
