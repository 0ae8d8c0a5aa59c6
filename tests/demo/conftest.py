import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.running import Demo

# Not pytest's own temporary directories: each run closes those to other users, and the database
# of a root user runs as another one.


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """One running demo for all tests that leave it as they found it."""
    with tempfile.TemporaryDirectory(prefix="slipdesk-demo-") as directory:
        demo = Demo(Path(directory) / "data")
        try:
            yield demo.start()
        finally:
            demo.end()


@pytest.fixture
def fresh() -> Iterator[Demo]:
    """A demo of the test's own, not started yet; whatever the test leaves is ended."""
    with tempfile.TemporaryDirectory(prefix="slipdesk-demo-") as directory:
        demo = Demo(Path(directory) / "data")
        yield demo
        demo.end()


@pytest.fixture
def other() -> Iterator[Demo]:
    """Another one beside `fresh`."""
    with tempfile.TemporaryDirectory(prefix="slipdesk-demo-") as directory:
        demo = Demo(Path(directory) / "data")
        yield demo
        demo.end()
