"""Vendors in memory whose servers call the wallet that we host. Their wire is plain JSON."""

import json
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from providers.contract import (
    AccountView,
    Balance,
    Cancel,
    Capability,
    Debit,
    Effect,
    Identify,
    Inbound,
    Incomplete,
    Lookup,
    MalformedPayload,
    MoveKind,
    Outcome,
    Parsed,
    Processing,
    Refused,
    Reply,
    Reserve,
    Rollback,
    Route,
    Settle,
    SlipForm,
    Unfamiliar,
    Verdict,
    WalletMove,
)
from tests.fakes.book import FakeBook

_TRANSACTIONS = "/wallet/{player}/transactions"
_GOOD = (Effect.APPLIED, Effect.REPEATED, Effect.ANSWERED, Effect.FLAGGED)


class FakeSeamless(FakeBook):
    """Moves money by transactions of its own, and knows players and bets by our ids."""

    name = "fakeseamless"
    title = "Fake seamless vendor"
    capabilities = frozenset(
        {Capability.PLACE, Capability.RESULTS, Capability.WALLET, Capability.RETURN}
    )
    slip_form = SlipForm(reference_is_ours=True)
    knows_players_by_our_id = True
    within_s = Decimal("2.0")
    routes = (
        Route(path=_TRANSACTIONS, processing=Processing.ANSWER, answer_within_s=within_s),
        Route(
            path="/wallet/{player}/transactions/{transaction}",
            processing=Processing.ANSWER,
            method="GET",
            answer_within_s=within_s,
        ),
        Route(
            path="/wallet/{player}/balances",
            processing=Processing.ANSWER,
            method="GET",
            answer_within_s=within_s,
        ),
    )

    def parse(self, account: AccountView, request: Inbound) -> Parsed:
        player = request.params["player"]
        if "transaction" in request.params:
            transaction = request.params["transaction"]
            return Parsed(commands=(Lookup(reference=transaction, player_uid=player),))
        if request.method == "GET":
            asked = tuple(filter(None, request.query.removeprefix("currencies=").split(",")))
            return Parsed(commands=(Balance(player_uid=player, currencies=asked),))
        return Parsed(commands=(_move(player, _body(request)),))

    def reply(self, request: Inbound, outcomes: Sequence[Outcome]) -> Reply:
        (outcome,) = outcomes
        told: dict[str, Any] = {"code": outcome.code}
        if outcome.move:
            told |= {
                "id": outcome.move.id,
                "amount": f"{outcome.move.amount:f}",
                "available": f"{outcome.move.available:f}",
                "at": outcome.move.created_at.isoformat(),
            }
        if outcome.player:
            told |= {"available": f"{outcome.player.available:f}"}
        status = 200 if outcome.effect in _GOOD else 400
        return Reply(status=status, body=json.dumps(told).encode())

    def refusal(self, error: Refused) -> Reply:
        return Reply(status=error.status, body=json.dumps({"code": error.code}).encode())

    def wallet_moves_money(self, account: AccountView) -> bool:
        return True


class FakePam(FakeBook):
    """Has one address for all that it tells; its results name no amounts."""

    name = "fakepam"
    title = "Fake PAM vendor"
    capabilities = frozenset(
        {Capability.PLACE, Capability.RESULTS, Capability.WALLET, Capability.COMPLETE}
    )
    routes = (Route(path="/", processing=Processing.ANSWER),)

    def __init__(self) -> None:
        super().__init__()
        self.tickets: dict[str, Settle] = {}
        self.asked: list[str] = []
        self.surprises: deque[Exception] = deque()

    def parse(self, account: AccountView, request: Inbound) -> Parsed:
        body = _body(request)
        command, processing = _pam_command(body)
        unknown = tuple(sorted(set(body) - _PAM_FIELDS))
        values = () if not isinstance(command, Unfamiliar) else (f"action={body['action']}",)
        return Parsed(
            commands=(command,),
            unknown_fields=unknown,
            unknown_values=values,
            processing=processing,
        )

    def reply(self, request: Inbound, outcomes: Sequence[Outcome]) -> Reply:
        told = [
            {"effect": each.effect.value, "code": each.code, **_player(each)} for each in outcomes
        ]
        bad = any(each.effect in (Effect.REFUSED, Effect.CONFLICT) for each in outcomes)
        return Reply(status=400 if bad else 200, body=json.dumps(told).encode())

    def refusal(self, error: Refused) -> Reply:
        return Reply(status=error.status, body=json.dumps({"code": error.code}).encode())

    def complete(self, account: AccountView, command: Settle, *, deadline_s: float) -> Settle:
        self.asked.append(command.reference)
        if self.surprises:
            raise self.surprises.popleft()
        if command.reference not in self.tickets:
            raise Incomplete("the ticket could not be read")
        return self.tickets[command.reference]


_PAM_FIELDS = {
    "action", "ticket", "code", "player", "price", "stake", "excise", "currency", "token", "max",
}  # fmt: skip


def _body(request: Inbound) -> dict[str, Any]:
    try:
        return json.loads(request.body, parse_float=Decimal)
    except ValueError:
        raise MalformedPayload("not JSON") from None


def _move(player: str, body: dict[str, Any]) -> WalletMove:
    return WalletMove(
        id=body["id"],
        kind=MoveKind(body["kind"]),
        reference=body["bet"],
        player_uid=player,
        amount=Decimal(body["amount"]),
        currency=body.get("currency", "EUR"),
        parent_id=body.get("parent", ""),
        content={key: str(value) for key, value in body.items() if key == "reason"},
    )


def _player(outcome: Outcome) -> dict[str, str]:
    if outcome.player is None:
        return {}
    return {"player": outcome.player.player_uid, "available": f"{outcome.player.available:f}"}


def _pam_command(body: dict[str, Any]) -> tuple[Any, Processing | None]:
    action, ticket = body["action"], body.get("ticket", "")
    if action == "identify":
        return Identify(token=body["token"]), None
    if action == "reserve":
        return Reserve(reference=ticket, **_who(body)), None
    if action == "create":
        return _debit(body), None
    if action == "discard":
        return Cancel(reference=ticket, reason="discarded"), None
    results = {
        "win": Settle(reference=ticket, verdict=Verdict.WON, incomplete=True),
        "lost": Settle(reference=ticket, verdict=Verdict.LOST),
        "void": Settle(reference=ticket, verdict=Verdict.REFUNDED),
        "rollback": Rollback(reference=ticket),
    }
    if action in results:
        return results[action], Processing.STORE
    return Unfamiliar(reference=ticket, detail=f"action {action}"), None


def _who(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "player_uid": body["player"],
        "amount": Decimal(body["price"]),
        "currency": body.get("currency", "EUR"),
    }


def _debit(body: dict[str, Any]) -> Debit:
    return Debit(
        reference=body["ticket"],
        game="",
        **_who(body),
        provider_code=body.get("code", ""),
        stake_at_risk=Decimal(body["stake"]) if "stake" in body else None,
        excise=Decimal(body["excise"]) if "excise" in body else None,
        potential_payout=Decimal(body["max"]) if "max" in body else None,
        binds_hold=True,
        coupon_id=UUID(body["coupon"]) if "coupon" in body else None,
        slip_options=body.get("options", {}),
    )
