"""What can be bet on: the sandbox's world, under gr8's event ids and outcome keys.

Source: documents/gr8.txt, the examples of eventId and of sourceOutcomes.selection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from providers.sandbox.world import RESULTS, Offer, World

# The document's example of an event id; the last part becomes the number of the match.
_GUID = "89595c35-8798-40e4-b532-{:012d}"
_GUID_OF_MATCH = re.compile(r"89595c35-8798-40e4-b532-(\d{12})")
_KEY = re.compile(r"\[(\d+),\[[\d,]*\],\[0\],(\d+),(-?\d+(?:\.\d+)?),\[\]\]")
_RESULT_WEIGHTS = (9, 9, 2)

DOCUMENT_EVENT = "SportsbookAutotesteb648b2b-ba50-475e-9af6-bf6abb4140ab"
DOCUMENT_ODDS = {
    "[2,[],[0],1,3,[]]": Decimal("2.0"),
    "[118,[2],[0],66,11,[]]": Decimal("1.55"),
}


class UnknownEventError(Exception):
    """There is no such event."""


class UnknownKeyError(Exception):
    """The event has no such outcome."""


def event_id(match_id: str) -> str:
    """gr8's id of a match of the world."""
    return _GUID.format(int(match_id))


def outcome_key(code: str) -> str:
    """gr8's key of an outcome that the world calls `market|outcome|parameter`."""
    market, outcome, parameter = code.split("|")
    return f"[{market},[],[0],{outcome},{parameter},[]]"


def find(world: World, event: str, key: str, *, now: float) -> Offer:
    """The outcome as it is on offer now. Raises UnknownEventError or UnknownKeyError."""
    if event == DOCUMENT_EVENT:
        return _document_offer(world, key, now=now)
    named = _GUID_OF_MATCH.fullmatch(event.lower())
    match_id = str(int(named[1])) if named else event
    if all(match.id != match_id for match in world.matches(now=now)):
        raise UnknownEventError(event)
    found = _KEY.fullmatch(key.replace(" ", ""))
    code = "|".join(found.groups()) if found else key
    for is_live in (False, True):
        offer = world.find(match_id, code, is_live=is_live, now=now)
        if offer is not None:
            return offer
    raise UnknownKeyError(key)


def listed(world: World, *, now: float) -> Iterator[dict[str, Any]]:
    """All that is on offer, as a partner's item names it and as orders of outcomes do."""
    for key, odds in DOCUMENT_ODDS.items():
        yield {"event_id": DOCUMENT_EVENT, "selection": key, "odds": odds, "is_live": False}
    for offer in world.offers(now=now):
        if offer.match_id in {match.id for match in world.matches(now=now)}:
            yield {
                "event_id": event_id(offer.match_id),
                "selection": outcome_key(offer.code),
                "odds": offer.odds,
                "is_live": offer.is_live,
                "blocked": offer.blocked,
                "name": f"{offer.match_name}: {offer.name}",
                "match": offer.match_id,
                "code": offer.code,
            }


def _document_offer(world: World, key: str, *, now: float) -> Offer:
    """The document's event never ends: a bet on it is settled one match length later."""
    if key not in DOCUMENT_ODDS:
        raise UnknownKeyError(key)
    result = world.next_draw("gr8 document").choices(RESULTS, weights=_RESULT_WEIGHTS)[0]
    return Offer(
        match_id=DOCUMENT_EVENT,
        match_name="The document's own event",
        code=key,
        name=f"Outcome {key}",
        odds=DOCUMENT_ODDS[key],
        is_live=False,
        blocked=False,
        starts_at=now + world.match_s / 2,
        ends_at=now + world.match_s,
        result=result,
    )
