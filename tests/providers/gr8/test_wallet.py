"""What gr8 asks of the wallet that we host."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from providers.contract import (
    Balance,
    Lookup,
    MoveKind,
    Refused,
    Unfamiliar,
    WalletMove,
    WrongShape,
)
from providers.gr8.protocol import wallet
from tests.factories.providers import make_inbound
from tests.providers.gr8.asked import PLAYER
from tests.providers.samples import sample
from tests.providers.suite import damage

BET = "5f338453-6172-491f-b8f0-27e382ea05eb"
WITHDRAWAL = damage.loads(sample("gr8", "wallet_bet", "request"))


def parse(message, *, hosted=True, player=str(PLAYER)):
    body = message if isinstance(message, bytes) else damage.dumps(message)
    request = make_inbound(f"/api/v2/wallet/{player}/transactions", body, params={"player": player})
    return wallet.parse(request, hosted=hosted)


def move(message=WITHDRAWAL, **how) -> WalletMove:
    (command,) = parse(message, **how).commands
    assert isinstance(command, WalletMove)
    return command


def test_the_published_withdrawal_takes_a_stake():
    assert move() == WalletMove(
        id=BET,
        kind=MoveKind.STAKE,
        reference=BET,
        player_uid=str(PLAYER),
        amount=Decimal("13.9"),
        currency="USD",
        dated_at=datetime(2025, 1, 29, 0, 34, 25, tzinfo=UTC),
        content={
            "type": "withdrawal",
            "reason": "bet",
            "betId": BET,
            "parentId": "",
            "player": str(PLAYER),
            "currency": "USD",
            "cash": "13.9",
            "locked": "0",
            "bonus": "0",
        },
    )


@pytest.mark.parametrize(
    ("case", "kind", "id", "parent"),
    [
        ("wallet_settle", MoveKind.PAYOUT, f"{BET}_settlement_0", ""),
        ("wallet_cancel_settle", MoveKind.CLAWBACK, f"{BET}_cancel_0", f"{BET}_settlement_0"),
        ("wallet_rollback", MoveKind.ROLLBACK, f"{BET}_rollback", BET),
    ],
)
def test_the_published_transactions_are_read(case, kind, id, parent):
    read = move(sample("gr8", case, "request"))

    assert (read.kind, read.id, read.parent_id, read.reference) == (kind, id, parent, BET)


def test_the_extended_settlement_is_read_with_its_long_id():
    read = move(sample("gr8", "wallet_settle_extended", "request"))

    assert (read.kind, read.amount) == (MoveKind.PAYOUT, Decimal(2))
    assert len(read.id) == 55


@pytest.mark.parametrize(
    ("type_", "reason", "kind"),
    [
        ("withdrawal", "Bet", MoveKind.STAKE),
        ("withdrawal", "sport bet", MoveKind.STAKE),
        ("deposit", "settle", MoveKind.PAYOUT),
        ("deposit", "sport settlement", MoveKind.PAYOUT),
        ("deposit", "resettle", MoveKind.PAYOUT),
        ("withdrawal", "cancel settle", MoveKind.CLAWBACK),
        ("withdrawal", "CancelSettle", MoveKind.CLAWBACK),
        ("withdrawal", "cancel_settlement", MoveKind.CLAWBACK),
        ("withdrawal", "cancelsettle", MoveKind.CLAWBACK),
        ("rollback", "sport rollback", MoveKind.ROLLBACK),
        ("rollback", "rollback", MoveKind.ROLLBACK),
    ],
)
def test_type_and_reason_say_what_it_is(type_, reason, kind):
    context = {**WITHDRAWAL["context"], "reason": reason}
    message = {**WITHDRAWAL, "type": type_, "context": context}

    assert move(message).kind is kind
    assert parse(message).unknown_values == ()


@pytest.mark.parametrize(
    ("type_", "reason", "noted"),
    [
        ("withdrawal", "freebet", "context.reason=freebet"),
        ("withdrawal", "bet with tax", "context.reason=bet with tax"),
        ("withdrawal", "settle", "context.reason=settle"),
        ("deposit", "bet", "context.reason=bet"),
        ("deposit", "cancel settle", "context.reason=cancel settle"),
        ("award", "bonus award", "type=award"),
        ("Withdrawal", "bet", "type=Withdrawal"),
    ],
)
def test_what_nobody_told_us_of_moves_nothing_and_is_named(type_, reason, noted):
    message = {**WITHDRAWAL, "type": type_, "context": {**WITHDRAWAL["context"], "reason": reason}}

    parsed = parse(message)

    (command,) = parsed.commands
    assert isinstance(command, Unfamiliar)
    assert command.reference == BET
    assert noted in parsed.unknown_values


def test_a_rollback_for_an_unknown_reason_is_one_all_the_same():
    message = {
        **WITHDRAWAL,
        "type": "rollback",
        "context": {**WITHDRAWAL["context"], "reason": "regret"},
    }

    assert move(message).kind is MoveKind.ROLLBACK
    assert parse(message).unknown_values == ("context.reason=regret",)


@pytest.mark.parametrize(
    "amount", [None, {}, {"cash": "13.9"}, {"cash": "-13.9"}, {"cash": "1", "tax": "0.01"}, [], "1"]
)
def test_a_rollback_is_known_by_what_it_undoes(amount):
    message = {
        **WITHDRAWAL,
        "id": "r",
        "type": "rollback",
        "context": {"betId": "b", "parentId": "p"},
        "amountBreakdown": amount,
    }

    assert (move(message).kind, move(message).parent_id) == (MoveKind.ROLLBACK, "p")


@pytest.mark.parametrize("currency", [None, "USDT", 7, ""])
def test_a_rollback_of_what_had_no_readable_currency_is_read_too(currency):
    rollback = damage.loads(sample("gr8", "wallet_rollback", "request"))

    assert move({**rollback, "currency": currency}).currency == ""


@pytest.mark.parametrize(
    ("parts", "amount"),
    [
        ({"cash": "1.10", "locked": "2.20", "bonus": "3.30"}, "6.60"),
        ({"cash": Decimal("0.1"), "locked": 2, "bonus": None}, "2.1"),
        ({"cash": "0"}, "0"),
        ({"bonus": "0"}, "0"),
    ],
)
def test_the_amount_is_the_sum_of_its_parts(parts, amount):
    assert move({**WITHDRAWAL, "amountBreakdown": parts}).amount == Decimal(amount)


@pytest.mark.parametrize(
    "parts",
    [
        {"cash": "-1"},
        {"cash": "much"},
        {"cash": "1", "retract": "0.01"},
        {"cash": "1", "tax": {"cash": 0, "bonus": "0.01"}},
        {"cash": "1", "somethingNew": 5},
        {},
        {"cash": None, "locked": ""},
        [],
        None,
    ],
)
def test_money_that_is_not_understood_is_not_moved(parts):
    with pytest.raises(WrongShape):
        parse({**WITHDRAWAL, "amountBreakdown": parts})


def test_the_content_tells_transactions_with_the_same_id_apart():
    same = move(
        {
            **WITHDRAWAL,
            "createdAt": "2025-02-01T00:00:00Z",
            "amountBreakdown": {"cash": Decimal("13.9")},
        }
    )
    same_in_text = move({**WITHDRAWAL, "amountBreakdown": {"cash": "13.900"}})
    other = move({**WITHDRAWAL, "amountBreakdown": {"cash": "0", "bonus": "13.9"}})

    assert same.content == same_in_text.content == move().content
    assert other.content != move().content


def test_our_ids_are_known_in_capitals():
    context = {**WITHDRAWAL["context"], "betId": BET.upper()}

    read = move({**WITHDRAWAL, "context": context}, player=str(PLAYER).upper())

    assert (read.reference, read.player_uid) == (BET, str(PLAYER))


@pytest.mark.parametrize("opaque", ["abc", "f" * 32, "{" + BET + "}", "x" * 100])
def test_other_ids_are_left_as_they_are(opaque):
    read = move({**WITHDRAWAL, "context": {**WITHDRAWAL["context"], "betId": opaque}})

    assert read.reference == opaque


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-01-29T00:34:25Z", datetime(2025, 1, 29, 0, 34, 25, tzinfo=UTC)),
        ("2025-01-29T02:34:25+02:00", datetime(2025, 1, 29, 0, 34, 25, tzinfo=UTC)),
        ("2025-01-29T00:34:25", datetime(2025, 1, 29, 0, 34, 25, tzinfo=UTC)),
        ("2024-04-11T12:41:10.7043741Z", datetime(2024, 4, 11, 12, 41, 10, 704374, tzinfo=UTC)),
        ("soon", None),
        (7, None),
    ],
)
def test_moments_are_read_where_they_can_be(text, moment):
    message = {**WITHDRAWAL, "createdAt": text, "initiatedAt": None}

    assert move(message).dated_at == moment


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": "x" * 101},
        {"id": None},
        {"currency": "DOLLARS"},
        {"currency": None},
        {"context": None},
        {"context": {"reason": "bet"}},
        {"type": None},
    ],
)
def test_what_is_missing_or_wrong_is_refused(change):
    with pytest.raises(WrongShape):
        parse({**WITHDRAWAL, **change})


def balance(query):
    path = f"/api/v2/wallet/{PLAYER}/balances"
    request = make_inbound(path, b"", method="GET", query=query, params={"player": str(PLAYER)})
    (command,) = wallet.parse(request, hosted=True).commands
    return command


@pytest.mark.parametrize(
    ("query", "currencies"),
    [
        ("", ()),
        ("currencies=", ()),
        ("currencies=USD", ("USD",)),
        ("currencies=usd,EUR&currencies=EUR&x=1", ("USD", "EUR")),
        ("currencies=USD%2CEUR", ("USD", "EUR")),
    ],
)
def test_balances_are_asked_for_by_currency(query, currencies):
    assert balance(query) == Balance(player_uid=str(PLAYER), currencies=currencies)


def test_a_currency_that_is_none_is_refused():
    with pytest.raises(WrongShape):
        balance("currencies=dollars")


def test_a_transaction_is_looked_up_by_its_id():
    params = {"player": str(PLAYER), "transaction": f"{BET}_settlement_0"}
    path = f"/api/v2/wallet/{PLAYER}/transactions/{BET}_settlement_0"

    parsed = wallet.parse(make_inbound(path, b"", method="GET", params=params), hosted=True)

    assert parsed.commands == (Lookup(reference=f"{BET}_settlement_0", player_uid=str(PLAYER)),)


@pytest.mark.parametrize("wrong", ["\0", "a\0b", "a\nb"])
def test_an_id_that_no_transaction_can_have_is_refused(wrong):
    params = {"player": str(PLAYER), "transaction": wrong}
    request = make_inbound("/", b"", method="GET", params=params)

    with pytest.raises(WrongShape):
        wallet.parse(request, hosted=True)


def test_without_a_wallet_of_ours_everything_is_refused():
    with pytest.raises(Refused) as refused:
        parse(WITHDRAWAL, hosted=False)

    assert (refused.value.status, refused.value.code) == (400, "no_wallet")


def test_an_id_that_only_looks_like_ours_is_opaque():
    odd = str(uuid4()).replace("-", "_")

    assert move({**WITHDRAWAL, "context": {**WITHDRAWAL["context"], "betId": odd}}).reference == odd
