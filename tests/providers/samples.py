"""Wire samples: bytes as they travel, in folders named for the case."""

from pathlib import Path

_ROOT = Path(__file__).parent


def sample(provider: str, case: str, kind: str = "") -> bytes:
    """The one message of a case, or with `kind` that of several: `request` or `response`."""
    (path,) = (_ROOT / provider / "samples" / case).glob(f"{kind}*" if kind else "*")
    return path.read_bytes()


def cases(provider: str) -> tuple[str, ...]:
    """The names of a provider's samples."""
    return tuple(sorted(path.name for path in (_ROOT / provider / "samples").iterdir()))
