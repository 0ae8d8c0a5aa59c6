"""The state of a market, which lies beside whatever else is said of it. No I/O."""

from collections.abc import Mapping

from providers.betflag.protocol.reading import Notes, Object, whole

MARKET_STATE = frozenset(
    {"stato_betflag", "stato_sogei", "versione", "live", "ritardo_live", "data"}
)
OPEN = "open"


def market_status(found: Object, statuses: Mapping[str, str], notes: Notes) -> str:
    """`open` only if both states are; else the one that is not, by its code where unnamed."""
    seen = OPEN
    for name in ("stato_betflag", "stato_sogei"):
        code = str(whole(found, name))
        if code not in statuses:
            notes.value(name, code)
        if seen == OPEN:
            seen = statuses.get(code, code)
    return seen
