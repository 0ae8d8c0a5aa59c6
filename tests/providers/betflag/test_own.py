"""The account's own offers, over real HTTP."""

import json
from decimal import Decimal

import pytest

from providers import registry, services
from providers.contract import (
    Match,
    OfferStatus,
    Side,
)
from providers.models import SeenDetail
from tests.providers.betflag.asked import (
    MARKET,
    answer,
)
from tests.providers.samples import sample
from tests.providers.scripted import reply, reset

pytestmark = pytest.mark.django_db

_NAMES = ("id", "tipo", "esi", "quo", "imp", "abb", "st")


@pytest.fixture
def offers(server, account):
    server.on("GET /offers/all/813016", answer("own_offers"))
    server.on("GET /offers/open/813016", answer("open_offers"))
    server.on("GET /offers/matches/813016", answer("matches"))
    return account


def test_own_offers_are_read_with_one_call(server, offers):
    unmatched, partly, whole = registry.get("betflag").own_offers(offers, MARKET, deadline_s=5)

    assert server.requests("GET /offers/matches/813016") == []
    assert unmatched.status is OfferStatus.OPEN
    assert partly.status is OfferStatus.PARTLY_MATCHED
    assert (partly.side, partly.odds, partly.stake, partly.matched) == (
        Side.BACK,
        Decimal("1.52"),
        Decimal("628.00"),
        Decimal("500.00"),
    )
    assert whole.status is OfferStatus.MATCHED


def test_open_offers_have_the_average_odds_of_their_matches(server, offers):
    server.on("GET /offers/open/813016", opened(("BC0002", 1, 3, 152, 62800, 50000, 1)))

    (partly,) = registry.get("betflag").open_offers(offers, MARKET, deadline_s=5)

    # 200.00 at 1.52 and 300.00 at 1.55
    assert partly.average_matched_odds == Decimal("1.538")


def test_without_matches_the_averages_stay_open(server, offers):
    server.on("GET /offers/open/813016", opened(("BC0002", 1, 3, 152, 62800, 50000, 1)))
    server.on("GET /offers/matches/813016", reset)

    (partly,) = registry.get("betflag").open_offers(offers, MARKET, deadline_s=5)

    assert (partly.matched, partly.average_matched_odds) == (Decimal("500.00"), None)


def opened(*rows):
    body = json.loads(sample("betflag", "open_offers", "response"))
    return reply({**body, "o": [dict(zip(_NAMES, row, strict=True)) for row in rows]})


def own(*rows):
    body = json.loads(sample("betflag", "own_offers", "response"))
    body["offerte"]["o"] = [dict(zip(_NAMES, row, strict=True)) for row in rows]
    return reply(body)


def test_an_unexplained_state_is_cancelled_only_if_it_is_not_open(server, offers):
    """BC0001 is among the open ones of the sample; BC0007 is not."""
    server.on(
        "GET /offers/all/813016",
        own(("BC0001", 0, 1, 176, 11500, 0, 8), ("BC0007", 1, 1, 176, 900, 400, 8)),
    )

    still_open, gone = registry.get("betflag").own_offers(offers, MARKET, deadline_s=5)

    assert still_open.status is OfferStatus.OPEN
    assert (gone.status, gone.matched) == (OfferStatus.CANCELLED, Decimal("4.00"))
    assert SeenDetail.objects.filter(name__contains="st=8").exists()


def test_an_offer_matched_between_two_reads_is_not_taken_as_cancelled(server, offers):
    server.on(
        "GET /offers/all/813016",
        own(("BC0007", 1, 1, 176, 900, 0, 8)),
        own(("BC0007", 1, 1, 176, 900, 900, 8)),
    )

    (found,) = registry.get("betflag").own_offers(offers, MARKET, deadline_s=5)

    assert found.status is OfferStatus.MATCHED


def test_without_the_open_offers_an_unexplained_state_stays_open(server, offers):
    server.on("GET /offers/all/813016", own(("BC0007", 1, 1, 176, 900, 0, 8)))
    server.on("GET /offers/open/813016", reply("", status=404))

    (found,) = registry.get("betflag").own_offers(offers, MARKET, deadline_s=5)

    assert found.status is OfferStatus.OPEN


def test_a_state_that_the_account_explains_needs_no_second_look(server, offers):
    services.save_account(
        code=offers.code, settings={"offer_statuses": "1=open, 2=open, 8=cancelled"}
    )
    offers.refresh_from_db()
    server.on("GET /offers/all/813016", own(("BC0007", 1, 1, 176, 900, 0, 8)))

    (found,) = registry.get("betflag").own_offers(offers, MARKET, deadline_s=5)

    assert found.status is OfferStatus.CANCELLED
    assert server.requests("GET /offers/open/813016") == []


def test_matches_are_the_parts_of_offers(offers):
    first, *_ = registry.get("betflag").matches(offers, MARKET, deadline_s=5)

    assert first == Match(
        reference="BC0002",
        selection_id="3",
        side=Side.BACK,
        odds=Decimal("1.52"),
        amount=Decimal("200.00"),
    )
