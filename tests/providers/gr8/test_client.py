"""gr8 over real HTTP: what is sent, and what an account is warned of."""

from dataclasses import replace
from decimal import Decimal

import pytest

from providers import services
from providers.contract import (
    Accepted,
    CouponType,
    Leg,
    OddsPolicy,
    PlayerProfile,
    Selection,
    Unknown,
)
from providers.models import ProviderAccount
from tests.providers.gr8.asked import (
    BET,
    DOCUMENT_SELECTION,
    DONE,
    MTS_PLACE,
    PLACE,
    PLAYER,
    TOKEN,
    UNAUTHORIZED,
    YES,
    account_at,
    change,
    place,
    slip,
)
from tests.providers.samples import sample
from tests.providers.scripted import Scripted, reply, truncated, unused_url
from tests.providers.suite import damage

PROFILE = PlayerProfile(
    player_id=PLAYER,
    player_uid=str(PLAYER),
    external_id="56435344",
    username="TestUser778",
    currency="EUR",
)


@pytest.fixture
def account(server: Scripted, db) -> ProviderAccount:
    return account_at(server)


# --- what is sent -------------------------------------------------------------------------------


def test_the_request_is_the_documents(server, account):
    place(account)

    (sent,) = server.requests(PLACE)
    document = damage.loads(sample("gr8", "place_single", "request"))
    del document["items"][0]["sourceOutcomes"][0]["sourceFeature"]
    assert damage.loads(sent.body) == {
        **document,
        "transactionId": str(BET),
        "useExternalBetId": True,
    }


def test_the_headers_are_the_documents(server, account):
    place(account, currency="EUR", options={"channel": "MOBILE_WEB"})
    place(account)

    first, second = server.requests(PLACE)
    wanted = {
        "authorization": "Bearer one",
        "content-type": "application/json",
        "x-operator-id": "operator-7",
        "x-brand": "brand-7",
        "x-player-id": str(PLAYER),
        "x-player-currency": "EUR",
        "x-channel": "MOBILE_WEB",
    }
    assert {name: first.headers[name] for name in wanted} == wanted
    assert second.headers["x-channel"] == "WEB"


def test_amounts_and_odds_are_numbers_digit_for_digit(server, account):
    place(account, replace(DOCUMENT_SELECTION, odds=Decimal("1.10")), stake=Decimal("0.30"))

    (sent,) = server.requests(PLACE)
    assert b'"amount":0.30,' in sent.body
    assert sent.body.count(b'"odds":1.10') == 2


def test_without_line_delay_another_path_is_called(server, account):
    server.on(MTS_PLACE, YES)

    assert isinstance(place(account, options={"without_delay": True}), Accepted)

    assert server.requests(PLACE) == []
    assert damage.loads(server.requests(MTS_PLACE)[0].body)["transactionId"] == str(BET)


@pytest.mark.parametrize(
    "unclear",
    [
        reply(damage.dumps({"errors": {"common": {"code": 33}}}), status=400),
        reply("", status=502),
        truncated(sample("gr8", "place_single", "response")),
    ],
    ids=["time-out", "server error", "lost"],
)
def test_an_overask_without_a_clear_answer_says_that_traders_may_decide(server, account, unclear):
    server.on(PLACE, unclear)

    usual = place(account)
    overask = place(account, options={"overask": True})

    assert (type(usual), type(overask)) == (Unknown, Unknown)
    assert "traders may still decide" in overask.reason
    assert "traders" not in usual.reason
    assert not overask.final


def test_everything_that_a_slip_may_hold_is_passed_on(server, account):
    builder = Selection(
        event_id="12770432",
        selection="",
        odds=Decimal("3.35"),
        is_live=True,
        legs=(
            Leg(selection="[1]", odds=Decimal("1.55"), data_version=7, source_feature="betslip"),
            Leg(selection="[2]", odds=Decimal("2.40")),
        ),
    )
    others = [replace(DOCUMENT_SELECTION, event_id=str(number)) for number in range(3)]
    options = {
        "overask": True,
        "market_policy": "update",
        "amount_limit_relative": Decimal("2.50"),
    }

    place(
        account,
        builder,
        *others,
        type=CouponType.SYSTEM,
        system_size=3,
        odds_policy=OddsPolicy.RISE,
        options=options,
    )

    body = damage.loads(server.requests(PLACE)[0].body)
    assert body["items"][0] == {
        "eventId": "12770432",
        "odds": Decimal("3.35"),
        "sourceOutcomes": [
            {
                "selection": "[1]",
                "odds": Decimal("1.55"),
                "dataVersion": 7,
                "sourceFeature": "betslip",
            },
            {"selection": "[2]", "odds": Decimal("2.40")},
        ],
    }
    assert (body["betType"], body["systemSize"]) == ("System", 3)
    assert (body["oddsChangePolicy"], body["marketChangePolicy"]) == ("Rise", "Update")
    assert (body["isOverask"], body["amountLimitRelative"]) == (True, Decimal("2.50"))


@pytest.mark.parametrize(
    ("policy", "sent"),
    [(OddsPolicy.NONE, "Rise"), (OddsPolicy.RISE, "Rise"), (OddsPolicy.ANY, "Any")],
)
def test_a_quote_names_no_bet_and_no_policy_none(server, account, policy, sent):
    path = f"{PLACE}/max-amount"
    server.on(path, reply(sample("gr8", "quote", "response")))

    quote = services.quote(account=account, slip=slip(odds_policy=policy), deadline_s=5)

    body = damage.loads(server.requests(path)[0].body)
    assert body["oddsChangePolicy"] == sent
    assert not {"transactionId", "transactionid", "useExternalBetId", "useExternalBet"} & set(body)
    assert (quote.max_stake, quote.vip) == (Decimal(50), False)


def test_multipliers_stand_in_the_query_or_in_the_body(server, account):
    path = f"/v1/sport/v1/players/{PLAYER}/limits"
    server.on(path, DONE)
    for place_of_limits in ("query", "body"):
        change(account, settings={"limits_in": place_of_limits})
        services.set_limits(
            account=account,
            player=PROFILE,
            prematch=Decimal("2.10"),
            live=Decimal("1.8"),
            reason="a VIP",
            deadline_s=5,
        )

    query, body = server.requests(path)
    assert query.path.partition("?")[2] == (
        "prematchAmountLimitRelative=2.1&liveAmountLimitRelative=1.8"
    )
    assert query.body == b""
    assert damage.loads(body.body) == {
        "prematchAmountLimitRelative": Decimal("2.10"),
        "liveAmountLimitRelative": Decimal("1.8"),
    }
    assert {each.method for each in (query, body)} == {"PUT"}
    assert {each.headers["content-type"] for each in (query, body)} == {"application/json"}
    assert {each.headers["comment"] for each in (query, body)} == {"a VIP"}


def test_a_player_is_registered_as_the_document_wants_it(server, account):
    path = "/v1/pam/v1/registration/iframe"
    server.on(path, DONE)

    services.register(account=account, player=PROFILE, reason="new", deadline_s=5)

    (sent,) = server.requests(path)
    assert sent.json() == damage.loads(sample("gr8", "register", "request"))
    assert sent.headers["comment"] == "new"


def test_what_gr8_cannot_take_is_refused_before_anything_is_sent(server, account):
    limits = services.set_limits(
        account=account,
        player=PROFILE,
        prematch=Decimal("10.01"),
        live=Decimal(1),
        reason="",
        deadline_s=5,
    )
    player = services.register(
        account=account, player=replace(PROFILE, external_id="ab"), reason="", deadline_s=5
    )

    assert limits.fields == ("prematch",)
    assert player.fields == ("external_id",)
    assert server.received == []


# --- the connection test ------------------------------------------------------------------------


def test_the_connection_test_places_nothing(server, account):
    path = f"{PLACE}/max-amount"
    server.on(path, reply(sample("gr8", "quote_refused_specific", "response"), status=422))

    report = services.test_connection(account=account)

    assert report.ok, report.detail
    assert server.requests(PLACE) == []
    assert len(server.requests(path)) == 1


def test_the_connection_test_says_what_is_wrong(server, account):
    server.on(f"{PLACE}/max-amount", UNAUTHORIZED)
    denied = services.test_connection(account=account)
    change(account, base_url=unused_url())
    away = services.test_connection(account=account)

    assert denied.detail.startswith("provider_access_denied")
    assert away.detail.startswith("provider_unreachable")
    assert (denied.ok, away.ok) == (False, False)


def test_what_is_probably_not_meant_is_warned_of(server, db):
    account = account_at(
        server,
        settings={"token_url": server.url + TOKEN},
        secrets={"token": "abc", "client_id": "a", "client_secret": "b"},
    )

    assert services.warnings(account=account) == (
        "there are a token and a client: the token is used",
        "operator_id is empty, and GR8 Tech expects one",
        "brand is empty, and GR8 Tech expects one",
    )


@pytest.mark.parametrize("grace", ["149", "1", "0", "-5", "1e3", "150.5"])
def test_a_bet_is_never_asked_about_while_gr8_may_still_accept_it(server, account, grace):
    with pytest.raises(services.InvalidAccount):
        services.save_account(code=account.code, settings={"resolve_grace_s": grace})


@pytest.mark.parametrize("grace", ["150", "200", "3600"])
def test_the_grace_is_what_the_account_says(account, grace):
    change(account, settings={"resolve_grace_s": grace})

    assert services.resolve_after_s(account=account) == int(grace)
