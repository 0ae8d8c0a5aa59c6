"""The settings are those that the README lists, and a wrong one is named in one line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config import settings
from providers import registry

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = {
    "SECRET_KEY": "k" * 50,
    "HASH_KEY": "h" * 32,
    "ENCRYPTION_KEYS": "dGVzdC1vbmx5LWZlcm5ldC1rZXktdGhpcnR5LXR3by0=",
    "ALLOWED_HOSTS": "slipdesk.example",
    "DATABASE_URL": "postgresql://user:secret@db.example:5432/slipdesk",
}


def load(tmp_path: Path, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of its own; `None` leaves one out."""
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **GOOD, **changes}
    return subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=ROOT,
        env={name: value for name, value in env.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_required_settings_are_enough(tmp_path):
    assert load(tmp_path).returncode == 0


@pytest.mark.parametrize("name", ["SECRET_KEY", "HASH_KEY", "ENCRYPTION_KEYS", "ALLOWED_HOSTS"])
def test_a_missing_one_is_named(tmp_path, name: str):
    done = load(tmp_path, **{name: None})

    assert done.returncode == 1
    assert done.stderr.startswith(f"slipdesk: {name} is required")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("HASH_KEY", "short"),
        ("ENCRYPTION_KEYS", "not-a-key"),
        ("ALLOWED_HOSTS", "https://slipdesk.example/"),
        ("DATABASE_URL", "mysql://user@db.example/slipdesk"),
        ("DATABASE_URL", "postgresql://user:secret@db.example:port/slipdesk"),
        ("DATABASE_URL", "postgresql://user:secret@db.example"),
        ("ROLE", "worker"),
        ("PUBLIC_URL", "slipdesk.example"),
        ("PUBLIC_URL", "http://slipdesk.example:eighty"),
        ("CALLBACK_URL", "ftp://slipdesk.example"),
        ("SANDBOX_URL", "sandbox"),
        ("PLACEMENT_DEADLINE_S", "0"),
        ("PLACEMENT_DEADLINE_S", "2.5"),
        ("PROXY_COUNT", "-1"),
        ("DB_POOL_SIZE", "many"),
        ("JOB_WORKERS", "0"),
        ("PORT", "65536"),
        ("SANDBOX_PORT", "http"),
        ("CALLBACK_PORT", "x"),
        ("HTTPS", "yes"),
        ("DEBUG", "2"),
        ("DEMO", "on"),
        ("ALLOW_PRIVATE_PROVIDERS", "please"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_malformed_one_is_named_without_its_secrets(tmp_path, name: str, value: str):
    done = load(tmp_path, **{name: value})

    assert done.returncode == 1
    assert done.stderr.startswith(f"slipdesk: {name} ")
    assert len(done.stderr.splitlines()) == 1
    assert "secret@" not in done.stderr


def test_the_environment_goes_before_what_the_demo_kept(tmp_path):
    (tmp_path / "demo.env").write_text("SECRET_KEY=short\nHASH_KEY=short\n")

    assert load(tmp_path).returncode == 0
    assert "HASH_KEY" in load(tmp_path, HASH_KEY=None).stderr


def test_the_readme_lists_every_setting_and_no_other():
    table = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    read = set(re.findall(r'\(\s*env, "([A-Z_]+)"', (ROOT / "config" / "settings.py").read_text()))

    assert len(table) == len(set(table))
    assert set(table) == read | {"DATA_DIR"}


def test_no_vendor_waits_longer_for_a_connection_than_for_its_answer():
    """With every connection in use the answer is a definite error, in time."""
    routes = [route for name in registry.PROVIDERS for route in registry.get(name).routes]
    times = [route.answer_within_s for route in routes if route.answer_within_s]

    assert times
    assert settings._POOL["timeout"] <= min(times)
