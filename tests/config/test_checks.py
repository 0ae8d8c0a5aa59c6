from typing import Any

import pytest
from django.core.checks import Tags, run_checks
from django.db import connection

from config.checks import jobs_have_no_pool, providers_are_outside


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


@pytest.mark.parametrize(
    ("demo", "allowed", "found"),
    [(False, True, ["slipdesk.E002"]), (True, True, []), (False, False, [])],
)
def test_no_provider_is_in_our_own_network_in_production(
    settings: Any, demo: bool, allowed: bool, found: list[str]
):
    settings.DEMO, settings.ALLOW_PRIVATE_PROVIDERS = demo, allowed

    deployed = run_checks(tags=[Tags.security], include_deployment_checks=True)

    assert [error.id for error in deployed if str(error.id).startswith("slipdesk")] == found
    assert [error.id for error in providers_are_outside(None)] == found
