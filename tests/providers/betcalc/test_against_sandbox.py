"""The client against a server that was written from the document alone."""

import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from providers import registry, services
from providers.contract import Accepted, ChangedOdds, OddsPolicy, Rejected, Unknown, Verdict
from providers.sandbox.server import RunningSandbox, running_sandbox
from tests.factories.providers import LINE, LIVE, make_account, make_inbound, make_slip
from tests.providers.scripted import Scripted, reply

pytestmark = pytest.mark.django_db
RESULT = "/hook/key-1/api/bet/result"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(match_seconds=20, seed=5, auto_settle=False) as running:
        yield running


@pytest.fixture
def account(sandbox):
    return make_account(base_url=sandbox.url)


def place(account, server, *selections, deadline_s=5.0, **changes):
    slip = make_slip(*selections, callback_url=f"{server.url}/hook/key-1", **changes)
    return services.place(account=account, keep=bool, slip=slip, deadline_s=deadline_s)


@pytest.mark.parametrize("nesting", ["flat", "nested"])
def test_the_documents_own_coupon_is_accepted(sandbox, account, server, nesting):
    sandbox.post("/betcalc/settings", {"nesting": nesting})

    single = place(account, server, stake=Decimal("10.00"))
    express = place(account, server, LINE, LIVE)

    assert isinstance(single, Accepted)
    assert isinstance(express, Accepted)
    assert (single.odds, single.potential_payout) == (Decimal("4.27"), Decimal("42.7"))
    assert {bet["betcode"] for bet in sandbox.bets("betcalc")} == {
        single.reference,
        express.reference,
    }
    assert sandbox.client_errors() == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("error_wrong_bet_data", "wrong_bet_data"),
        ("error_block_bet_data", "bet_blocked"),
        ("error_repeat_bet_data", "repeated_selection"),
        ("error_exist_bet", "selection_not_found"),
    ],
)
def test_documented_refusals_are_read(sandbox, account, server, message, code):
    sandbox.order_fault("betcalc", "reject", code=message)

    placed = place(account, server)

    assert isinstance(placed, Rejected)
    assert placed.code == code


def test_changed_odds_come_back_or_are_taken_as_the_player_wants(sandbox, account, server):
    sandbox.order_fault("betcalc", "odds_changed", next=2)

    refused = place(account, server)
    taken = place(account, server, odds_policy=OddsPolicy.ANY)

    assert refused.changed == (
        ChangedOdds(item=0, requested=Decimal("4.27"), current=Decimal("4.52")),
    )
    assert taken.odds == Decimal("4.52")


def test_odds_that_are_not_on_offer_come_back(account, server):
    placed = place(account, server, replace(LINE, odds=Decimal("9.99")))

    assert placed.code == "odds_changed"
    assert placed.changed[0].current == Decimal("4.27")


def test_a_lost_session_is_not_noticed(sandbox, account, server):
    sandbox.order_fault("betcalc", "session_lost")

    assert isinstance(place(account, server), Accepted)
    assert len(sandbox.bets("betcalc")) == 1


def test_junk_before_the_answer_is_passed_over(sandbox, account, server):
    sandbox.order_fault("betcalc", "junk_prefix")

    assert isinstance(place(account, server), Accepted)


@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        ("accept_then_timeout", True),
        ("timeout", False),
        ("error_500", False),
        ("junk_body", True),
        ("slow_drip", True),
        ("connection_reset", False),
    ],
)
def test_without_a_clear_answer_the_bet_is_unknown(sandbox, account, server, fault, taken):
    sandbox.order_fault("betcalc", fault)
    started = time.monotonic()

    assert isinstance(place(account, server, deadline_s=1.0), Unknown)

    assert time.monotonic() - started < 8
    assert len(sandbox.bets("betcalc")) == int(taken)


@pytest.mark.parametrize(
    ("outcome", "verdict", "payout"),
    [
        ("won", Verdict.WON, "8.54"),
        ("lost", Verdict.LOST, "0"),
        ("void", Verdict.PARTLY_REFUNDED, "2"),
    ],
)
def test_its_results_are_read(sandbox, account, server: Scripted, outcome, verdict, payout):
    server.on(RESULT, reply({"status": "ok"}))
    placed = place(account, server)
    sandbox.order_outcome("586464528", "17|954|2.5", outcome)
    sandbox.settle_all()
    for _ in range(250):
        if server.requests(RESULT):
            break
        time.sleep(0.02)
    (request,) = server.requests(RESULT)

    parsed = registry.get("betcalc").parse(
        account, make_inbound("/api/bet/result", request.body, coupon_key="key-1")
    )

    (settle,) = parsed.commands
    assert (settle.reference, settle.coupon_key) == (placed.reference, "key-1")
    pays = settle.sent_payout if settle.payout is None else settle.payout
    assert (settle.verdict, pays) == (verdict, Decimal(payout))
    assert parsed.unknown_fields == ()
