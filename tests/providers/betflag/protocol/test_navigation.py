"""Events and their markets."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from providers import wire
from providers.betflag.protocol import navigation
from providers.betflag.protocol.reading import Notes
from providers.contract import Event, Market, MarketSelection, WrongShape
from tests.factories.betflag import build_menu
from tests.providers.samples import sample

ROME = ZoneInfo("Europe/Rome")
RESULT = Market(
    id="813016",
    name="ESITO FINALE 1X2",
    event_id="411222",
    selections=(
        MarketSelection(id="1", label="1"),
        MarketSelection(id="2", label="X"),
        MarketSelection(id="3", label="2"),
    ),
)
GOALS = Market(
    id="813017",
    name="UNDER/OVER 2.5",
    event_id="411222",
    selections=(
        MarketSelection(id="1", label="UNDER"),
        MarketSelection(id="2", label="OVER"),
    ),
)
LAZIO = Event(
    id="411222",
    name="Lazio - Hellas Verona",
    sport="CALCIO",
    competition="Serie A",
    starts_at=datetime(2020, 12, 12, 20, 45, tzinfo=ROME),
    markets=(RESULT, GOALS),
)


def message(case: str):
    return wire.loads(sample("betflag", case, "response"))


def test_a_menu_is_read_flat():
    notes = Notes()

    first, second = navigation.read_menu(message("menu"), notes)

    assert first == LAZIO
    assert (second.sport, second.competition, second.markets) == ("TENNIS", "ATP Roma", ())
    assert (notes.fields, notes.values) == (set(), set())


def test_an_event_with_its_markets_is_read():
    notes = Notes()

    found = navigation.read_event_markets(message("event_markets"), notes, event_id="411222")

    assert found == LAZIO
    assert notes.fields == set()


def test_the_other_names_of_the_same_are_read():
    """Public clients look for either."""
    found = message("event_markets")
    found["sco"] = [
        {"id_mercato": "5", "des": "TESTA A TESTA", "esi": [{"cod": "7", "des": "Rossi"}]}
    ]

    event = navigation.read_event_markets(found, Notes(), event_id="1")

    assert event.markets == (
        Market(
            id="5",
            name="TESTA A TESTA",
            event_id="1",
            selections=(MarketSelection(id="7", label="Rossi"),),
        ),
    )


@pytest.mark.parametrize(
    ("line", "name"),
    [(250, "GOL 250"), ("2.5", "GOL 2.5"), (" 1.50 ", "GOL 1.5"), ("-1", "GOL -1")]
    + [(none, "GOL") for none in (None, 0, "0", "", "0.0")],
)
def test_a_market_is_named_with_its_line(line, name):
    found = message("event_markets")
    found["sco"] = [{"id": 1, "ds": "GOL", "iad": line}]

    (market,) = navigation.read_event_markets(found, Notes(), event_id="1").markets

    assert market.name == name


def test_what_is_new_is_noted_wherever_it_lies():
    found = message("menu")
    nation = found["d"][0]["n"][0]
    nation["bandiera"] = "it"
    nation["m"][0]["a"][0]["s"][0]["e"][0]["q"] = 152
    notes = Notes()

    navigation.read_menu(found, notes)

    assert notes.fields == {"d[].n[].bandiera", "d[].n[].m[].a[].s[].e[].q"}


@pytest.mark.parametrize(
    "text", ["domani", "0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00", "2020-13-01T00:00:00"]
)
def test_a_time_that_is_none_is_left_open_and_noted(text):
    """The ends of the calendar stand for no time, and have no moment in every zone."""
    found = message("menu")
    found["d"][0]["n"][0]["m"][0]["a"][0]["dt"] = text
    notes = Notes()

    first, _ = navigation.read_menu(found, notes)

    assert first.starts_at is None
    assert notes.values == {"dt=not a time"}


def test_a_time_with_a_zone_keeps_it():
    found = message("menu")
    found["d"][0]["n"][0]["m"][0]["a"][0]["dt"] = "2020-12-12T19:45:00Z"

    assert navigation.read_menu(found, Notes())[0] == LAZIO


@pytest.mark.parametrize("broken", [{}, {"d": None}, {"d": {}}, {"d": [1]}, {"d": [{"ds": "X"}]}])
def test_what_is_no_menu_is_refused(broken):
    with pytest.raises(WrongShape):
        navigation.read_menu(broken, Notes())


def test_a_menu_of_two_thousand_events_is_read_whole():
    notes = Notes()

    events = navigation.read_menu(wire.loads(build_menu(2000, markets=2)), notes)

    assert len(events) == 2000
    assert len({event.id for event in events}) == 2000
    assert {len(event.markets) for event in events} == {2}
    assert {event.competition for event in events} == {f"Serie {n}" for n in range(1, 11)}
    assert notes.fields == set()
