"""One folder for each provider, with the same things in it, and nothing of it anywhere else.

A further provider is its folder, its line of the registry and its tests: these tests then ask for
the rest.
"""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from providers import registry
from providers.sandbox.registry import PROVIDERS as SIMULATED
from tests.providers.samples import cases
from tests.providers.suite.inbound import InboundSuite
from tests.providers.suite.outgoing import OutgoingSuite

ROOT = Path(__file__).resolve().parent.parent.parent
PROVIDERS = ROOT / "providers"
NAMES = registry.names()
APPS = ("bets", "config", "providers", "wallets", "webhooks")
# The demo says which of them a second partner may use.
KNOWS_THEM = {PROVIDERS / "registry.py", ROOT / "config" / "demo" / "data.py"}


def product_files() -> Iterator[Path]:
    """Every module that belongs to no single provider."""
    folders = [PROVIDERS / name for name in NAMES]
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if path not in KNOWS_THEM and not any(folder in path.parents for folder in folders):
                yield path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def texts(path: Path) -> Iterator[str]:
    """The text constants of a module, its docstrings excepted."""
    tree = ast.parse(path.read_text())
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def belongs_to(module: str, name: str) -> bool:
    return f"{module}.".startswith(f"providers.{name}.")


def readme(name: str) -> str:
    return (PROVIDERS / name / "README.md").read_text()


def section(text: str, title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The rows of a table below its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("name", NAMES)
def test_the_folder_has_what_every_folder_has(name):
    folder = PROVIDERS / name

    for part in ("protocol", "client", "sandbox"):
        assert (folder / f"{part}.py").exists() or (folder / part / "__init__.py").exists(), part
    assert registry.get(name).name == name


@pytest.mark.parametrize("name", NAMES)
def test_the_sandbox_speaks_for_it(name):
    assert name in {each.name for each in SIMULATED}


def test_the_sandbox_simulates_nothing_else():
    assert {each.name for each in SIMULATED} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_suite_is_run_for_it(name):
    """Whatever is asked of it is tried, and whatever it asks of us."""
    tried = vars(import_module(f"tests.providers.{name}.test_suite")).values()
    suites = [each for each in tried if isinstance(each, type) and each.__name__.startswith("Test")]
    provider = registry.get(name)
    calls_out = provider.capabilities - {"wallet", "results"}

    assert all(each.provider == name for each in suites)
    assert any(issubclass(each, InboundSuite) for each in suites) or not provider.routes
    assert any(issubclass(each, OutgoingSuite) for each in suites) or not calls_out
    assert cases(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_used(name):
    """A sample that no test names proves nothing."""
    used = "".join(
        path.read_text() for path in sorted((ROOT / "tests" / "providers" / name).rglob("*.py"))
    )
    patterns = {re.sub(r"\d+", "", case) for case in cases(name)}

    for pattern in patterns:
        stem = pattern.rstrip("_")
        assert stem in used or stem.partition("_")[2] in used, pattern


@pytest.mark.parametrize("name", NAMES)
def test_open_points_are_listed_with_what_covers_each(name):
    points = rows(section(readme(name), "Open points"))

    assert points
    assert all(len(row) == 2 and all(row) for row in points)


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_and_secret_is_explained(name):
    provider = registry.get(name)
    declared = {each.name for each in (*provider.settings, *provider.secrets)}
    named = set(re.findall(r"`([\w.]+)(?:[=:][^`]*)?`", readme(name)))

    assert declared - named - {each.name for each in registry.COMMON_SETTINGS} == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_folder_imports_another(name):
    others = [other for other in NAMES if other != name]
    for path in (PROVIDERS / name).rglob("*.py"):
        for module in imported(path):
            assert not any(belongs_to(module, other) for other in others), (path, module)


@pytest.mark.parametrize("name", NAMES)
def test_the_simulated_provider_shares_no_code_with_the_real_one(name):
    for path in (PROVIDERS / name).rglob("*.py"):
        if "sandbox" not in path.relative_to(PROVIDERS / name).parts[0]:
            continue
        for module in imported(path):
            own = belongs_to(module, name) and not belongs_to(module, f"{name}.sandbox")
            assert not own, (path, module)
            assert module.partition(".")[0] != "django", (path, module)


def test_the_rest_knows_no_provider_by_name():
    """Neither imports one nor asks for one: what differs is declared by the provider."""
    for path in product_files():
        for name in NAMES:
            assert not any(belongs_to(module, name) for module in imported(path)), (path, name)
            assert not any(name in text.lower() for text in texts(path)), (path, name)
