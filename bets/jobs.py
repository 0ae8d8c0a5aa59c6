"""Jobs of the domain. Each loads what it needs, makes one service call and may run again."""

from django.utils import timezone

from bets.services.exchange import watching
from bets.services.following_up import polling, resolution, resolver
from bets.services.players import limits, registrations, tokens


def sweep_coupons() -> int:
    """Look at coupons that nothing happened to for too long."""
    return resolution.sweep(now=timezone.now())


def purge_player_tokens() -> int:
    """Delete a batch of players' tokens that have expired; returns how many."""
    return tokens.prune(now=timezone.now())


def resolve_coupons() -> int:
    """Ask providers what became of coupons without a clear answer."""
    return resolver.ask_due(now=timezone.now())


def poll_results() -> int:
    """Ask providers for results that are overdue."""
    return polling.poll_due(now=timezone.now())


def send_limits() -> int:
    """Tell providers of players' new limit multipliers. Woken by each, and by a schedule."""
    return limits.send_due(now=timezone.now())


def send_registrations() -> int:
    """Tell providers of players. Woken by each, and by a schedule."""
    return registrations.send_due(now=timezone.now())


def watch_exchange() -> int:
    """Read the markets on which orders wait, and resolve orders without an answer."""
    return watching.run(now=timezone.now())
