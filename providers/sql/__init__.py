"""The SQL of the call log, which migrations install.

As functions, because the database keeps the plan of what is inside a function, also behind a
pooling proxy; planning each statement anew would cost more than running it.
"""

from pathlib import Path


def read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
