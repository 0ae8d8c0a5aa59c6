"""What somebody needs who wants to use the running demo: printed, and kept in `demo.json`."""

import os
from pathlib import Path
from typing import Any

from config.demo import files
from config.demo.data import DemoData


def written(data_dir: Path, made: DemoData) -> dict[str, Any]:
    """Write `demo.json` and return its content."""
    content = {
        "base_url": os.environ["PUBLIC_URL"],
        "sandbox_url": os.environ["SANDBOX_URL"],
        "staff": made.staff,
        "partners": made.partners,
        "providers": {
            name: {"code": account.code, "callback_base": account.callback_base}
            for name, account in made.providers.items()
        },
    }
    files.write_report(data_dir, content)
    return content


def show(content: dict[str, Any]) -> None:
    """The address, the logins and the key, then what ends it."""
    lines = ["", f"Slipdesk is ready: {content['base_url']}", "", "Staff:"]
    lines += [f"  {who['username']:<12} {who['password']}" for who in content["staff"]]
    lines += ["", "API keys:"]
    lines += [f"  {partner['code']:<12} {partner['api_key']}" for partner in content["partners"]]
    print("\n".join([*lines, "", "Ctrl-C ends it.", ""]), flush=True)
