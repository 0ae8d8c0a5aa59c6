"""The README's commands, run against a demo as they stand there."""

import re
import subprocess

import pytest

from tests.demo.running import ROOT, Demo

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# These run in CI as they stand: `make test` runs this test, and it starts `make demo`.
RUN_ELSEWHERE = {"make demo\n", "make test\n"}


def walk() -> list[str]:
    blocks = BLOCK.findall((ROOT / "README.md").read_text())
    assert set(blocks) > RUN_ELSEWHERE
    return [block for block in blocks if block not in RUN_ELSEWHERE]


def flows() -> list[str]:
    """Those of the sandbox's page, with the helpers that the README defines."""
    helpers, *_ = walk()
    return [helpers, *BLOCK.findall((ROOT / "docs" / "sandbox.md").read_text())]


def run(demo: Demo, blocks: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", "\n".join(["set -euo pipefail", *blocks])],
        cwd=ROOT,
        env={name: demo.env[name] for name in ("PATH", "HOME", "DATA_DIR")},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.demo
@pytest.mark.xdist_group("demo")
def test_one_flow_of_each_provider(demo: Demo):
    done = run(demo, flows())

    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.replace(" ", "")
    assert '"payout":"20.00"' in said
    assert '"provider_account":"superbet"' in said
    assert '"withholding":"' in said
    assert '"matched":"2.00"' in said


@pytest.mark.demo
@pytest.mark.xdist_group("demo")
def test_the_walk(demo: Demo):
    done = run(demo, walk())
    selection = {"match": "586464528", "selection": "17|954|2.5", "result": "random"}
    demo.order("/outcomes", selection)

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"status":"accepted"' in done.stdout.replace(" ", "")
    assert '"available":"82.70"' in done.stdout.replace(" ", "")


def test_every_document_that_the_readme_names_exists():
    named = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text())

    missing = [name for name in named if "://" not in name and not (ROOT / name).exists()]

    assert missing == []
