"""Writes that need not wait for the disk.

A commit that does not wait is seen by everybody at once and survives the death of our process; a
crash of the database's machine may lose the last fraction of a second. That is enough for what
only tells how something went. Money never goes this way.

A statement opts in with what `relaxed` gives as a parameter, by reading from
`set_config('synchronous_commit', coalesce($1, current_setting('synchronous_commit')), true)`.
"""

from django.db import connection


def relaxed() -> str | None:
    """The parameter: `off` for a statement that is a transaction of its own, else no change."""
    return None if connection.in_atomic_block else "off"
