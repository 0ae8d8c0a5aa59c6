from decimal import Decimal
from pathlib import Path

import pytest

from providers.sandbox.state import StateError, StateFile


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    file = StateFile(path)
    file.touch()
    file.save(lambda: {"betcalc": {"amount": Decimal("2.50")}})
    assert StateFile(path).read() == {"betcalc": {"amount": Decimal("2.50")}}
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    StateFile(tmp_path / "state.json").save(lambda: {"a": 1})
    assert list(tmp_path.iterdir()) == []


def test_without_a_file_there_is_nothing_to_read(tmp_path: Path) -> None:
    assert StateFile(tmp_path / "state.json").read() == {}
    assert StateFile(None).read() == {}


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_file_that_is_not_ours_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(StateError, match=r"state\.json"):
        StateFile(path).read()
