"""The betting providers that Slipdesk knows, one line each.

They are named by path and loaded at first use, so that the models can ask for a declared default
without importing any provider's client.
"""

from functools import cache
from typing import cast

from django.utils.module_loading import import_string

from providers.contract import Declared, Provider

PROVIDERS = {
    "betcalc": "providers.betcalc.client.Betcalc",
    "betflag": "providers.betflag.client.Betflag",
    "betflex": "providers.betflex.client.Betflex",
    "gr8": "providers.gr8.client.Gr8",
    "superbet": "providers.superbet.client.Superbet",
}


# What every account may have, whatever its provider declares.
COMMON_SETTINGS: tuple[Declared, ...] = (
    Declared(
        name="rate_per_s",
        label="Calls a second",
        help="Calls of this account wait for their turn beyond it; empty means no limit.",
        check="pattern",
        pattern=r"(?!0+(\.0+)?$)\d{1,4}(\.\d{1,3})?",
    ),
    Declared(
        name="rate_burst",
        label="Calls at once",
        help="How many may go at once after a pause, a whole number; a second's worth if empty.",
        check="pattern",
        pattern=r"[1-9]\d{0,3}",
    ),
)


class UnknownProvider(Exception):
    """There is no provider of this name."""


@cache
def get(name: str) -> Provider:
    """The one instance of a provider. Raises `UnknownProvider`."""
    if name not in PROVIDERS:
        raise UnknownProvider(f"{name!r} is not one of {', '.join(PROVIDERS)}")
    return cast(Provider, import_string(PROVIDERS[name])())


def all() -> tuple[Provider, ...]:
    """Every provider, in the order of the table."""
    return tuple(get(name) for name in PROVIDERS)


def names() -> tuple[str, ...]:
    return tuple(PROVIDERS)


def settings_of(provider: str) -> tuple[Declared, ...]:
    """Every setting that accounts of a provider have. Raises `UnknownProvider`."""
    return (*get(provider).settings, *COMMON_SETTINGS)


def declared_setting(provider: str, name: str) -> Declared:
    """What a provider declares of one setting. Raises `KeyError` for a name it does not have."""
    for declared in settings_of(provider):
        if declared.name == name:
            return declared
    raise KeyError(f"{provider} declares no setting {name!r}")
