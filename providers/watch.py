"""Which fields and values of a provider's messages the contract does not know."""

from collections.abc import Sequence
from uuid import UUID


def note(
    *, account_id: UUID, place: str, fields: Sequence[str] = (), values: Sequence[str] = ()
) -> None:
    """Count what was seen at `place`, an operation or an inbound path of this account."""
