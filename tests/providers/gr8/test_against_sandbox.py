"""The client against a server that was written from the document alone."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import connection

from providers import registry, services
from providers.contract import (
    Accepted,
    CouponType,
    Done,
    Leg,
    NotSent,
    OddsPolicy,
    OpenBet,
    PlayerProfile,
    Quote,
    Rejected,
    Selection,
    Unknown,
)
from providers.gr8.protocol.codes import MEANINGS, UNCLEAR, Code
from providers.gr8.sandbox import SANDBOX
from providers.sandbox.contract import Demo
from providers.sandbox.server import RunningSandbox, running_sandbox
from tests.factories.providers import make_account, make_slip
from tests.providers.gr8.asked import DOCUMENT_EVENT, DOCUMENT_SELECTION, run_all

pytestmark = pytest.mark.django_db
PLAYER = UUID("33dd1450-e250-4fb4-896c-0d987d4fde9f")


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=20, seed=5, auto_settle=False) as running:
        yield running


@pytest.fixture
def account(sandbox):
    demo = Demo.of(SANDBOX, sandbox_url=sandbox.url)
    return make_account(
        "gr8",
        base_url=f"{sandbox.url}/gr8",
        settings={**demo.settings, "wallet_mode": "none"},
        secrets=dict(demo.secrets),
    )


def place(account, *selections, deadline_s=5.0, **changes):
    values = {"player_id": PLAYER, "stake": Decimal("10.50"), **changes}
    slip = make_slip(*(selections or (DOCUMENT_SELECTION,)), **values)
    return services.place(account=account, keep=bool, slip=slip, deadline_s=deadline_s)


def open_bet(coupon_id, *, minutes=10):
    return OpenBet(
        coupon_id=coupon_id,
        reference=str(coupon_id),
        player_id=PLAYER,
        player_uid=str(PLAYER),
        stake=Decimal("10.50"),
        currency="USD",
        placed_at=datetime.now(UTC) - timedelta(minutes=minutes),
    )


def on_offer(sandbox, count) -> list[Selection]:
    """Outcomes of so many matches that can be taken now."""
    found = {}
    for offer in sandbox.get("/gr8/offer")["offers"]:
        if not offer.get("blocked") and offer["event_id"] != DOCUMENT_EVENT:
            found.setdefault(offer["event_id"], offer)
    return [
        Selection(
            event_id=offer["event_id"],
            selection=offer["selection"],
            odds=offer["odds"],
            is_live=offer["is_live"],
        )
        for offer in list(found.values())[:count]
    ]


@pytest.mark.parametrize("options", [{}, {"without_delay": True}, {"channel": "MOBILE_WEB"}])
def test_the_documents_own_bet_is_accepted_under_our_id(sandbox, account, options):
    coupon_id = uuid4()

    placed = place(account, coupon_id=coupon_id, options=options)

    assert isinstance(placed, Accepted)
    assert placed.reference == str(coupon_id)
    assert (placed.odds, placed.item_odds) == (Decimal(2), (Decimal(2),))
    assert placed.potential_payout == Decimal(21)
    (bet,) = sandbox.bets("gr8")
    assert (bet["bet_id"], bet["player_id"]) == (str(coupon_id), str(PLAYER))
    assert bet["channel"] == options.get("channel", "WEB")
    assert sandbox.client_errors() == []


def test_an_express_is_accepted(sandbox, account):
    first, second = on_offer(sandbox, 2)

    placed = place(account, first, second, odds_policy=OddsPolicy.ANY)

    assert isinstance(placed, Accepted)
    assert len(placed.item_odds) == 2
    assert sandbox.client_errors() == []


def test_a_system_pays_all_its_combinations(sandbox, account):
    chosen = on_offer(sandbox, 3)

    placed = place(
        account,
        *chosen,
        type=CouponType.SYSTEM,
        system_size=2,
        stake=Decimal("30.00"),
        odds_policy=OddsPolicy.ANY,
    )

    a, b, c = placed.item_odds
    assert placed.potential_payout == round(10 * (a * b + a * c + b * c), 2)


def test_a_bet_builder_has_odds_of_its_own(sandbox, account):
    builder = Selection(
        event_id=DOCUMENT_EVENT,
        selection="",
        odds=Decimal("2.75"),
        is_live=False,
        legs=(
            Leg(selection="[2,[],[0],1,3,[]]", odds=Decimal("2.0"), data_version=1),
            Leg(selection="[118,[2],[0],66,11,[]]", odds=Decimal("1.55"), source_feature="betslip"),
        ),
    )

    placed = place(account, builder)

    assert isinstance(placed, Accepted)
    assert placed.item_odds == (Decimal("2.75"),)
    assert sandbox.client_errors() == []


def test_a_repeat_is_recognised_and_no_refusal(account):
    coupon_id = uuid4()
    place(account, coupon_id=coupon_id)

    again = place(account, coupon_id=coupon_id)

    assert isinstance(again, Unknown)
    assert "93" in again.reason


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.name)
def test_every_documented_code_is_read(sandbox, account, code):
    sandbox.order_fault("gr8", "reject", code=str(code.value))

    placed = place(account)

    if code in UNCLEAR:
        assert isinstance(placed, Unknown)
    else:
        assert isinstance(placed, Rejected)
        assert placed.code == MEANINGS[code].code
        assert placed.provider_code == str(code.value)


def test_changed_odds_are_refused_or_taken_as_the_player_wants(sandbox, account):
    sandbox.order_fault("gr8", "odds_changed", next=3)

    refused = [place(account, odds_policy=policy) for policy in (OddsPolicy.NONE, OddsPolicy.RISE)]
    taken = place(account, odds_policy=OddsPolicy.ANY)

    assert [each.code for each in refused] == ["odds_changed"] * 2
    assert taken.item_odds == (Decimal("1.90"),)


def test_a_stake_above_the_limit_names_the_highest_and_may_be_an_overask(sandbox, account):
    refused = place(account, stake=Decimal("7000.00"))
    taken = place(account, stake=Decimal("7000.00"), options={"overask": True})

    assert (refused.code, refused.provider_code) == ("stake_too_high", "36")
    assert refused.max_stake == Decimal(5000)
    assert "overasks from 100 " in refused.message
    assert taken.notes == ("Taken as an overask, a VIP's bet above the limit.",)


def test_what_is_not_on_offer_is_refused(account):
    unknown_event = replace(DOCUMENT_SELECTION, event_id=str(uuid4()))
    unknown_key = replace(DOCUMENT_SELECTION, selection="[1,[],[0],9,9,[]]")

    placed = [place(account, each) for each in (unknown_event, unknown_key)]

    assert [each.provider_code for each in placed] == ["1000", "1002"]
    assert {each.code for each in placed} == {"selection_not_found"}


def test_a_lost_token_is_fetched_again_and_not_noticed(sandbox, account):
    assert isinstance(place(account), Accepted)
    sandbox.order("gr8", "tokens/lose")

    assert isinstance(place(account), Accepted)
    assert sandbox.order("gr8", "tokens/lose")["given_out"] == 2


@pytest.mark.django_db(transaction=True)
def test_twenty_threads_whose_token_is_lost_fetch_one_more(sandbox, account):
    place(account)
    sandbox.order("gr8", "tokens/lose")
    barrier, placed = threading.Barrier(20), []

    def one_placement() -> None:
        barrier.wait()
        placed.append(place(account, deadline_s=20))
        connection.close()

    run_all(one_placement, 20)

    assert [type(outcome) for outcome in placed] == [Accepted] * 20
    assert sandbox.order("gr8", "tokens/lose")["given_out"] == 2


def test_a_refused_client_is_not_sent(sandbox, account):
    sandbox.order_fault("gr8", "reject", call="token")

    placed = place(account)

    assert isinstance(placed, NotSent)
    assert placed.code == "provider_credentials_refused"
    assert sandbox.bets("gr8") == []


def test_a_rate_limit_is_waited_for(sandbox, account):
    sandbox.order_fault("gr8", "rate_limited", seconds=1)
    started = time.monotonic()

    assert isinstance(place(account), Accepted)
    assert 0.9 < time.monotonic() - started < 10


def test_a_rate_limit_beyond_the_deadline_is_not_sent(sandbox, account):
    sandbox.order_fault("gr8", "rate_limited", seconds=60)
    started = time.monotonic()

    placed = place(account)

    assert (placed.code, placed.retry_after_s) == ("rate_limited", 60)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        ("accept_then_timeout", True),
        ("timeout", False),
        ("error_500", False),
        ("junk_body", True),
        ("junk_prefix", True),
        ("slow_drip", True),
        ("connection_reset", False),
    ],
)
def test_without_a_clear_answer_the_bet_is_unknown(sandbox, account, fault, taken):
    sandbox.order_fault("gr8", fault)

    assert isinstance(place(account, deadline_s=1.0), Unknown)
    assert len(sandbox.bets("gr8")) == int(taken)


def test_an_unknown_bet_is_resolved_by_returning_it(sandbox, account):
    coupon_id = uuid4()
    sandbox.order_fault("gr8", "junk_body")
    assert isinstance(place(account, coupon_id=coupon_id), Unknown)

    early = services.resolve(account=account, bet=open_bet(coupon_id, minutes=1), deadline_s=5)
    late = services.resolve(account=account, bet=open_bet(coupon_id), deadline_s=5)

    assert isinstance(early, Unknown)
    assert isinstance(late, Rejected)
    assert late.code == "returned_at_provider"
    assert sandbox.bets("gr8")[0]["status"] == "returned"


def test_a_bet_that_gr8_does_not_know_is_for_staff(account):
    resolved = services.resolve(account=account, bet=open_bet(uuid4()), deadline_s=5)

    assert isinstance(resolved, Unknown)
    assert resolved.final


def test_a_bet_is_returned_with_the_reason(sandbox, account):
    coupon_id = uuid4()
    place(account, coupon_id=coupon_id)

    done = services.return_bet(
        account=account, bet=open_bet(coupon_id), reason="żółw\r\nX-Evil: 1", deadline_s=5
    )

    assert isinstance(done, Done)
    assert sandbox.bets("gr8")[0]["status"] == "returned"
    assert sandbox.client_errors() == []


@pytest.mark.parametrize("limits_in", ["query", "body"])
def test_multipliers_reach_gr8_and_the_next_quote(sandbox, account, limits_in):
    services.save_account(code=account.code, settings={"limits_in": limits_in})
    account.refresh_from_db()
    player = PlayerProfile(
        player_id=PLAYER, player_uid="x", external_id="56435344", username="T", currency="USD"
    )

    done = services.set_limits(
        account=account,
        player=player,
        prematch=Decimal("2.10"),
        live=Decimal("1.8"),
        reason="VIP",
        deadline_s=5,
    )
    quote = services.quote(
        account=account, slip=make_slip(DOCUMENT_SELECTION, player_id=PLAYER), deadline_s=5
    )

    assert isinstance(done, Done)
    assert quote == Quote(max_stake=Decimal(10500), vip=True, reason="The player's multiplier")
    assert sandbox.client_errors() == []


def test_a_player_is_registered_once_and_a_repeat_is_done(sandbox, account):
    player = PlayerProfile(
        player_id=PLAYER, player_uid="x", external_id="564", username="Test", currency="EUR"
    )

    for _ in range(2):
        done = services.register(account=account, player=player, reason="new", deadline_s=5)
        assert isinstance(done, Done)

    assert list(sandbox.get("/gr8/players")["players"]) == [str(PLAYER)]


def test_the_connection_test_says_what_it_saw(sandbox, account):
    good = services.test_connection(account=account)
    sandbox.order_fault("gr8", "reject", call="token")
    bad = services.test_connection(account=account)

    assert good.ok
    assert not bad.ok
    assert bad.detail.startswith("provider_credentials_refused")


def test_what_the_demo_gives_is_what_the_provider_declares():
    declared = {each.name for each in registry.get("gr8").settings}

    assert set(SANDBOX.demo_settings) <= declared
    assert set(SANDBOX.demo_secrets) <= {each.name for each in registry.get("gr8").secrets}
