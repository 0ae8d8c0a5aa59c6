"""Who did it, in words: every app writes actors in the same form."""

from config.staff.display import NOTHING

_ACTORS = {
    "provider": "the provider, by {}",
    "staff": "{} (staff)",
    "partner": "partner {}",
}
_JOBS = {
    "sweep": "the sweep of overdue coupons",
    "resolver": "the job that asks providers again",
    "watch": "the job that reads the exchange",
}


def actor_in_words(actor: str) -> str:
    """`eve (staff)` for `staff:eve`; what has no such form stands as it is."""
    kind, _, name = actor.partition(":")
    if name and kind in _ACTORS:
        return _ACTORS[kind].format(name)
    return _JOBS.get(actor, actor) or NOTHING
