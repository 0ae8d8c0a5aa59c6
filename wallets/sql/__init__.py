"""The ledger's SQL. Migrations install these files; each can be installed again."""

from pathlib import Path


def read(name: str) -> str:
    """The text of one of the files."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
