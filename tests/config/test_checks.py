from typing import Any

import pytest
from django.db import connection

from config.checks import jobs_have_no_pool


@pytest.mark.parametrize(
    ("role", "pool", "found"),
    [
        ("jobs", {"min_size": 2}, ["slipdesk.E001"]),
        ("jobs", "true", ["slipdesk.E001"]),
        ("jobs", None, []),
        ("web", {"min_size": 2}, []),
    ],
)
def test_the_job_cluster_has_no_pool(
    settings: Any, monkeypatch: pytest.MonkeyPatch, role: str, pool: object, found: list[str]
):
    settings.ROLE = role
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "pool", pool)

    assert [error.id for error in jobs_have_no_pool(None)] == found
