"""Events and their markets. No I/O.

Source: `documents/betflag.txt`, "NAVIGATION". The document elides what is inside; the names are
those that public clients read, with the other names of the same thing that occur beside them.

A menu holds thousands of small objects, so they are read without a reader object for each.
"""

from functools import lru_cache

from providers import wire
from providers.betflag.protocol import reading
from providers.betflag.protocol.reading import Notes, Object, objects, text
from providers.contract import Event, Market, MarketSelection, WrongShape

_SPORT = frozenset({"ds", "cs", "n"})
_NATION = frozenset({"dn", "cn", "m"})
_COMPETITION = frozenset({"dm", "cm", "a"})
_EVENT = frozenset({"id", "da", "dt", "s"})
_MARKET = frozenset({"id", "id_mercato", "ds", "des", "e", "esi", "iad", "versione"})
_SELECTION = frozenset({"id", "cod", "c", "de", "des", "d"})
_DETAIL = frozenset({"cs", "ds", "cm", "dm", "match_id", "pal", "cod", "data", "des", "lg", "sco"})


def read_menu(found: Object, notes: Notes) -> tuple[Event, ...]:
    """The events of a menu, `d[].n[].m[].a[]`, in its order."""
    notes.names(found, "", frozenset({"d"}))
    return tuple(event for sport in objects(found, "d") for event in _events_of_sport(sport, notes))


def _events_of_sport(sport: Object, notes: Notes) -> list[Event]:
    notes.names(sport, "d[].", _SPORT)
    sport_name = text(sport, "ds")
    events: list[Event] = []
    for nation in objects(sport, "n"):
        notes.names(nation, "d[].n[].", _NATION)
        for competition in objects(nation, "m"):
            notes.names(competition, "d[].n[].m[].", _COMPETITION)
            name = text(competition, "dm", default=text(nation, "dn", default=""))
            events += [
                _event(event, sport=sport_name, competition=name, notes=notes)
                for event in objects(competition, "a")
            ]
    return events


def _event(found: Object, *, sport: str, competition: str, notes: Notes) -> Event:
    notes.names(found, "d[].n[].m[].a[].", _EVENT)
    event_id = reading.identity(found, "id")
    starts_at = reading.moment(found, "dt")
    if starts_at is None and found.get("dt") is not None:
        notes.value("dt", "not a time")
    return Event(
        id=event_id,
        name=text(found, "da"),
        sport=sport,
        competition=competition,
        starts_at=starts_at,
        markets=_markets(objects(found, "s", default=()), event_id, "d[].n[].m[].a[].s[].", notes),
    )


def read_event_markets(found: Object, notes: Notes, *, event_id: str) -> Event:
    """One event with its markets, `sco[]`."""
    notes.names(found, "", _DETAIL)
    starts_at = reading.moment(found, "data")
    if starts_at is None and found.get("data") is not None:
        notes.value("data", "not a time")
    return Event(
        id=event_id,
        name=text(found, "des"),
        sport=text(found, "ds", default=""),
        competition=text(found, "dm", default=""),
        starts_at=starts_at,
        markets=_markets(objects(found, "sco"), event_id, "sco[].", notes),
    )


def _markets(found: list[Object], event_id: str, where: str, notes: Notes) -> tuple[Market, ...]:
    return tuple(_market(market, event_id, where, notes) for market in found)


def _market(found: Object, event_id: str, where: str, notes: Notes) -> Market:
    notes.names(found, where, _MARKET)
    version = reading.first(found, "versione")
    return Market(
        id=reading.identity(found, "id", "id_mercato"),
        name=_with_line(text(found, "ds", "des"), found),
        event_id=event_id,
        version=None if version is None else reading.whole(found, "versione"),
        selections=_selections(found, where, notes),
    )


def _with_line(name: str, found: Object) -> str:
    """Markets of one event that differ in their line alone can be told apart by name."""
    line = found.get("iad")
    if line is None or line == 0:
        return name
    number = wire.as_decimal(line)
    if number is not None:
        return f"{name} {wire.decimal_text(number)}" if number else name
    if not isinstance(line, str):
        raise WrongShape("iad", "must be a line")
    return f"{name} {line.strip()}".strip()


def _selections(found: Object, where: str, notes: Notes) -> tuple[MarketSelection, ...]:
    name = "e" if found.get("e") is not None else "esi"
    return tuple(
        _selection(selection, f"{where}{name}[].", notes)
        for selection in objects(found, name, default=())
    )


def _selection(found: Object, where: str, notes: Notes) -> MarketSelection:
    """Most markets of a menu have the same few selections: those are read once."""
    number, label = found.get("id"), found.get("de")
    if len(found) == 2 and type(number) is int and type(label) is str:
        return _usual_selection(number, label)
    notes.names(found, where, _SELECTION)
    return MarketSelection(
        id=reading.identity(found, "id", "cod", "c"),
        label=text(found, "de", "des", "d", default=""),
    )


@lru_cache(maxsize=4096)
def _usual_selection(number: int, label: str) -> MarketSelection:
    return MarketSelection(
        id=reading.identity({"id": number}, "id"), label=text({"de": label}, "de")
    )
