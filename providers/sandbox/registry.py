"""The providers that the sandbox simulates: every folder beside this one that has a `sandbox`.

It is a module or a package of the folder whose `SANDBOX` is the class.
"""

from importlib import import_module
from pathlib import Path
from typing import cast

from providers.sandbox.contract import SandboxProvider

_PROVIDERS = Path(__file__).parent.parent


def _names() -> list[str]:
    found = (*_PROVIDERS.glob("*/sandbox.py"), *_PROVIDERS.glob("*/sandbox/__init__.py"))
    return sorted(path.relative_to(_PROVIDERS).parts[0] for path in found)


def _sandbox(name: str) -> type[SandboxProvider]:
    return cast("type[SandboxProvider]", import_module(f"providers.{name}.sandbox").SANDBOX)


PROVIDERS: tuple[type[SandboxProvider], ...] = tuple(map(_sandbox, _names()))
