"""What the calls of a piece of work are about, for the call log.

A provider's methods take neutral values, which have no id of ours. Whoever asks says once what it
is about; every call of this thread in the block is then found from there, logins included.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

_subject: ContextVar[tuple[str, UUID | None]] = ContextVar("subject", default=("", None))


@contextmanager
def about(kind: str, subject_id: UUID) -> Iterator[None]:
    """Calls in this block that name no subject of their own are about this one."""
    token = _subject.set((kind, subject_id))
    try:
        yield
    finally:
        _subject.reset(token)


def kind() -> str:
    return _subject.get()[0]


def subject_id() -> UUID | None:
    return _subject.get()[1]
