from collections.abc import Iterator

import pytest

from tests.demo.running import Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One running demo for all tests that leave it as they found it."""
    demo = Demo(tmp_path_factory.mktemp("demo") / "data")
    try:
        yield demo.start()
    finally:
        if demo.process and demo.process.poll() is None:
            demo.stop()


@pytest.fixture
def fresh(tmp_path) -> Iterator[Demo]:
    """A demo of the test's own, not started yet; whatever the test leaves is ended."""
    demo = Demo(tmp_path / "data")
    yield demo
    for process in demo.processes():
        process.kill()
