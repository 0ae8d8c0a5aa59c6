"""What gr8 is answered by the wallet that we host."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from providers.contract import (
    Effect,
    MalformedPayload,
    MoveFacts,
    MoveKind,
    NotVerified,
    Outcome,
    PlayerFacts,
    Refused,
    WrongShape,
)
from providers.gr8.protocol.wallet_replies import refusal, reply
from tests.factories.providers import make_inbound
from tests.providers.gr8.asked import PLAYER
from tests.providers.suite import damage

BET = "5f338453-6172-491f-b8f0-27e382ea05eb"
POSTED = make_inbound(f"/api/v2/wallet/{PLAYER}/transactions", b"{}")
ASKED = make_inbound(f"/api/v2/wallet/{PLAYER}/balances", b"", method="GET")
MOVE = MoveFacts(
    id=f"{BET}_settlement_0",
    kind=MoveKind.PAYOUT,
    reference=BET,
    amount=Decimal("27.80"),
    currency="USD",
    created_at=datetime(2025, 1, 29, 1, 15, 30, tzinfo=UTC),
    available=Decimal("1027.8000"),
)


def outcome(effect=Effect.APPLIED, **facts):
    return [Outcome(effect=effect, reference=BET, **facts)]


def error(answer):
    assert answer.status == 400
    read = damage.loads(answer.body)["error"]
    assert read["message"]
    assert read["origin"]
    return read["code"]


def test_a_transaction_is_answered_with_the_balance_after_it():
    answer = reply(POSTED, outcome(move=MOVE))

    assert answer.status == 200
    assert damage.loads(answer.body) == {
        "id": f"{BET}_settlement_0",
        "currency": "USD",
        "platform": "sport",
        "type": "deposit",
        "createdAt": "2025-01-29T01:15:30Z",
        "context": {"product": "sportsbook", "reason": "settle", "betId": BET},
        "amountBreakdown": {"cash": "27.8", "locked": "0", "bonus": "0"},
        "balances": {
            "sport": {"sportsbook": {"USD": {"cash": "1027.8", "locked": "0", "bonus": "0"}}}
        },
    }


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        (MoveKind.STAKE, "withdrawal"),
        (MoveKind.PAYOUT, "deposit"),
        (MoveKind.CLAWBACK, "withdrawal"),
        (MoveKind.ROLLBACK, "rollback"),
    ],
)
def test_each_kind_has_its_type(kind, type_):
    move = MoveFacts(**{**{name: getattr(MOVE, name) for name in MOVE.__slots__}, "kind": kind})

    assert damage.loads(reply(POSTED, outcome(move=move)).body)["type"] == type_


def test_a_repeat_gets_the_same_bytes():
    first = reply(POSTED, outcome(Effect.APPLIED, move=MOVE))
    again = reply(POSTED, outcome(Effect.REPEATED, move=MOVE))

    assert first == again


def test_a_balance_is_by_platform_product_and_currency():
    player = PlayerFacts(player_uid=str(PLAYER), currency="USD", available=Decimal("0.0000"))

    answer = reply(ASKED, outcome(Effect.ANSWERED, player=player))

    assert damage.loads(answer.body) == {
        "sport": {"sportsbook": {"USD": {"cash": "0", "locked": "0", "bonus": "0"}}}
    }


@pytest.mark.parametrize(
    ("code", "published"),
    [
        ("unknown_user", "error.user.not-found"),
        ("conflict", "error.retry.incorrect"),
        ("insufficient_funds", "decline.lowbalance"),
        ("player_blocked", "decline.player.blocked"),
        ("player_self_excluded", "decline.player.blocked"),
        ("player_closed", "decline.player.blocked"),
        ("parent_not_found", "decline.parent.notfound"),
        ("parent_failed", "decline.parent.failed"),
        ("balance_conflict", "decline.balance.conflict"),
        ("limit_conflict", "decline.limit.conflict"),
        ("limit_exceeded", "limit.exceeded"),
        ("amount_differs", "decline.restrictions"),
        ("coupon_closed", "decline.restrictions"),
        ("unknown_bet", "decline.restrictions"),
        ("already_staked", "decline.restrictions"),
        ("rolled_back", "decline.restrictions"),
        ("player_differs", "decline.restrictions"),
        ("unknown_transaction", "decline.parent.notfound"),
        ("currency_mismatch", "error.request.invalid"),
        ("invalid_amount", "error.request.invalid"),
        ("account_inactive", "error.general"),
        ("something_else", "error.general"),
    ],
)
def test_every_reason_has_its_published_code(code, published):
    answer = reply(POSTED, outcome(Effect.REFUSED, code=code, move=MOVE))

    assert error(answer) == published


def test_a_transaction_that_nobody_knows_is_never_told_yes():
    for effect in Effect:
        assert error(reply(POSTED, outcome(effect))) == "error.request.invalid"


@pytest.mark.parametrize(
    ("refused", "status", "published"),
    [
        (MalformedPayload("no JSON"), 400, "error.request.invalid"),
        (WrongShape("id", "is missing"), 400, "error.request.invalid"),
        (NotVerified("who?", status=403), 403, "error.request.invalid"),
        (Refused(status=413, code="too_large", message="long"), 413, "error.request.invalid"),
        (Refused(status=400, code="no_wallet", message="none"), 400, "decline.restrictions"),
        (Refused(status=500, code="internal_error", message="late"), 400, "error.general"),
        (Refused(status=503, code="busy", message="late"), 400, "error.general"),
    ],
)
def test_a_refused_request_gets_an_error_of_the_same_form(refused, status, published):
    answer = refusal(refused)

    assert answer.status == status
    assert damage.loads(answer.body)["error"]["code"] == published
