"""Jobs of the providers. Each makes one service call and may run again at any time."""

from providers import cache, keeping


def keep_sessions_alive() -> int:
    """Refresh the sessions at exchanges."""
    return keeping.keep_sessions_alive()


def prune_cache() -> int:
    """Delete answers that nobody reads any more."""
    return cache.prune()
