"""What the sandbox gives to a provider, and what it asks of one.

A further provider is a class that fits `SandboxProvider`, named `SANDBOX` in its folder's `sandbox`
module or package.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from providers.sandbox.courier import Courier
from providers.sandbox.faults import FaultBoard, FaultPoints
from providers.sandbox.journal import Journal
from providers.sandbox.messages import Routes
from providers.sandbox.state import StateFile
from providers.sandbox.world import World


@dataclass
class Options:
    """How a sandbox is started; times are in seconds.

    `provider_settings` holds what each provider is started with, by its name.
    """

    match_s: float = 40
    seed: int = 1
    retry_s: float = 1
    allow_remote: bool = False
    auto_settle: bool = True
    verbose: bool = False
    state_path: Path | None = None
    provider_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Surroundings:
    """What all providers share."""

    options: Options
    world: World
    faults: FaultBoard
    courier: Courier
    journal: Journal
    state: StateFile


class SandboxProvider(Protocol):
    """One simulated provider. Its methods are called from many threads at once.

    `routes` are served under `/<name>`, and at the root too if `at_root`; `order_routes` are
    served under `/_sandbox/<name>`, and the first line of each handler's docstring explains it.
    One that calls us takes the order `PUT /target`, `{"callback_base": …}`.

    A class may have what the demo's account of it is given: `demo_settings` and `demo_secrets`,
    with `{sandbox}` for the sandbox's address, `demo_target` with what its target says besides our
    address, and `demo_users = True` if the target lists the players it may bet for by itself
    (`Demo`). `fault_words` says what the faults do that are its
    own, one sentence each. It may be `Configurable` as well.
    """

    name: str
    at_root: bool
    fault_points: FaultPoints
    reject_codes: frozenset[str]

    def __init__(self, around: Surroundings, settings: Mapping[str, Any]) -> None: ...

    @property
    def routes(self) -> Routes:
        """The provider's own wire."""

    @property
    def order_routes(self) -> Routes:
        """The orders that only this provider takes."""

    def tick(self, now: float) -> None:
        """Do what is due; called several times a second with the unix time."""

    def settle_all(self, now: float) -> int:
        """Settle everything that is open, at once; says how many."""

    def dump(self) -> dict[str, Any]:
        """What a restart needs, as JSON."""

    def load(self, kept: dict[str, Any], now: float) -> None:
        """Take up what an earlier run kept."""


@runtime_checkable
class Configurable(Protocol):
    """A provider's class that takes options of the command, named `--<provider>-…`."""

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        """Declare the options."""

    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> dict[str, Any]:
        """What the class is started with, from the options as they were parsed."""


def configurable(provider: type[SandboxProvider]) -> Configurable | None:
    """The class as one that takes options of the command, if it does."""
    found: object = provider
    return found if isinstance(found, Configurable) else None


@dataclass(frozen=True)
class Demo:
    """What the demo's account at a simulated provider is given, and what its target says."""

    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    target: Mapping[str, str]
    lists_users: bool

    @classmethod
    def of(cls, provider: type[SandboxProvider], *, sandbox_url: str) -> Demo:
        """Read a class; every attribute may be missing."""
        return cls(
            settings=_placed(getattr(provider, "demo_settings", {}), sandbox_url),
            secrets=_placed(getattr(provider, "demo_secrets", {}), sandbox_url),
            target=dict(getattr(provider, "demo_target", {})),
            lists_users=bool(getattr(provider, "demo_users", False)),
        )


def _placed(values: Mapping[str, str], sandbox_url: str) -> dict[str, str]:
    return {name: value.replace("{sandbox}", sandbox_url) for name, value in values.items()}
