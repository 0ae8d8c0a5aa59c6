import time
from pathlib import Path

import pytest

from config import heartbeat
from config.demo import stall
from config.demo.processes import Child, Program

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stall, "_next_look_at", 0.0)


def a_cluster(*, age_s: float) -> Child:
    program = Program("jobs", ("true",), "jobs", "job cluster")
    return Child(program=program, log=Path("unused"), started_at=time.monotonic() - age_s)


def test_a_cluster_whose_canary_is_overdue_has_stalled():
    assert stall.has_stalled(a_cluster(age_s=400))


def test_one_that_ran_its_canary_has_not():
    heartbeat.beat(heartbeat.CANARY, seconds=heartbeat.CANARY_LIFE_S)

    assert not stall.has_stalled(a_cluster(age_s=400))


def test_a_young_one_has_time():
    assert not stall.has_stalled(a_cluster(age_s=10))
