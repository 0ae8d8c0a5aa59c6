"""The two files that the demo keeps, readable for their owner only: `demo.env`, `demo.json`."""

import json
import os
from pathlib import Path
from typing import Any

ENV = "demo.env"
REPORT = "demo.json"


def read_env(data_dir: Path) -> dict[str, str]:
    """What a former start kept, or nothing."""
    file = data_dir / ENV
    if not file.exists():
        return {}
    pairs = (line.partition("=") for line in file.read_text().splitlines())
    return {name: value for name, _, value in pairs if value and not name.startswith("#")}


def write_env(data_dir: Path, values: dict[str, str]) -> None:
    lines = ["# Written by `manage.py demo`; every command with this DATA_DIR reads it."]
    lines += [f"{name}={value}" for name, value in sorted(values.items())]
    _replace(data_dir / ENV, "\n".join([*lines, ""]))


def read_report(data_dir: Path) -> dict[str, Any]:
    """The last report, or nothing if there is none or it was cut short."""
    try:
        report = json.loads((data_dir / REPORT).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}


def write_report(data_dir: Path, report: dict[str, Any]) -> None:
    _replace(data_dir / REPORT, json.dumps(report, indent=2) + "\n")


def _replace(file: Path, text: str) -> None:
    """Readers see the former content or the whole new one."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as writing:
        writing.write(text)
    draft.replace(file)
