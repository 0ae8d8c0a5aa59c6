"""System checks of the house's own rules."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.db import connection


@register()
def jobs_have_no_pool(app_configs: Any, **_: Any) -> list[Error]:
    """A pool does not survive the forks of the job cluster, which then hangs and cannot be stopped.

    The pool may come from the settings or from `?pool=` in DATABASE_URL.
    """
    pooled = connection.settings_dict["OPTIONS"].get("pool")
    if settings.ROLE != "jobs" or not pooled:
        return []
    return [
        Error(
            "The job cluster must not have a connection pool.",
            hint="Remove `pool` from DATABASE_URL, or do not run it with ROLE=web.",
            id="slipdesk.E001",
        )
    ]


@register(Tags.security, deploy=True)
def providers_are_outside(app_configs: Any, **_: Any) -> list[Error]:
    """In production no provider is on our own machine or in our own network."""
    if settings.DEMO or not settings.ALLOW_PRIVATE_PROVIDERS:
        return []
    return [
        Error(
            "ALLOW_PRIVATE_PROVIDERS is for the demo and for tests.",
            hint="Remove it: provider accounts could lead into our own network.",
            id="slipdesk.E002",
        )
    ]
