"""Wire samples: bytes as they travel, in folders named for the case."""

from pathlib import Path

_ROOT = Path(__file__).parent


def sample(provider: str, case: str) -> bytes:
    """The one message of a case."""
    (path,) = (_ROOT / provider / "samples" / case).iterdir()
    return path.read_bytes()
