"""The one place where chance comes from, so that a seed repeats a whole run."""

import random


def dice(*parts: object) -> random.Random:
    """A generator that is the same for the same parts, in every process."""
    # A simulation must be repeatable; nothing secret is drawn from it.
    return random.Random("/".join(map(str, parts)))  # noqa: S311
